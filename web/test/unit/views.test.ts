import { describe, expect, test } from 'vitest'
import { wrongWith } from '@/features/account/find'
import { best } from '@/features/incentive/best'
import { lines, shown } from '@/features/metagraph/rows'
import { neuronShape } from '@/features/metagraph/api'
import { stepShape } from '@/features/step/api'
import { byShare, extend, rows, visible } from '@/features/step/phrases'
import { keyOf } from '@/lib/shortcuts'
import { address, small, step } from '../e2e/world'

const neurons = small.map((n) => neuronShape.parse(n))

describe('shown', () => {
  test.each([
    ['all', '', neurons.length],
    ['validators', '', neurons.filter((n) => n.permit).length],
    ['miners', '', neurons.filter((n) => !n.permit).length],
    ['serving', '', neurons.filter((n) => n.serves).length],
    ['all', '7', 1],
    ['all', 'uid 7', 1],
    ['all', ' UID-7 ', 1],
    ['all', '999', 0],
    ['all', 'PHI-4', neurons.filter((n) => n.model === 'phi-4-mini').length],
    ['all', neurons[5]?.hotkey ?? '', 1],
    ['validators', '7', 0],
  ] as const)('%s %j', (filter, text, want) => {
    expect(shown(neurons, filter, text)).toHaveLength(want)
  })
})

test('lines of the spectrum stay within it, also where nobody earns', () => {
  for (const l of lines(neurons)) {
    expect(l.up >= 0 && l.up <= 1 && l.down >= 0 && l.down <= 1).toBe(true)
  }
  expect(Math.max(...lines(neurons).map((l) => l.up))).toBe(1)
  expect(lines([{ uid: 0, incentive: 0, dividends: 0 }])).toEqual([{ uid: 0, up: 0, down: 0 }])
})

test('best lines', () => {
  const of = (uid: number, ...values: number[]) => ({ uid, hotkey: `h${uid}`, values })
  const got = best({ series: [of(1, 0, 65535), of(2, 65535, 0), of(3, 9, 0), of(4, 0, 100)] }, 3)
  expect(got.map((l) => l.uid)).toEqual([1, 4, 2])
  expect(got[0]?.now).toBe(1)
})

describe('step', () => {
  const s = stepShape.parse(step())
  test('who failed stands last; each probability stands beside its phrase', () => {
    const members = byShare(s.members)
    expect(members.at(-1)?.error).toBe('it did not answer')
    const all = rows({ ...s, members })
    expect(all).toHaveLength(s.mixture.candidates.length)
    for (const r of all) {
      const mixed = r.each.reduce<number>((sum, p, i) => sum + (p ?? 0) * (members[i]?.share ?? 0), 0)
      expect(mixed).toBeCloseTo(r.p, 9)
    }
  })
  test.each([
    [' dog', '·dog'],
    ['\n\t', '⏎⇥'],
    ['', '∅'],
  ])('%j is shown as %s', (text, want) => {
    expect(visible({ text, bytes: [...new TextEncoder().encode(text)] })).toBe(want)
  })
  test('half a character is shown by its bytes and not put into the text', () => {
    expect(visible({ text: '\uFFFD', bytes: [0xe2, 0x82] })).toBe('\\xe2\\x82')
    expect(extend('a', { text: 'b\uFFFD', bytes: [98, 0xe2], p: 1 })).toBe('ab')
  })
})

test.each([
  [address(1), undefined],
  ['', 'begins with tao1'],
  ['cosmos1abc', 'is no address'],
  ['tao1abc', '42 characters'],
])('address %j', (text, want) => {
  if (want === undefined) expect(wrongWith(text)).toBeUndefined()
  else expect(wrongWith(text)).toContain(want)
})

test('names of keys', () => {
  const press = (key: string, more = {}) => ({ key, ctrlKey: false, metaKey: false, altKey: false, ...more })
  expect(keyOf(press('?'), '')).toBe('?')
  expect(keyOf(press('m'), 'g')).toBe('g m')
  expect(keyOf(press('c', { ctrlKey: true }), '')).toBe('')
})
