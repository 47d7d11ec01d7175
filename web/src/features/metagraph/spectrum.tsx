import { useNavigate } from '@tanstack/react-router'
import { useRef, useState, type PointerEvent } from 'react'
import { percent, share } from '@/lib/units'
import type { Neuron } from './api'
import { lines } from './rows'

const width = 1000
const up = 84
const down = 30

interface SpectrumProps {
  neurons: Neuron[]
  netuid: number
}

// Spectrum draws a subnet as an instrument would: one line for each uid. The table below it, or the metagraph page, has the numbers.
export function Spectrum({ neurons, netuid }: SpectrumProps) {
  const [at, setAt] = useState<number>()
  const ref = useRef<SVGSVGElement>(null)
  const navigate = useNavigate()
  const n = Math.max(neurons.length, 1)
  const x = (i: number) => ((i + 0.5) / n) * width
  const all = lines(neurons)
  const path = (of: 'up' | 'down') =>
    all
      .map((l, i) =>
        l[of] === 0
          ? ''
          : `M${x(i).toFixed(2)} ${up}V${(of === 'up' ? up - l.up * (up - 4) : up + l.down * (down - 4)).toFixed(2)}`,
      )
      .join('')
  // in units of the drawing, so that lines stay apart on a phone too
  const thick = Math.min(5, (0.42 * width) / n)
  const find = (e: PointerEvent) => {
    const box = ref.current?.getBoundingClientRect()
    if (!box || neurons.length === 0) return
    setAt(Math.min(n - 1, Math.max(0, Math.floor(((e.clientX - box.left) / box.width) * n))))
  }
  const one = at === undefined ? undefined : neurons[at]
  return (
    <div className="relative">
      <svg
        ref={ref}
        viewBox={`0 0 ${width} ${up + down}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={`Spectrum of subnet ${netuid}: ${neurons.filter((m) => m.incentive > 0).length} uids have incentive, ${neurons.filter((m) => m.dividends > 0).length} have dividends.`}
        className="h-32 w-full cursor-crosshair"
        onPointerMove={find}
        onPointerDown={find}
        onPointerLeave={() => {
          setAt(undefined)
        }}
        onClick={() => {
          if (one) void navigate({ to: '/subnets/$netuid/neurons/$uid', params: { netuid, uid: one.uid } })
        }}
      >
        {at !== undefined && (
          <rect
            x={x(at) - width / n / 2}
            width={Math.max(width / n, 2)}
            y="0"
            height={up + down}
            className="fill-sunk"
          />
        )}
        <path d={`M0 ${up}H${width}`} className="stroke-line" strokeWidth="1" vectorEffect="non-scaling-stroke" />
        <path
          d={all.map((_, i) => (n > 512 ? '' : `M${x(i).toFixed(2)} ${up}v2.5`)).join('')}
          className="stroke-line"
          strokeWidth="1"
          vectorEffect="non-scaling-stroke"
        />
        <path d={path('up')} className="stroke-needle" strokeWidth={thick} fill="none" />
        <path d={path('down')} className="stroke-verdigris" strokeWidth={thick} fill="none" />
      </svg>
      {one && at !== undefined && (
        <p
          aria-hidden="true"
          className="reading pointer-events-none absolute top-0 border border-rule bg-panel px-2 py-0.5 text-xs whitespace-nowrap"
          style={
            at < n / 2
              ? { left: `calc(${(x(at) / width) * 100}% + 10px)` }
              : { right: `calc(${100 - (x(at) / width) * 100}% + 10px)` }
          }
        >
          <span className="text-needle">uid {one.uid}</span> {one.model}{' '}
          {percent(share(one.permit && one.incentive === 0 ? one.dividends : one.incentive))}
        </p>
      )}
    </div>
  )
}
