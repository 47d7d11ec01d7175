// A made-up network, the same at every run: what a gateway would say of it under /api and /v1.

function random(seed: number): () => number {
  let a = seed >>> 0
  return () => {
    a = (a + 0x6d2b79f5) >>> 0
    let t = Math.imul(a ^ (a >>> 15), a | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

const alphabet = '023456789acdefghjklmnpqrstuvwxyz'

export function address(seed: number): string {
  const next = random(seed + 1)
  return `tao1${Array.from({ length: 38 }, () => alphabet[Math.floor(next() * 32)]).join('')}`
}

const models = [
  'qwen2.5-7b-instruct',
  'llama-3.1-8b',
  'mistral-7b-v0.3',
  'phi-4-mini',
  'gemma-2-9b',
  'smollm2-360m',
  'ngram-5',
]

export interface Neuron {
  uid: number
  hotkey: string
  incentive: number
  dividends: number
  permit: boolean
  serves: boolean
  model: string
  state: string
  latency_ms: number
  stake_rao: string
  [more: string]: unknown
}

function neurons(n: number): Neuron[] {
  const next = random(n)
  const raw = Array.from({ length: n }, (_, uid) => {
    const permit = uid % 6 === 0
    const miner = permit || next() < 0.12 ? 0 : Math.exp(-4.2 * next())
    return { uid, permit, miner, judge: permit ? 0.15 + next() : 0 }
  })
  const miners = raw.reduce((s, r) => s + r.miner, 0)
  const judges = raw.reduce((s, r) => s + r.judge, 0)
  return raw.map(({ uid, permit, miner, judge }) => {
    const serves = !permit && miner > 0
    const state = serves ? (next() < 0.06 ? 'down' : next() < 0.04 ? 'trying' : 'up') : ''
    const u16 = (x: number) => Math.round(65535 * x)
    return {
      uid,
      hotkey: address(uid * 2),
      coldkey: address(uid * 2 + 1),
      registered: 1200 + uid * 37,
      stake_rao: permit ? String(BigInt(Math.round(judge * 4e4)) * 1_000_000_007n) : '0',
      incentive: u16(miner / miners),
      dividends: u16(judge / judges),
      consensus: u16(miner / miners),
      trust: permit ? u16(0.82 + 0.18 * next()) : 0,
      permit,
      active: true,
      emission_rao: String(Math.round((miner / miners + judge / judges) * 36e9)),
      accrued_rao: String(Math.round((miner / miners) * 11e9)),
      serves,
      model: serves ? (models[Math.floor(next() * models.length)] ?? '') : '',
      capabilities: serves ? ['chat', 'generate', 'predict'] : [],
      latency_ms: serves ? 60 + 400 * next() * next() : 0,
      success: serves ? 1 - 0.08 * next() : 0,
      running: serves ? Math.floor(next() * 4) : 0,
      state,
    }
  })
}

export const small = neurons(64)
export const large = neurons(4096)

export const best = small.toSorted((a, b) => b.incentive - a.incentive)[0] ?? small[0]

export function who(uid: number, firstMs = 182) {
  const n = small[uid]
  if (!n) throw new Error(`no uid ${uid}`)
  return {
    uid,
    hotkey: n.hotkey,
    model: n.model,
    stake_rao: '1234000000000',
    share: n.incentive / 65535,
    first_piece_ms: firstMs,
    tried: 1,
  }
}

export const serving = small.filter((n) => n.serves && n.state === 'up').toSorted((a, b) => b.incentive - a.incentive)

export function modelList() {
  const entry = (id: string, gotensor: object) => ({ id, object: 'model', created: 1, owned_by: 'gotensor', gotensor })
  const names = [...new Set(small.map((n) => n.model))].filter((m) => m !== '').toSorted()
  return {
    object: 'list',
    data: [
      entry('auto', { kind: 'choice', about: 'whichever neuron is best at the moment' }),
      entry('best', { kind: 'choice', about: 'the neuron that earns most' }),
      entry('network', { kind: 'choice', about: 'several neurons as one model' }),
      ...names.map((m) => entry(m, { kind: 'model', uids: small.filter((n) => n.model === m).map((n) => n.uid) })),
      ...small
        .filter((n) => n.serves)
        .map((n) =>
          entry(`uid-${n.uid}`, {
            kind: 'neuron',
            uid: n.uid,
            model: n.model,
            share: n.incentive / 65535,
            state: n.state,
          }),
        ),
    ],
  }
}

export function incentive() {
  const next = random(9)
  const heights = Array.from({ length: 60 }, (_, i) => 2160 * (i + 10))
  const series = serving.slice(0, 20).map((n) => {
    let x = n.incentive * (0.6 + 0.6 * next())
    const values = heights.map((_, i) => {
      x += (n.incentive - x) * 0.08 + n.incentive * 0.16 * (next() - 0.5)
      return i === heights.length - 1 ? n.incentive : Math.max(0, Math.round(x))
    })
    return { uid: n.uid, hotkey: n.hotkey, values }
  })
  return { heights, series }
}

export function step() {
  const texts = [
    ' lazy',
    ' dog',
    ' fence',
    ' lazy dog',
    ' log',
    ' old',
    ' sleeping',
    ' moon',
    ' brown',
    ' hedge',
    '\n',
    ' river',
  ]
  const bytes = (t: string) => [...new TextEncoder().encode(t)]
  const members = serving.slice(0, 6).map((n, i) => {
    const next = random(n.uid)
    const weights = texts.map((_, j) => Math.exp(-0.62 * j) * (0.25 + 1.5 * next()))
    const sum = weights.reduce((a, b) => a + b, 0)
    const failed = i === 5
    return {
      gotensor: who(n.uid),
      share: failed ? 0 : [0.34, 0.26, 0.18, 0.13, 0.09][i],
      took_ms: 90 + 31 * i,
      candidates: failed
        ? []
        : texts
            .map((text, j) => ({ text, bytes: bytes(text), p: (0.93 * (weights[j] ?? 0)) / sum }))
            .filter((_, j) => (j + i) % 5 !== 4),
      floor: failed ? 0 : 0.07,
      ...(failed && { error: 'it did not answer' }),
    }
  })
  const mixture = texts
    .map((text, j) => ({
      text,
      bytes: bytes(text),
      p: members.reduce((s, m) => s + (m.share ?? 0) * (m.candidates.find((c) => c.text === texts[j])?.p ?? 0), 0),
    }))
    .toSorted((a, b) => b.p - a.p)
  return { object: 'step', mixture: { candidates: mixture, floor: 1 - mixture.reduce((s, c) => s + c.p, 0) }, members }
}
