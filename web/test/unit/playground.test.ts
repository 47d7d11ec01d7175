import { describe, expect, test } from 'vitest'
import { read } from '@/features/playground/chat'
import { apply, history, type Answer, type Turn } from '@/features/playground/conversation'
import { groups } from '@/features/playground/models'
import { parts } from '@/features/playground/prose'
import { snippet } from '@/features/playground/snippets'
import { sampling } from '@/features/settings/settings'
import { ApiError, errorOf, sentence } from '@/lib/http'

describe('read', () => {
  test('text, who, finish, usage', () => {
    expect(read('{"choices":[{"index":0,"delta":{"content":"a"},"finish_reason":null}],"usage":null}')).toEqual({
      text: 'a',
    })
    expect(read('{"choices":[{"delta":{},"finish_reason":"stop"}]}')).toEqual({ finish: 'stop' })
    expect(read('{"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":9}}')).toEqual({ tokens: 9 })
    const step = read(
      '{"choices":[],"gotensor":{"uid":7,"model":"m","stake_rao":"18446744073709551615","share":0.1,"first_piece_ms":3,"tried":1}}',
    )
    expect(step.who?.stake_rao).toBe(18_446_744_073_709_551_615n)
  })
  test('an error within the stream is thrown in the gateway’s words', () => {
    expect(() => read('{"error":{"message":"the neuron stopped","code":"upstream"}}')).toThrow('the neuron stopped')
  })
  test.each(['', 'null', '[]', '{', '"x"', '{"choices":[{"delta":{"content":7}}]}', '{"gotensor":{"uid":"7"}}'])(
    'garbage: %j',
    (data) => {
      expect(() => read(data)).toThrow(ApiError)
    },
  )
})

test('errors that are none of the gateway’s', () => {
  expect(errorOf(502, '<html>').message).toBe('The gateway answered with status 502 and no reason.')
  expect(errorOf(429, '{"error":{"message":"wait"}}', 1200)).toMatchObject({
    message: 'wait',
    status: 429,
    retryMs: 1200,
  })
  expect(sentence('all neurons are busy')).toBe('All neurons are busy.')
  expect(sentence('uid-9 is down')).toBe('uid-9 is down.')
  expect(sentence('Ask again.')).toBe('Ask again.')
})

const answer = (text: string, more: Partial<Answer> = {}): Answer => ({ model: 'auto', text, state: 'done', ...more })

test('history leaves out what was never answered, and follows its lane', () => {
  const turns: Turn[] = [
    { id: '1', prompt: 'p1', answers: [answer('left'), answer('right')] },
    { id: '2', prompt: 'p2', answers: [answer('', { state: 'failed', error: 'x' })] },
    { id: '3', prompt: 'p3', answers: [answer('part', { state: 'stopped' })] },
  ]
  expect(history(turns, 1, 'be brief').map((m) => m.content)).toEqual(['be brief', 'p1', 'right', 'p3', 'part'])
  expect(history(turns, 0, '').map((m) => m.content)).toEqual(['p1', 'left', 'p3', 'part'])
})

test('apply adds up', () => {
  const steps = [{ text: 'a' }, { text: 'b', tokens: 2 }, { finish: 'length' }]
  expect(steps.reduce(apply, answer('', { state: 'waiting' }))).toMatchObject({
    text: 'ab',
    tokens: 2,
    finish: 'length',
    state: 'writing',
  })
})

test('sampling sends only what was set', () => {
  expect(sampling({ system: '', stop: '' })).toEqual({})
  expect(sampling({ system: 'x', stop: '\\nUser:', temperature: 0, seed: 7 })).toEqual({
    temperature: 0,
    seed: 7,
    stop: ['\nUser:'],
  })
})

test('a chosen model that is not listed stays', () => {
  const entry = (id: string, kind: string, share?: number) => ({ id, gotensor: { kind, share, uid: 1 } })
  const all = groups(
    [entry('auto', 'choice'), entry('m', 'model'), entry('uid-1', 'neuron', 0.1), entry('uid-2', 'neuron', 0.4)],
    'tao1x',
  )
  expect(all.map((g) => g.models.map((m) => m.id))).toEqual([['auto'], ['m'], ['uid-2', 'uid-1'], ['tao1x']])
  expect(groups([], 'auto').map((g) => g.models.map((m) => m.id))).toEqual([['auto']])
})

describe('parts', () => {
  test.each([
    ['plain', 'a\n\nb', [{ code: false, text: 'a\n\nb' }]],
    [
      'code',
      'a\n```go\nx := 1\n```\nb',
      [
        { code: false, text: 'a' },
        { code: true, text: 'x := 1' },
        { code: false, text: 'b' },
      ],
    ],
    ['code under way', '```\nx', [{ code: true, text: 'x' }]],
    ['nothing', '', []],
    ['markup stays text', '<img src=x onerror=alert(1)>', [{ code: false, text: '<img src=x onerror=alert(1)>' }]],
  ])('%s', (_, text, want) => {
    expect(parts(text)).toEqual(want)
  })
})

describe('snippet', () => {
  const s = {
    base: 'http://h:1',
    anonymous: false,
    model: 'uid-7',
    messages: [{ role: 'user' as const, content: 'it\'s "so"\n' }],
    sampling: { temperature: 0.5 },
  }
  test.each(['curl', 'python', 'node'] as const)('%s has the URL, the model and no key', (language) => {
    const text = snippet(language, s)
    expect(text).toContain('http://h:1/v1')
    expect(text).toContain('uid-7')
    expect(text).toContain('0.5')
    expect(text).toContain('GOTENSOR_API_KEY')
    expect(snippet(language, { ...s, anonymous: true })).not.toContain('GOTENSOR_API_KEY')
  })
  test('a quote does not end the shell’s', () => {
    expect(snippet('curl', s)).toContain(`it'\\''s`)
  })
})
