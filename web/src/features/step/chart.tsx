import { Link } from '@tanstack/react-router'
import { series } from '@/features/network/who'
import { cn } from '@/lib/cn'
import { millis, percent } from '@/lib/units'
import type { Member, Phrase, Step } from './api'
import { rows, visible, type Row } from './phrases'

function Head({ m, i, netuid }: { m: Member; i: number; netuid: number }) {
  return (
    <th scope="col" className="min-w-31 px-2.5 pb-2 text-left align-bottom font-normal">
      <span className="flex items-center gap-1.5">
        <span aria-hidden="true" className="size-2 rounded-full" style={{ background: `var(--${series(i)})` }} />
        <Link
          to="/subnets/$netuid/neurons/$uid"
          params={{ netuid, uid: m.gotensor.uid ?? 0 }}
          className="reading font-medium"
        >
          uid {m.gotensor.uid ?? '?'}
        </Link>
      </span>
      <span className="block max-w-40 truncate text-sm" title={m.gotensor.model}>
        {m.gotensor.model}
      </span>
      <span className={cn('label reading block', m.error === undefined && 'whitespace-nowrap')}>
        {m.error ?? `${percent(m.share)} · ${millis(m.took_ms)}`}
      </span>
    </th>
  )
}

// Stack is a candidate's bar: as long as the mixture's probability, in the colours of those who vouch for it.
function Stack({ row, members, most }: { row: Row; members: Member[]; most: number }) {
  return (
    <span aria-hidden="true" className="flex h-2.5 w-full overflow-hidden rounded-[2px] bg-rule/40">
      {members.map((m, i) => {
        const part = (row.each[i] ?? 0) * m.share
        return (
          part > 0 && <span key={i} style={{ width: `${(part / most) * 100}%`, background: `var(--${series(i)})` }} />
        )
      })}
    </span>
  )
}

interface ChartProps {
  step: Step
  netuid: number
  onPick: (p: Phrase) => void
}

// Chart lays the candidates of one step beside each other: the mixture first, then each member.
export function Chart({ step, netuid, onPick }: ChartProps) {
  const all = rows(step)
  const most = Math.max(...all.map((r) => r.p), 1e-9)
  return (
    <div className="relative overflow-x-auto" tabIndex={0} role="region" aria-label="Candidates, scrolls sideways">
      <table className="w-full border-collapse">
        <caption className="sr-only">
          Candidate phrases with their probability in the mixture and of each neuron
        </caption>
        <thead>
          <tr className="border-b border-line">
            <th scope="col" className="sticky left-0 z-[1] min-w-36 bg-paper pr-3 pb-2 text-left align-bottom label">
              goes on with
            </th>
            <th scope="col" className="min-w-44 px-3 pb-2 text-left align-bottom sm:min-w-56">
              <span className="font-medium">network</span>
              <span className="label block font-normal">
                mixture of {step.members.filter((m) => m.error === undefined).length}
              </span>
            </th>
            {step.members.map((m, i) => (
              <Head key={i} m={m} i={i} netuid={netuid} />
            ))}
          </tr>
        </thead>
        <tbody>
          {all.map((r) => (
            <tr key={r.key} className="border-b border-rule/60">
              <th scope="row" className="sticky left-0 z-[1] bg-paper py-1 pr-3 text-left font-normal">
                <button
                  type="button"
                  title="Put it after the text, and take the next step"
                  className="max-w-60 truncate rounded-md bg-sunk px-2 py-0.5 font-serif hover:outline-2 hover:outline-verdigris"
                  onClick={() => {
                    onPick(r.phrase)
                  }}
                >
                  {visible(r.phrase)}
                </button>
              </th>
              <td className="px-3 py-1">
                <span className="grid grid-cols-[4.5rem_1fr] items-center gap-2">
                  <span className="reading text-right text-sm font-medium">{percent(r.p)}</span>
                  <Stack row={r} members={step.members} most={most} />
                </span>
              </td>
              {r.each.map((p, i) => (
                <td key={i} className={cn('reading px-2.5 py-1 text-sm', p === undefined && 'text-quiet')}>
                  {p === undefined ? '–' : percent(p)}
                </td>
              ))}
            </tr>
          ))}
          <tr>
            <th
              scope="row"
              className="sticky left-0 bg-paper py-2 pr-3 text-left label"
              title="None of the phrases that were given"
            >
              anything else
            </th>
            <td className="reading px-3 py-2 text-sm text-quiet">
              <span className="inline-block w-[4.5rem] text-right">{percent(step.mixture.floor)}</span>
            </td>
            {step.members.map((m, i) => (
              <td key={i} className="reading px-3 py-2 text-sm text-quiet">
                {m.error === undefined ? percent(m.floor) : '–'}
              </td>
            ))}
          </tr>
        </tbody>
      </table>
    </div>
  )
}
