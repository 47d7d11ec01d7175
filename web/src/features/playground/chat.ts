import { z } from '@/lib/z'
import { who, type Who } from '@/features/network/who'
import { ApiError, errorOf, request } from '@/lib/http'
import { events, SseError } from '@/lib/sse'

export interface Message {
  role: 'system' | 'user' | 'assistant'
  content: string
}

const chunk = z.object({
  choices: z
    .array(
      z.object({ delta: z.object({ content: z.string().nullish() }).optional(), finish_reason: z.string().nullish() }),
    )
    .default([]),
  usage: z.object({ prompt_tokens: z.number(), completion_tokens: z.number() }).nullish(),
  gotensor: who.nullish(),
})

export interface Step {
  text?: string
  who?: Who
  tokens?: number
  finish?: string
}

export interface Ask {
  model: string
  messages: Message[]
  sampling: Record<string, unknown>
  key: string
  signal: AbortSignal
}

// body is the request's body; snippets show the same.
export function body(ask: Pick<Ask, 'model' | 'messages' | 'sampling'>) {
  return {
    model: ask.model,
    messages: ask.messages,
    ...ask.sampling,
    stream: true,
    stream_options: { include_usage: true },
  }
}

// chat asks, and yields what comes. It ends when the answer is complete and throws an ApiError where there is none, or only a part of one.
export async function* chat(ask: Ask): AsyncGenerator<Step, void> {
  const answer = await request('/v1/chat/completions', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(body(ask)),
    signal: ask.signal,
    key: ask.key,
  })
  if (!answer.body) throw new ApiError('The gateway sent an empty answer.', answer.status, null, 0)
  let finished = false
  try {
    for await (const data of events(answer.body)) {
      if (data === '[DONE]') return
      const step = read(data)
      if (step.finish !== undefined) finished = true
      yield step
    }
  } catch (err) {
    if (err instanceof ApiError || err instanceof SseError || ask.signal.aborted) throw err
    throw broken() // what a browser says of it, "network error", tells nobody what to do
  }
  if (!finished) throw broken()
}

const broken = () => new ApiError('The connection broke in the middle of the answer. Ask again.', 0, 'broken', 0)

// read understands one event.
export function read(data: string): Step {
  let json: unknown
  try {
    json = JSON.parse(data)
  } catch {
    throw new ApiError('The gateway sent something that is not an answer. Ask again.', 0, 'garbage', 0)
  }
  if (typeof json === 'object' && json !== null && 'error' in json) throw errorOf(0, data)
  const parsed = chunk.safeParse(json)
  if (!parsed.success)
    throw new ApiError('The gateway sent something that is not an answer. Ask again.', 0, 'garbage', 0)
  const { choices, usage, gotensor } = parsed.data
  const step: Step = {}
  const text = choices[0]?.delta?.content
  if (text) step.text = text
  const finish = choices[0]?.finish_reason
  if (finish) step.finish = finish
  if (gotensor) step.who = gotensor
  if (usage) step.tokens = usage.completion_tokens
  return step
}
