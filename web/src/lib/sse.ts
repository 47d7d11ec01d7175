// A parser of server-sent events, as the HTML standard describes the format: fed with text in pieces of any size, it gives each event's
// data as soon as its blank line is there. Names of events, ids and retry times are left out: the API sends none.

// maxEvent bounds what one event may take, in characters.
const maxEvent = 4 << 20

export class SseError extends Error {
  override name = 'SseError'
}

export class SseParser {
  #rest = ''
  #data: string[] = []
  #size = 0
  #fresh = true

  // feed takes the next piece of text and returns the data of the events that it completes.
  feed(text: string): string[] {
    if (this.#fresh && text !== '') {
      this.#fresh = false
      if (text.startsWith('\uFEFF')) text = text.slice(1)
    }
    this.#rest += text
    const out: string[] = []
    for (;;) {
      const line = this.#line()
      if (line === undefined) break
      if (line === '') {
        if (this.#data.length > 0) out.push(this.#data.join('\n'))
        this.#data = []
        this.#size = 0
        continue
      }
      this.#field(line)
    }
    if (this.#rest.length + this.#size > maxEvent) throw new SseError('the gateway sent an event of over 4 MiB')
    return out
  }

  // line takes the next whole line; a return at the very end may be half of a line's end, so it waits.
  #line(): string | undefined {
    const at = this.#rest.search(/[\r\n]/)
    if (at < 0) return undefined
    const isReturn = this.#rest[at] === '\r'
    if (isReturn && at === this.#rest.length - 1) return undefined
    const line = this.#rest.slice(0, at)
    this.#rest = this.#rest.slice(isReturn && this.#rest[at + 1] === '\n' ? at + 2 : at + 1)
    return line
  }

  #field(line: string) {
    const colon = line.indexOf(':')
    const name = colon < 0 ? line : line.slice(0, colon)
    if (name !== 'data') return
    let value = colon < 0 ? '' : line.slice(colon + 1)
    if (value.startsWith(' ')) value = value.slice(1)
    this.#data.push(value)
    this.#size += value.length
  }
}

// events yields the data of each event of a response's body, until it ends. Who stops early lets go of the connection.
export async function* events(body: ReadableStream<Uint8Array>): AsyncGenerator<string, void> {
  const parser = new SseParser()
  const decoder = new TextDecoder()
  const reader = body.getReader()
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      yield* parser.feed(decoder.decode(value, { stream: true }))
    }
  } finally {
    await reader.cancel().catch(() => undefined)
  }
}
