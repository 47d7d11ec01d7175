import { describe, expect, test } from 'vitest'
import { incentiveSearch, metagraphSearch, numberIn, playgroundSearch, stepSearch } from '@/routes/search'

const usual = { sort: 'incentive', desc: true, q: '', show: 'all' }

describe('metagraph', () => {
  test.each([
    ['nothing', {}, usual],
    [
      'a view',
      { sort: 'stake', desc: false, q: 'phi', show: 'miners' },
      { sort: 'stake', desc: false, q: 'phi', show: 'miners' },
    ],
    ['a number to find', { q: 7 }, { ...usual, q: '7' }],
    ['nonsense', { sort: 'rm -rf', desc: 'x', q: ['a'], show: 3 }, usual],
    ['too long', { q: 'x'.repeat(65) }, usual],
    ['strangers', { utm: 1 }, usual],
  ])('%s', (_, given, want) => {
    expect(metagraphSearch.parse(given)).toEqual(want)
  })
  test('what is parsed parses again to the same', () => {
    const once = metagraphSearch.parse({ sort: 'uid', q: 12 })
    expect(metagraphSearch.parse(once)).toEqual(once)
  })
})

test('playground', () => {
  expect(playgroundSearch.parse({})).toEqual({ model: 'auto' })
  expect(playgroundSearch.parse({ model: 'uid-7', versus: 'network' })).toEqual({ model: 'uid-7', versus: 'network' })
  expect(playgroundSearch.parse({ model: '', versus: 3 }).model).toBe('auto')
})

test('step and incentive', () => {
  expect(stepSearch.parse({ k: 32 })).toEqual({ k: 32 })
  expect(stepSearch.parse({ k: 1e9 })).toEqual({ k: 16 })
  expect(incentiveSearch.parse({ top: 4, hide: 3 })).toEqual({ top: 4, hide: '3' })
  expect(incentiveSearch.parse({ top: -1 })).toEqual({ top: 8, hide: '' })
})

test('numbers in paths', () => {
  expect(numberIn('0')).toBe(0)
  expect(numberIn('65535')).toBe(65535)
  for (const bad of ['', '-1', '65536', '1e3', '0x1', '١', '7.0', ' 7'])
    expect(() => numberIn(bad), bad).toThrow('no number')
})
