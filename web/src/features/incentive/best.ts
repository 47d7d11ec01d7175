import type { Incentive } from './api'

export interface Line {
  name: string
  uid: number
  hotkey: string
  values: number[] // fractions 0..1
  now: number
}

// best are the lines of those who earn most now, then of those who earned most in sum. A uid that changed hands is two lines.
export function best(data: Pick<Incentive, 'series'>, most: number): Line[] {
  const sum = (values: number[]) => values.reduce((a, b) => a + b, 0)
  return data.series
    .toSorted(
      (a, b) => (b.values.at(-1) ?? 0) - (a.values.at(-1) ?? 0) || sum(b.values) - sum(a.values) || a.uid - b.uid,
    )
    .slice(0, most)
    .map((s) => ({
      name: `uid ${s.uid}`,
      uid: s.uid,
      hotkey: s.hotkey,
      values: s.values.map((v) => v / 65535),
      now: (s.values.at(-1) ?? 0) / 65535,
    }))
}
