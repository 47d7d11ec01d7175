import { queryOptions } from '@tanstack/react-query'
import { z } from '@/lib/z'
import { blockTime } from '@/features/network/api'
import { amount, readJson } from '@/lib/http'

const account = z.object({
  height: z.number(),
  address: z.string(),
  balance_atao: amount,
  stake: z.array(z.object({ validator: z.string(), moniker: z.string(), rao: amount })),
  neurons: z.array(z.object({ netuid: z.number(), uid: z.number(), role: z.string(), key: z.string() })),
  bandwidth_rao: amount,
})

export function accountQuery(address: string) {
  return queryOptions({
    queryKey: ['account', address],
    queryFn: ({ signal }) => readJson(account, `/api/accounts/${encodeURIComponent(address)}`, { signal }),
    refetchInterval: 3 * blockTime,
  })
}
