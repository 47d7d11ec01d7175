import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { extname, join } from 'node:path'
import { address, best, incentive, large, modelList, serving, small, step, who } from './world'

export interface Seen {
  method: string
  path: string
  body: string
  authorization: string | undefined
}

const types: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
  '.woff2': 'font/woff2',
}

const words =
  'A mean moves with every vote, so one loud voice can drag it. A weighted median moves only when more than half of the stake moves: ' +
  'to bribe it you must buy half of the judges, not the loudest one. That is why the network pays by agreement and not by praise.'

// Mock is a gateway without a network: the built site, /api about a made-up network, and /v1 whose models answer by a script. What a
// model does is in its name: uid-N answers, "broken" says that it broke off, "cut" breaks the connection, "busy" refuses.
export class Mock {
  readonly seen: Seen[] = []
  height = 129_600
  aborted = 0
  needKey = false
  #held = Promise.resolve()
  #release: (() => void) | undefined
  #server: Server
  #boundary = 0

  constructor(readonly dist: string) {
    this.#server = createServer((q, w) => {
      this.#serve(q, w).catch(() => w.destroy())
    })
  }

  async start(): Promise<string> {
    this.#server.listen(0, '127.0.0.1')
    await once(this.#server, 'listening')
    this.#boundary = this.height + 214
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  async stop() {
    this.#server.closeAllConnections()
    this.#server.close()
    await once(this.#server, 'close')
  }

  // reset forgets what a test before has changed.
  reset() {
    this.seen.length = 0
    this.aborted = 0
    this.needKey = false
    this.release()
  }

  // hold keeps answers at their first words until release: a test sees them under way however slow the machine is.
  hold() {
    this.#held = new Promise((done) => (this.#release = done))
  }

  release() {
    this.#release?.()
  }

  async #serve(q: IncomingMessage, w: ServerResponse) {
    const path = new URL(q.url ?? '/', 'http://x').pathname
    const chunks: Buffer[] = []
    for await (const c of q) chunks.push(c as Buffer)
    const body = Buffer.concat(chunks).toString()
    if (/^\/(v1|api)\//.test(path)) {
      this.seen.push({ method: q.method ?? '', path, body, authorization: q.headers.authorization })
      if (path.startsWith('/v1/') && this.needKey && q.headers.authorization !== 'Bearer sk-gt-right') {
        fail(w, 401, 'an API key is needed: send it as `Authorization: Bearer sk-gt-...`', 'invalid_api_key')
      } else if (path === '/v1/chat/completions') await this.#chat(w, body)
      else this.#read(w, path)
      return
    }
    await this.#file(w, path)
  }

  async #file(w: ServerResponse, path: string) {
    const name = extname(path) === '' ? 'index.html' : path
    try {
      const data = await readFile(join(this.dist, name))
      w.writeHead(200, {
        'Content-Type': types[extname(name)] ?? 'text/plain',
        'X-Content-Type-Options': 'nosniff',
      }).end(data)
    } catch {
      w.writeHead(404).end()
    }
  }

  #read(w: ServerResponse, path: string) {
    const now = { height: this.height, time: new Date(0).toISOString(), age_ms: 900 }
    const graph = /^\/api\/subnets\/(1|2)\/(metagraph|incentive|neurons\/(\d+))$/.exec(path)
    if (path === '/v1/models') json(w, modelList())
    else if (path === '/v1/step') json(w, step())
    else if (path === '/api/network')
      json(w, {
        chain_id: 'gotensor-test-1',
        ...now,
        gateway: { version: 'test', uptime_s: 60, netuids: [1, 2], anonymous_requests_per_minute: 20 },
      })
    else if (path === '/api/subnets')
      json(w, {
        ...now,
        subnets: [
          {
            netuid: 1,
            name: 'text',
            mechanism: 'text',
            n: 64,
            tempo: 2160,
            epoch: 60,
            next_boundary: this.#boundary,
            offered: true,
          },
        ],
      })
    else if (graph?.[2] === 'metagraph')
      json(w, { ...now, netuid: Number(graph[1]), epoch: 60, neurons: graph[1] === '2' ? large : small })
    else if (graph?.[2] === 'incentive') json(w, { ...now, netuid: 1, ...incentive() })
    else if (graph?.[3] !== undefined && small[Number(graph[3])]) this.#neuron(w, now, Number(graph[3]))
    else if (path.startsWith('/api/accounts/')) this.#account(w, now, path.slice('/api/accounts/'.length))
    else fail(w, 404, `nothing is at ${path}`, 'not_found')
  }

  #neuron(w: ServerResponse, now: object, uid: number) {
    const judges = small.filter((n) => n.permit)
    const weights =
      small[uid]?.permit === true ? [] : judges.map((n, i) => ({ uid: n.uid, weight: 20_000 + 3500 * (i % 9) }))
    const row =
      small[uid]?.permit === true ? serving.slice(0, 12).map((n, i) => ({ uid: n.uid, weight: 65535 - 4800 * i })) : []
    json(w, { ...now, netuid: 1, ...small[uid], weights, row })
  }

  #account(w: ServerResponse, now: object, who: string) {
    if (!who.startsWith('tao1')) {
      fail(w, 400, `address is "${who}", want tao1...`, 'invalid')
      return
    }
    const owned = small.filter((n) => n.hotkey === who || n.coldkey === who)
    json(w, {
      ...now,
      address: who,
      balance_atao: '1284503219000000000000',
      stake: [
        { validator: address(900).replace('tao1', 'taovaloper1'), moniker: 'north watch', rao: '820000000000' },
        { validator: address(901).replace('tao1', 'taovaloper1'), moniker: '', rao: '41500000001' },
      ],
      neurons: owned.map((n) => ({
        netuid: 1,
        uid: n.uid,
        role: n.permit ? 'validator' : 'miner',
        key: n.hotkey === who ? 'hotkey' : 'coldkey',
      })),
      bandwidth_rao: '861500000001',
    })
  }

  async #chat(w: ServerResponse, text: string) {
    const { model, messages } = JSON.parse(text) as { model: string; messages: { content: string }[] }
    if (model === 'busy') {
      w.setHeader('Retry-After', '2')
      fail(w, 429, 'all neurons are busy: try again in 2 s', 'overloaded')
      return
    }
    const uid = /^uid-(\d+)$/.exec(model)?.[1]
    const member = (n: { uid: number; model: string }, share: number) => ({ uid: n.uid, model: n.model, share })
    const gotensor =
      model === 'network'
        ? {
            model: 'network',
            first_piece_ms: 341,
            tried: 5,
            members: serving.slice(0, 5).map((n, i) => member(n, [0.34, 0.26, 0.18, 0.13, 0.09][i] ?? 0)),
          }
        : who(uid !== undefined ? Number(uid) : (best?.uid ?? 1))
    w.writeHead(200, { 'Content-Type': 'text/event-stream; charset=utf-8' })
    w.on('close', () => {
      if (!w.writableFinished) this.aborted++
    })
    const send = (v: object) =>
      w.write(`data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', ...v })}\n\n`)
    const delta = (d: object, finish: string | null = null) => ({
      choices: [{ index: 0, delta: d, finish_reason: finish }],
      usage: null,
    })
    send({ ...delta({ role: 'assistant', content: '' }), gotensor })
    const last = messages.at(-1)?.content ?? ''
    const pieces = (
      last.startsWith('code') ? 'Here it is:\n```go\nfmt.Println("hello")\n```\nThat is all.' : words
    ).split(/(?<= )/)
    for (const [i, piece] of pieces.entries()) {
      send(delta({ content: piece }))
      if (i === 10) {
        await this.#held
        if (model === 'broken') {
          send({
            error: {
              message: 'the neuron stopped in the middle of its answer',
              type: 'server_error',
              code: 'upstream',
            },
          })
          w.end()
        } else if (model === 'cut') w.destroy()
      }
      if (w.destroyed || w.writableEnded) return
      await new Promise((done) => setTimeout(done, 4))
    }
    send({ ...delta({}, 'stop'), gotensor })
    send({
      choices: [],
      usage: { prompt_tokens: 12, completion_tokens: pieces.length, total_tokens: 12 + pieces.length },
      gotensor,
    })
    w.end('data: [DONE]\n\n')
  }
}

function json(w: ServerResponse, v: unknown) {
  w.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify(v))
}

function fail(w: ServerResponse, status: number, message: string, code: string) {
  w.writeHead(status, { 'Content-Type': 'application/json' }).end(
    JSON.stringify({ error: { message, type: 'server_error', param: null, code } }),
  )
}
