import { z } from '@/lib/z'

// ApiError is an answer that says what went wrong, in the gateway's own words.
export class ApiError extends Error {
  override name = 'ApiError'
  constructor(
    message: string,
    readonly status: number,
    readonly code: string | null,
    readonly retryMs: number,
  ) {
    super(message)
  }
}

const errorBody = z.object({ error: z.object({ message: z.string(), code: z.string().nullish() }) })

// errorOf reads an error's body, which may be anything.
export function errorOf(status: number, text: string, retryAfterMs = 0): ApiError {
  let body: unknown
  try {
    body = JSON.parse(text)
  } catch {
    body = undefined
  }
  const parsed = errorBody.safeParse(body)
  if (parsed.success) {
    return new ApiError(parsed.data.error.message, status, parsed.data.error.code ?? null, retryAfterMs)
  }
  return new ApiError(`The gateway answered with status ${status} and no reason.`, status, null, retryAfterMs)
}

function retryAfter(headers: Headers): number {
  const ms = Number(headers.get('Retry-After-Ms'))
  if (ms > 0) return ms
  const s = Number(headers.get('Retry-After'))
  return s > 0 ? s * 1000 : 0
}

const unreachable = 'The gateway cannot be reached. Check that it runs, then try again.'

// request is fetch, with the key if there is one; a status other than 2xx is an ApiError.
export async function request(path: string, init: RequestInit & { key?: string } = {}): Promise<Response> {
  const { key, ...rest } = init
  const headers = new Headers(rest.headers)
  if (key) headers.set('Authorization', `Bearer ${key}`)
  let answer: Response
  try {
    answer = await fetch(path, { ...rest, headers })
  } catch (err) {
    if (rest.signal?.aborted) throw err
    throw new ApiError(unreachable, 0, 'unreachable', 0)
  }
  if (!answer.ok) throw errorOf(answer.status, await answer.text(), retryAfter(answer.headers))
  return answer
}

// readJson gets and checks an answer; one of another shape is the gateway's fault, and is said to be.
export async function readJson<T>(
  shape: z.ZodType<T>,
  path: string,
  init: RequestInit & { key?: string } = {},
): Promise<T> {
  const answer = await request(path, init)
  const parsed = shape.safeParse(await answer.json().catch(() => undefined))
  if (!parsed.success) {
    const issue = parsed.error.issues[0]
    const where = issue && issue.path.length > 0 ? ` (at ${issue.path.join('.')})` : ''
    throw new ApiError(
      `The gateway's answer to ${path} makes no sense to this page${where}. Reload it.`,
      200,
      'shape',
      0,
    )
  }
  return parsed.data
}

// amount is a whole number of rao or atao, in decimal digits.
export const amount = z
  .string()
  .regex(/^\d{1,40}$/)
  .transform((digits) => BigInt(digits))

// sentence makes a message of the gateway one: they begin in lower case and end without a stop.
export function sentence(message: string): string {
  const first = /^[a-z]+(?= )/.test(message) ? message.charAt(0).toUpperCase() + message.slice(1) : message
  return /[.!?]$/.test(first) ? first : `${first}.`
}

// said is what to show of an error.
export function said(err: unknown): string {
  if (err instanceof Error && err.message !== '') return err.message
  return 'Something failed on this page. Reload it.'
}
