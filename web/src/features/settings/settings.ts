import { z } from '@/lib/z'
import { stored } from '@/lib/stored'

// What is sent with a prompt. Left out, the miner's own defaults hold.
const settings = z.object({
  system: z.string().max(20_000).default(''),
  temperature: z.number().min(0).max(2).optional(),
  top_p: z.number().min(0).max(1).optional(),
  max_tokens: z.number().int().min(1).max(1_000_000).optional(),
  seed: z.number().int().optional(),
  stop: z.string().max(200).default(''),
})

export type Settings = z.infer<typeof settings>

export const noSettings: Settings = { system: '', stop: '' }

export const settingsStore = stored<Settings>('gotensor.settings', settings, noSettings)

// The key lives in this tab's session only: it is gone when the tab is closed.
export const keyStore = stored('gotensor.key', z.string().max(400), '')

// sampling is the part of a request that settings make.
export function sampling(s: Settings): Record<string, unknown> {
  const out: Record<string, unknown> = {}
  for (const name of ['temperature', 'top_p', 'max_tokens', 'seed'] as const) {
    if (s[name] !== undefined) out[name] = s[name]
  }
  if (s.stop !== '') out.stop = [s.stop.replaceAll('\\n', '\n')]
  return out
}

// changed counts what differs from the defaults.
export function changed(s: Settings): number {
  return Object.keys(sampling(s)).length + (s.system === '' ? 0 : 1)
}
