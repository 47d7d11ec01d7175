import { useNavigate } from '@tanstack/react-router'
import { memo } from 'react'
import { Mark } from '@/components/icon'
import { Failure } from '@/components/parts'
import { Button } from '@/components/ui/button'
import { stepContext } from '@/features/step/api'
import { cn } from '@/lib/cn'
import type { Answer, Turn } from './conversation'
import { Margin } from './margin'
import { Prose } from './prose'

const endings: Record<string, string> = {
  length: 'Cut at the most tokens.',
  content_filter: 'Cut by the miner’s filter.',
}

function Body({ answer, prompt }: { answer: Answer; prompt: string }) {
  const navigate = useNavigate()
  const busy = answer.state === 'waiting' || answer.state === 'writing'
  return (
    <div className="grid min-w-0 gap-2" aria-busy={busy}>
      {answer.state === 'waiting' ? (
        <p className="flex items-center gap-3 text-quiet">
          <Mark busy className="size-7" /> asking {answer.model === 'auto' ? 'the network' : answer.model} …
        </p>
      ) : (
        <Prose text={answer.text} writing={answer.state === 'writing'} />
      )}
      {answer.state === 'done' && answer.text === '' && <p className="text-quiet">The answer is empty.</p>}
      {answer.state === 'failed' && (
        <Failure error={new Error(answer.error)} title={answer.text === '' ? 'No answer' : 'The answer broke off'} />
      )}
      {answer.state === 'stopped' && <p className="label">Stopped.</p>}
      {answer.state === 'done' && answer.finish !== undefined && endings[answer.finish] && (
        <p className="label">{endings[answer.finish]}</p>
      )}
      {answer.state === 'done' && (
        <p className="no-print -ml-2.5 flex gap-1 text-quiet opacity-0 transition-opacity group-focus-within:opacity-100 group-hover:opacity-100 pointer-coarse:opacity-100">
          <Button
            look="ghost"
            size="sm"
            onClick={() => {
              void navigator.clipboard.writeText(answer.text)
            }}
          >
            Copy
          </Button>
          <Button
            look="ghost"
            size="sm"
            onClick={() => {
              stepContext.set(`${prompt}\n${answer.text}`.slice(-2000))
              void navigate({ to: '/step' })
            }}
          >
            Look into the next step
          </Button>
        </p>
      )}
    </div>
  )
}

// TurnView is one prompt and its answer, or its two answers beside each other.
export const TurnView = memo(function TurnView({ turn, netuid }: { turn: Turn; netuid: number }) {
  const two = turn.answers.length > 1
  return (
    <article
      className="border-t border-rule py-6 first:border-t-0"
      aria-label={`Question: ${turn.prompt.slice(0, 80)}`}
    >
      <div className={cn('grid gap-x-8', !two && 'lg:grid-cols-[11.5rem_minmax(0,44rem)]')}>
        <h2 className="sr-only">Question</h2>
        <p className={cn('mb-4 font-medium break-words whitespace-pre-wrap', two ? 'max-w-[44rem]' : 'lg:col-start-2')}>
          {turn.prompt}
        </p>
      </div>
      {two ? (
        <div className="grid gap-8 md:grid-cols-2 md:gap-0 md:divide-x md:divide-rule">
          {turn.answers.map((a, i) => (
            <section
              key={i}
              aria-label={`Answer of ${a.model}`}
              className="group grid min-w-0 content-start gap-3 md:px-6 md:first:pl-0 md:last:pr-0"
            >
              <div className="border-l-2 pl-3" style={{ borderColor: `var(--s${i + 1})` }}>
                <Margin answer={a} netuid={netuid} row />
              </div>
              <Body answer={a} prompt={turn.prompt} />
            </section>
          ))}
        </div>
      ) : (
        turn.answers.map((a, i) => (
          <section
            key={i}
            aria-label={`Answer of ${a.model}`}
            className="group grid gap-x-8 gap-y-2 lg:grid-cols-[11.5rem_minmax(0,44rem)]"
          >
            <div className="border-rule lg:border-r lg:pr-4">
              <Margin answer={a} netuid={netuid} row={false} />
            </div>
            <Body answer={a} prompt={turn.prompt} />
          </section>
        ))
      )}
    </article>
  )
})
