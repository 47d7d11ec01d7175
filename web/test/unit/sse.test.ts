import { describe, expect, test } from 'vitest'
import { events, SseError, SseParser } from '@/lib/sse'

describe('SseParser', () => {
  test.each([
    ['one event', 'data: a\n\n', ['a']],
    ['no blank after the colon', 'data:a\n\n', ['a']],
    ['only one blank is taken', 'data:  a\n\n', [' a']],
    ['two events', 'data: a\n\ndata: b\n\n', ['a', 'b']],
    ['an event of two lines', 'data: a\ndata: b\n\n', ['a\nb']],
    ['returns and line feeds', 'data: a\r\n\r\ndata: b\r\n\r\n', ['a', 'b']],
    ['returns alone', 'data: a\r\rdata: b\r\r\n', ['a', 'b']],
    ['comments', ': ping\n\ndata: a\n: x\n\n', ['a']],
    ['other fields', 'event: e\nid: 7\nretry: 9\ndata: a\n\n', ['a']],
    ['a field without a colon', 'data\n\n', ['']],
    ['a byte order mark', '\uFEFFdata: a\n\n', ['a']],
    ['colons in the data', 'data: {"a":"b:c"}\n\n', ['{"a":"b:c"}']],
    ['blank lines alone', '\n\n\n', []],
    ['an event that is cut off', 'data: a\n\ndata: b\n', ['a']],
    ['a name that only begins alike', 'database: a\n\n', []],
  ])('%s', (_, text, want) => {
    expect(new SseParser().feed(text)).toEqual(want)
  })

  // However a stream is cut into pieces, the same events come out.
  test('any cut', () => {
    const text =
      '\uFEFF: hello\r\n\r\ndata: {"x": "ä€𝄞"}\r\ndata:two\n\nevent: e\rdata: three\r\rdata\n\n: end\n\ndata: [DONE]\n\n'
    const want = new SseParser().feed(text)
    expect(want).toEqual(['{"x": "ä€𝄞"}\ntwo', 'three', '', '[DONE]'])
    for (let a = 0; a <= text.length; a++) {
      for (let b = a; b <= text.length; b += 3) {
        const p = new SseParser()
        expect([...p.feed(text.slice(0, a)), ...p.feed(text.slice(a, b)), ...p.feed(text.slice(b))]).toEqual(want)
      }
    }
    const p = new SseParser()
    expect(Array.from(text).flatMap((c) => p.feed(c))).toEqual(want)
  })

  // Whatever comes, the parser answers or refuses; it never hangs and never makes up an event.
  test('noise', () => {
    let seed = 7
    const next = () => (seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0)
    const bits = ['data', ':', ' ', '\n', '\r', '\r\n', 'x', '\uFEFF', 'data: y\n\n', '💧', 'event: z']
    for (let round = 0; round < 2000; round++) {
      const text = Array.from({ length: next() % 40 }, () => bits[next() % bits.length] ?? '').join('')
      const whole = new SseParser().feed(text)
      const p = new SseParser()
      expect(Array.from(text).flatMap((c) => p.feed(c))).toEqual(whole)
      expect(whole.length).toBeLessThanOrEqual(text.split('data').length - 1)
    }
  })

  test.each([
    ['one line without an end', () => 'data: ' + 'x'.repeat(1 << 20)],
    ['one event without an end', () => 'data: ' + 'x'.repeat(1 << 20) + '\n'],
  ])('bounded: %s', (_, piece) => {
    const p = new SseParser()
    expect(() => {
      for (let i = 0; i < 6; i++) p.feed(piece())
    }).toThrow(SseError)
  })
})

describe('events', () => {
  test('characters that are cut between pieces', async () => {
    const bytes = new TextEncoder().encode('data: ä€𝄞\n\ndata: b\n\n')
    const body = new ReadableStream<Uint8Array>({
      start(c) {
        for (const b of bytes) c.enqueue(new Uint8Array([b]))
        c.close()
      },
    })
    const got: string[] = []
    for await (const e of events(body)) got.push(e)
    expect(got).toEqual(['ä€𝄞', 'b'])
  })

  test('who stops early lets go of the connection', async () => {
    let gone = false
    const body = new ReadableStream<Uint8Array>({
      pull(c) {
        c.enqueue(new TextEncoder().encode('data: a\n\n'))
      },
      cancel() {
        gone = true
      },
    })
    for await (const e of events(body)) {
      expect(e).toBe('a')
      break
    }
    expect(gone).toBe(true)
  })
})
