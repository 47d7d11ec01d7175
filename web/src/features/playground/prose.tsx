import { cn } from '@/lib/cn'

export interface Part {
  code: boolean
  text: string
}

// parts splits an answer at fences of code. A fence that is still open holds code to the end: the answer is being written.
export function parts(text: string): Part[] {
  const out: Part[] = []
  let code = false
  let lines: string[] = []
  const flush = () => {
    const joined = lines.join('\n')
    if (joined.trim() !== '') out.push({ code, text: code ? joined : joined.replace(/^\n+|\n+$/g, '') })
    lines = []
  }
  for (const line of text.split('\n')) {
    if (line.trimStart().startsWith('```')) {
      flush()
      code = !code
    } else {
      lines.push(line)
    }
  }
  flush()
  return out
}

// Prose is what a model said: a quotation, so set in the serif. It is text and never markup.
export function Prose({ text, writing }: { text: string; writing: boolean }) {
  const all = parts(text)
  return (
    <div className={cn('font-serif text-[1.0625rem] leading-[1.65]')}>
      {all.map((p, i) =>
        p.code ? (
          <pre key={i} tabIndex={0} className="my-3 overflow-x-auto rounded-md bg-sunk p-3 font-mono text-sm leading-6">
            {p.text}
          </pre>
        ) : (
          <p
            key={i}
            className={cn(
              'break-words whitespace-pre-wrap',
              i > 0 && 'mt-2',
              writing && i === all.length - 1 && 'writing',
            )}
          >
            {p.text}
          </p>
        ),
      )}
    </div>
  )
}
