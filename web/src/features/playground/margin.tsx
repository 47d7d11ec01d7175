import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import { series } from '@/features/network/who'
import { cn } from '@/lib/cn'
import { millis, percent, tao } from '@/lib/units'
import type { Answer, Reading } from './conversation'

function Item({ name, children, title }: { name: string; children: ReactNode; title: string }) {
  return (
    <div className="flex items-baseline gap-2 group-data-[column]/margin:lg:contents" title={title}>
      <dt className="label">{name}</dt>
      <dd className="reading text-sm whitespace-nowrap">{children}</dd>
    </div>
  )
}

function Members({ members }: { members: NonNullable<Reading['members']> }) {
  return (
    <div className="grid w-full gap-1.5">
      <p className="text-sm font-medium">
        network <span className="label ml-1">mixture of {members.length}</span>
      </p>
      <div className="flex h-1.5 w-full max-w-60 gap-px overflow-hidden rounded-full" aria-hidden="true">
        {members.map((m, i) => (
          <span key={m.uid} style={{ width: `${m.share * 100}%`, background: `var(--${series(i)})` }} />
        ))}
      </div>
      <ul className="flex flex-wrap gap-x-3 gap-y-0.5">
        {members.slice(0, 8).map((m, i) => (
          <li key={m.uid} className="reading flex items-center gap-1.5 text-xs" title={m.model}>
            <span aria-hidden="true" className="size-2 rounded-full" style={{ background: `var(--${series(i)})` }} />
            <span className="min-w-[6ch]">uid {m.uid}</span> {percent(m.share)}
          </li>
        ))}
      </ul>
    </div>
  )
}

function rate(a: Answer): string | undefined {
  if (a.tokens === undefined || !a.seconds || a.seconds < 0.05) return undefined
  return `${(a.tokens / a.seconds).toFixed(a.tokens / a.seconds < 10 ? 1 : 0)}/s`
}

// Margin holds the readings of one answer: who gave it, how soon, with what standing. They stand beside what they measure.
export function Margin({ answer, netuid, row }: { answer: Answer; netuid: number; row: boolean }) {
  const r = answer.reading
  if (!r) return <p className="label pt-1">{answer.model}</p>
  const speed = rate(answer)
  return (
    <div
      className={cn(
        'group/margin flex flex-wrap items-baseline gap-x-4 gap-y-1',
        !row && 'lg:flex-col lg:items-stretch lg:gap-y-1.5',
      )}
      data-column={row ? undefined : ''}
    >
      {r.members && r.members.length > 0 && r.uid === undefined ? (
        <Members members={r.members} />
      ) : (
        <p className="flex min-w-0 items-baseline gap-2">
          {r.uid !== undefined && (
            <Link
              to="/subnets/$netuid/neurons/$uid"
              params={{ netuid, uid: r.uid }}
              className="reading text-base font-medium whitespace-nowrap text-needle"
            >
              uid {r.uid}
            </Link>
          )}
          <span className="truncate text-sm" title={r.model}>
            {r.model}
          </span>
        </p>
      )}
      <dl className="flex flex-wrap gap-x-4 gap-y-0.5 group-data-[column]/margin:lg:grid group-data-[column]/margin:lg:grid-cols-[4.25rem_1fr] group-data-[column]/margin:lg:items-baseline group-data-[column]/margin:lg:gap-x-2 group-data-[column]/margin:lg:gap-y-0">
        {r.share !== undefined && (
          <Item name="score" title="Its share of the subnet’s incentive: what the network’s judges think it is worth">
            {percent(r.share)}
          </Item>
        )}
        <Item name="first piece" title="From the gateway’s question to the first piece of the answer">
          {millis(r.firstMs)}
        </Item>
        {speed !== undefined && (
          <Item name="tokens" title="Tokens per second, from the first piece to the last, as this page received them">
            {speed}
          </Item>
        )}
        {r.stake !== undefined && (
          <Item name="stake" title="TAO behind its hotkey">
            {tao(BigInt(r.stake), 0)} TAO
          </Item>
        )}
        {r.tried > 1 && (
          <Item name="asked" title="Neurons that were asked before one answered">
            {r.tried}
          </Item>
        )}
      </dl>
    </div>
  )
}
