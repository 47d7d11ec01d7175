import { queryOptions } from '@tanstack/react-query'
import { z } from '@/lib/z'
import { blockTime } from '@/features/network/api'
import { readJson } from '@/lib/http'

const incentive = z.object({
  height: z.number(),
  netuid: z.number(),
  heights: z.array(z.number()),
  series: z.array(z.object({ uid: z.number(), hotkey: z.string(), values: z.array(z.number()) })),
})

export type Incentive = z.infer<typeof incentive>

export function incentiveQuery(netuid: number) {
  return queryOptions({
    queryKey: ['incentive', netuid],
    queryFn: ({ signal }) => readJson(incentive, `/api/subnets/${netuid}/incentive`, { signal }),
    refetchInterval: 5 * blockTime,
  })
}
