import { z } from '@/lib/z'
import { filters, sorts } from '@/features/metagraph/rows'

// What the URL of each page holds, so that a link shows the same view. What makes no sense falls back to the default.
export const playgroundSearch = z.object({
  model: z.string().min(1).max(128).default('auto').catch('auto'),
  versus: z.string().min(1).max(128).optional().catch(undefined),
})

export const stepSearch = z.object({ k: z.number().int().min(1).max(256).default(16).catch(16) })

export const metagraphSearch = z.object({
  sort: z.enum(sorts).default('incentive').catch('incentive'),
  desc: z.boolean().default(true).catch(true),
  // a search for a number is a number in the URL
  q: z
    .union([z.string(), z.number().transform(String)])
    .pipe(z.string().max(64))
    .default('')
    .catch(''),
  show: z.enum(filters).default('all').catch('all'),
})

export const incentiveSearch = z.object({
  top: z.number().int().min(1).max(32).default(8).catch(8),
  hide: z
    .union([z.string(), z.number().transform(String)])
    .pipe(z.string().max(400))
    .default('')
    .catch(''),
})

// numberIn is a part of a path that must be a small whole number.
export function numberIn(text: string): number {
  if (!/^\d{1,5}$/.test(text) || Number(text) > 65535)
    throw new Error(`“${text.slice(0, 20)}” is no number from 0 to 65535. Check the link.`)
  return Number(text)
}
