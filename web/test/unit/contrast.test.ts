import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'

const css = readFileSync(new URL('../../src/styles/theme.css', import.meta.url), 'utf8')
const tokens = new Map(
  [...css.matchAll(/--(\w+): light-dark\((#\w{6}), (#\w{6})\)/g)].map((m) => [m[1] ?? '', [m[2] ?? '', m[3] ?? '']]),
)

// luminance and contrast by WCAG 2.2.
function luminance(hex: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5]
    .map((i) => parseInt(hex.slice(i, i + 2), 16) / 255)
    .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
  return 0.2126 * r + 0.7152 * g + 0.0722 * b
}

function contrast(a: string, b: string, mode: number): number {
  const [x = 0, y = 0] = [a, b].map((t) => luminance(tokens.get(t)?.[mode] ?? '#')).toSorted((p, q) => q - p)
  return (x + 0.05) / (y + 0.05)
}

describe.each([
  ['light', 0],
  ['dark', 1],
])('%s', (_, mode) => {
  test.each(['ink', 'quiet', 'needle', 'verdigris', 'brass'])('%s is readable on every ground', (token) => {
    for (const ground of ['paper', 'panel', 'sunk'])
      expect(contrast(token, ground, mode), ground).toBeGreaterThanOrEqual(4.5)
  })
  test.each(['line', 's1', 's2', 's3', 's4', 's5', 's6', 's7', 's8'])('%s is seen on every ground', (token) => {
    for (const ground of ['paper', 'panel', 'sunk'])
      expect(contrast(token, ground, mode), ground).toBeGreaterThanOrEqual(3)
  })
})

test('docs/design.md says the same', () => {
  const doc = readFileSync(new URL('../../../docs/design.md', import.meta.url), 'utf8')
  for (const token of ['ink', 'quiet', 'needle', 'verdigris', 'brass', 'line']) {
    const [light = '', dark = ''] = tokens.get(token) ?? []
    const row = new RegExp(
      `\\| \`${token}\` \\|[^|]*\\| \`${light}\` \\| ([\\d.]+) \\| \`${dark}\` \\| ([\\d.]+) \\|`,
    ).exec(doc)
    expect(row, token).not.toBeNull()
    expect(Number(row?.[1])).toBeCloseTo(contrast(token, 'paper', 0), 1)
    expect(Number(row?.[2])).toBeCloseTo(contrast(token, 'paper', 1), 1)
  }
})
