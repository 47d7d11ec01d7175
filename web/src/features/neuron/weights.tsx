import { Link } from '@tanstack/react-router'
import { Gauge } from '@/components/parts'
import { percent } from '@/lib/units'
import type { Weight } from './api'

interface WeightsProps {
  title: string
  about: string
  weights: Weight[]
  netuid: number
  // whole: weights are a validator's row, whose parts make one whole; else each is a part of another row, of which 65535 is the most.
  whole: boolean
}

const most = 64

// Weights are shown as bars, the heaviest first.
export function Weights({ title, about, weights, netuid, whole }: WeightsProps) {
  const sum = weights.reduce((s, w) => s + w.weight, 0)
  const scale = whole ? Math.max(sum, 1) : 65535
  const all = weights.toSorted((a, b) => b.weight - a.weight || a.uid - b.uid)
  return (
    <section className="grid content-start gap-3">
      <div>
        <h2 className="text-lg font-semibold">{title}</h2>
        <p className="text-sm text-quiet">{about}</p>
      </div>
      {all.length === 0 ? (
        <p className="border-t border-rule pt-3 text-quiet">None yet.</p>
      ) : (
        <ul className="grid border-t border-rule">
          {all.slice(0, most).map((w) => (
            <li
              key={w.uid}
              className="grid grid-cols-[4.5rem_1fr_5rem] items-center gap-3 border-b border-rule/60 py-1.5"
            >
              <Link to="/subnets/$netuid/neurons/$uid" params={{ netuid, uid: w.uid }} className="reading text-sm">
                uid {w.uid}
              </Link>
              <Gauge value={w.weight / scale} tone={whole ? 'bg-verdigris' : 'bg-needle'} />
              <span className="reading text-right text-sm">{percent(w.weight / scale)}</span>
            </li>
          ))}
        </ul>
      )}
      {all.length > most && <p className="label">and {all.length - most} smaller ones</p>}
    </section>
  )
}
