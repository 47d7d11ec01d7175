import { queryOptions } from '@tanstack/react-query'
import { z } from '@/lib/z'
import { neuronShape } from '@/features/metagraph/api'
import { blockTime } from '@/features/network/api'
import { readJson } from '@/lib/http'

const weight = z.object({ uid: z.number(), weight: z.number() })

const detail = neuronShape.extend({
  height: z.number(),
  age_ms: z.number(),
  netuid: z.number(),
  weights: z.array(weight),
  row: z.array(weight),
})

export type Weight = z.infer<typeof weight>

export function neuronQuery(netuid: number, uid: number) {
  return queryOptions({
    queryKey: ['neuron', netuid, uid],
    queryFn: ({ signal }) => readJson(detail, `/api/subnets/${netuid}/neurons/${uid}`, { signal }),
    refetchInterval: blockTime,
  })
}
