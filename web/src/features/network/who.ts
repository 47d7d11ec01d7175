import { z } from '@/lib/z'
import { amount } from '@/lib/http'

// Who gave an answer: the object "gotensor" of the API. An answer of the model "network" has members instead of a uid.
export const who = z.object({
  uid: z.number().optional(),
  hotkey: z.string().optional(),
  model: z.string().default(''),
  stake_rao: amount.optional(),
  share: z.number().optional(),
  first_piece_ms: z.number().default(0),
  tried: z.number().default(0),
  members: z.array(z.object({ uid: z.number(), share: z.number(), model: z.string().default('') })).optional(),
})

export type Who = z.infer<typeof who>

// series names the colour of the i-th member or line, always in the same order.
export function series(i: number): string {
  return `s${(i % 8) + 1}`
}
