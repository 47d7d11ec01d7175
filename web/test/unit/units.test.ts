import { describe, expect, test } from 'vitest'
import { amount } from '@/lib/http'
import { ago, count, millis, percent, short, tao, taoOfAtao } from '@/lib/units'

const n = '\u202F'

describe('tao', () => {
  test.each([
    [0n, '0'],
    [1n, '< 0.0001'],
    [99_999n, '< 0.0001'],
    [100_000n, '0.0001'],
    [1_000_000_000n, '1'],
    [1_500_000_000n, '1.5'],
    [1_999_999_999n, '1.9999'],
    [-1_500_000_000n, '−1.5'],
    [9_999_000_000_000n, '9999'],
    [12_345_678_000_000_000n, `12${n}345${n}678`],
    [18_446_744_073_709_551_615n, `18${n}446${n}744${n}073.7095`],
  ])('%s rao', (rao, want) => {
    expect(tao(rao)).toBe(want)
  })

  // What is shown never exceeds what there is: cut, not rounded.
  test('never more than there is', () => {
    for (let i = 1n; i < 2000n; i++) {
      const rao = i * 987_654_321n + 99_999n
      const text = tao(rao).replaceAll(n, '')
      const [whole = '0', part = ''] = text.split('.')
      const back = BigInt(whole) * 1_000_000_000n + BigInt(part.padEnd(9, '0'))
      expect(back <= rao && rao - back < 100_000n, `${rao} as ${text}`).toBe(true)
    }
  })

  test('whole TAO', () => {
    expect(tao(1_999_999_999n, 0)).toBe('1')
    expect(tao(999_999_999n, 0)).toBe('< 1')
  })

  test('atao', () => {
    expect(taoOfAtao(21_000_000n * 10n ** 18n)).toBe(`21${n}000${n}000`)
    expect(taoOfAtao(10n ** 18n + 1n)).toBe('1')
  })
})

describe('amounts of the API', () => {
  test('beyond what a number holds', () => {
    expect(amount.parse('18446744073709551615')).toBe(18_446_744_073_709_551_615n)
  })
  test.each(['', '-1', '1.5', '1e9', '0x10', ' 1', 'NaN', '1'.repeat(41)])('refused: %j', (text) => {
    expect(amount.safeParse(text).success).toBe(false)
  })
  test('a number is refused: it may have lost digits', () => {
    expect(amount.safeParse(12).success).toBe(false)
  })
})

test.each([
  [0, `0${n}%`],
  [0.00001, `< 0.01${n}%`],
  [0.0716, `7.16${n}%`],
  [0.34, `34.0${n}%`],
  [0.9999, `100${n}%`],
  [1, `100${n}%`],
])('percent %s', (x, want) => {
  expect(percent(x)).toBe(want)
})

test.each([
  [0, '–'],
  [Number.NaN, '–'],
  [3.21, `3.2${n}ms`],
  [181.6, `182${n}ms`],
  [1234, `1.23${n}s`],
  [12_345, `12.3${n}s`],
])('millis %s', (x, want) => {
  expect(millis(x)).toBe(want)
})

test.each([
  [-5, `0.0 s ago`],
  [900, `0.9 s ago`],
  [59_000, `59 s ago`],
  [3_000_000, '50 min ago'],
  [7_200_000, '2 h ago'],
  [259_200_000, '3 days ago'],
])('ago %s', (x, want) => {
  expect(ago(x)).toBe(want)
})

test('count and short', () => {
  expect(count(4096)).toBe('4096')
  expect(count(129_600)).toBe(`129${n}600`)
  expect(short('tao182v0emzx25ehtpyguq7qmkva8546xx0a923l8d')).toBe('tao182v0…23l8d')
  expect(short('tao1')).toBe('tao1')
})
