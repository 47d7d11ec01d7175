import { queryOptions } from '@tanstack/react-query'
import { z } from '@/lib/z'
import { readJson } from '@/lib/http'

// Blocks come about every two seconds; asking more often would show the same.
export const blockTime = 2000

const network = z.object({
  chain_id: z.string(),
  height: z.number(),
  time: z.string(),
  age_ms: z.number(),
  gateway: z.object({
    version: z.string(),
    uptime_s: z.number(),
    netuids: z.array(z.number()),
    anonymous_requests_per_minute: z.number().default(0),
  }),
})

export const networkQuery = queryOptions({
  queryKey: ['network'],
  queryFn: ({ signal }) => readJson(network, '/api/network', { signal }),
  refetchInterval: blockTime,
})

const subnets = z.object({
  height: z.number(),
  subnets: z.array(
    z.object({
      netuid: z.number(),
      name: z.string(),
      mechanism: z.string(),
      n: z.number(),
      tempo: z.number(),
      epoch: z.number(),
      next_boundary: z.number(),
      offered: z.boolean().default(true),
    }),
  ),
})

export const subnetsQuery = queryOptions({
  queryKey: ['subnets'],
  queryFn: ({ signal }) => readJson(subnets, '/api/subnets', { signal }),
  refetchInterval: 5 * blockTime,
})
