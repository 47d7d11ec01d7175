import { z } from '@/lib/z'
import { keyStore, sampling, settingsStore } from '@/features/settings/settings'
import { said } from '@/lib/http'
import { stored } from '@/lib/stored'
import { chat, type Message, type Step } from './chat'

// As it is kept, amounts are text: JSON knows no bigint.
const reading = z.object({
  uid: z.number().optional(),
  hotkey: z.string().optional(),
  model: z.string(),
  stake: z.string().optional(),
  share: z.number().optional(),
  firstMs: z.number(),
  tried: z.number(),
  members: z.array(z.object({ uid: z.number(), share: z.number(), model: z.string() })).optional(),
})

export type Reading = z.infer<typeof reading>

const answer = z.object({
  model: z.string(),
  text: z.string(),
  // An answer that was under way when the page was left was stopped by that.
  state: z
    .enum(['waiting', 'writing', 'done', 'stopped', 'failed'])
    .transform((s) => (s === 'waiting' || s === 'writing' ? 'stopped' : s)),
  error: z.string().optional(),
  finish: z.string().optional(),
  tokens: z.number().optional(),
  seconds: z.number().optional(),
  reading: reading.optional(),
})

const turn = z.object({ id: z.string(), prompt: z.string(), answers: z.array(answer).min(1).max(2) })

type State = 'waiting' | 'writing' | 'done' | 'stopped' | 'failed'
export type Answer = Omit<z.infer<typeof answer>, 'state'> & { state: State }
export type Turn = Omit<z.infer<typeof turn>, 'answers'> & { answers: Answer[] }

export const conversation = stored<Turn[]>('gotensor.conversation', z.array(turn), [])
export const draft = stored('gotensor.draft', z.string(), '')

const running = new Set<AbortController>()

export function isBusy(turns: Turn[]): boolean {
  return turns.some((t) => t.answers.some((a) => a.state === 'waiting' || a.state === 'writing'))
}

// history is what a lane's model is told: prompts that it answered, at least in part, and its answers.
export function history(turns: Turn[], lane: number, system: string): Message[] {
  const out: Message[] = system === '' ? [] : [{ role: 'system', content: system }]
  for (const t of turns) {
    const a = t.answers[lane] ?? t.answers[0]
    if (!a || a.text === '') continue
    out.push({ role: 'user', content: t.prompt }, { role: 'assistant', content: a.text })
  }
  return out
}

function patch(id: string, lane: number, change: (a: Answer) => Answer) {
  conversation.set((turns) =>
    turns.map((t) => (t.id === id ? { ...t, answers: t.answers.map((a, i) => (i === lane ? change(a) : a)) } : t)),
  )
}

// ask puts one prompt to one model, or to two beside each other.
export async function ask(prompt: string, models: string[]) {
  const before = conversation.get()
  const id = crypto.getRandomValues(new Uint32Array(2)).join('-')
  const answers = models.slice(0, 2).map((model): Answer => ({ model, text: '', state: 'waiting' }))
  conversation.set([...before, { id, prompt, answers }])
  await Promise.all(answers.map((a, lane) => run(id, lane, a.model, before, prompt)))
}

async function run(id: string, lane: number, model: string, before: Turn[], prompt: string) {
  const control = new AbortController()
  running.add(control)
  const settings = settingsStore.get()
  const messages: Message[] = [...history(before, lane, settings.system), { role: 'user', content: prompt }]
  const batch = new Batch((steps, seconds) => {
    patch(id, lane, (a) => steps.reduce(apply, { ...a, seconds }))
  })
  try {
    for await (const step of chat({
      model,
      messages,
      sampling: sampling(settings),
      key: keyStore.get(),
      signal: control.signal,
    })) {
      if (control.signal.aborted) break
      batch.add(step)
    }
    batch.flush()
    patch(id, lane, (a) => ({ ...a, state: control.signal.aborted ? 'stopped' : 'done' }))
  } catch (err) {
    batch.flush()
    patch(id, lane, (a) =>
      control.signal.aborted ? { ...a, state: 'stopped' } : { ...a, state: 'failed', error: said(err) },
    )
  } finally {
    running.delete(control)
  }
}

// Batch keeps a fast stream from redrawing the page at every piece.
class Batch {
  #steps: Step[] = []
  #timer: ReturnType<typeof setTimeout> | undefined
  #first = 0
  #last = 0
  constructor(readonly emit: (steps: Step[], seconds: number) => void) {}

  add(step: Step) {
    this.#steps.push(step)
    if (step.text !== undefined) {
      this.#last = performance.now()
      this.#first ||= this.#last
    }
    this.#timer ??= setTimeout(() => {
      this.flush()
    }, 33)
  }

  flush() {
    clearTimeout(this.#timer)
    this.#timer = undefined
    if (this.#steps.length === 0) return
    this.emit(this.#steps, (this.#last - this.#first) / 1000)
    this.#steps = []
  }
}

// apply adds one event to an answer.
export function apply(a: Answer, s: Step): Answer {
  const out: Answer = { ...a, state: 'writing' }
  if (s.text !== undefined) out.text = a.text + s.text
  if (s.finish !== undefined) out.finish = s.finish
  if (s.tokens !== undefined) out.tokens = s.tokens
  if (s.who) {
    const { stake_rao, first_piece_ms, tried, ...rest } = s.who
    out.reading = reading.parse({ ...rest, stake: stake_rao?.toString(), firstMs: first_piece_ms, tried })
  }
  return out
}

export function stop() {
  for (const control of running) control.abort()
}

export function clear() {
  stop()
  conversation.set([])
}
