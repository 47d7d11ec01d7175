import { z } from '@/lib/z'
import { who } from '@/features/network/who'
import { readJson } from '@/lib/http'
import { stored } from '@/lib/stored'

const phrase = z.object({ text: z.string(), bytes: z.array(z.number()), p: z.number() })
const phrases = { candidates: z.array(phrase), floor: z.number() }

export const stepShape = z.object({
  mixture: z.object(phrases),
  members: z.array(
    z.object({ gotensor: who, share: z.number(), took_ms: z.number(), error: z.string().optional(), ...phrases }),
  ),
})

export type Step = z.infer<typeof stepShape>
export type Phrase = z.infer<typeof phrase>
export type Member = Step['members'][number]

// The context stays in the tab: a link would leave it in the browser's history.
export const stepContext = stored('gotensor.step', z.string().max(20_000), 'The quick brown fox jumps over the')

export function takeStep(context: string, k: number, key: string, signal?: AbortSignal): Promise<Step> {
  return readJson(stepShape, '/v1/step', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ context, k }),
    key,
    ...(signal && { signal }),
  })
}
