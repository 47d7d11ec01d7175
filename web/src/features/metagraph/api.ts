import { keepPreviousData, queryOptions } from '@tanstack/react-query'
import { z } from '@/lib/z'
import { blockTime } from '@/features/network/api'
import { amount, readJson } from '@/lib/http'

// Shares are fractions of 65535. What comes after `serves` is what the gateway itself saw of the neuron.
export const neuronShape = z.object({
  uid: z.number(),
  hotkey: z.string(),
  coldkey: z.string(),
  registered: z.number(),
  stake_rao: amount,
  incentive: z.number(),
  dividends: z.number(),
  consensus: z.number(),
  trust: z.number(),
  permit: z.boolean(),
  active: z.boolean(),
  emission_rao: amount,
  accrued_rao: amount,
  serves: z.boolean(),
  model: z.string(),
  capabilities: z.array(z.string()),
  latency_ms: z.number(),
  success: z.number(),
  running: z.number(),
  state: z.string(),
})

export type Neuron = z.infer<typeof neuronShape>

const metagraph = z.object({
  height: z.number(),
  age_ms: z.number(),
  netuid: z.number(),
  epoch: z.number(),
  neurons: z.array(neuronShape),
})

// Large metagraphs are a megabyte: they are read every few blocks.
const large = 1024

export function metagraphQuery(netuid: number) {
  return queryOptions({
    queryKey: ['metagraph', netuid],
    queryFn: ({ signal }) => readJson(metagraph, `/api/subnets/${netuid}/metagraph`, { signal }),
    refetchInterval: (q) => ((q.state.data?.neurons.length ?? 0) > large ? 6 : 1) * blockTime,
    placeholderData: keepPreviousData,
  })
}
