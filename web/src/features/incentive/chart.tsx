import { useEffect, useRef } from 'react'
import UPlot from 'uplot'
import 'uplot/dist/uPlot.min.css'
import { series } from '@/features/network/who'
import { color, useDark } from '@/lib/theme'
import { count } from '@/lib/units'
import type { Line } from './best'

interface ChartProps {
  heights: number[]
  lines: Line[]
  hidden: ReadonlySet<string>
}

// heightFor keeps a chart readable on a phone and does not let it fill a wide screen.
function heightFor(width: number): number {
  return Math.round(Math.min(460, Math.max(280, width * 0.56)))
}

function options(lines: Line[], width: number): UPlot.Options {
  const quiet = color('quiet')
  const rule = { stroke: color('rule'), width: 1 }
  const font = '12px "Plex Mono", monospace'
  return {
    width,
    height: heightFor(width),
    scales: { x: { time: false }, y: { range: (_, __, top) => [0, Math.max(0.01, top * 1.08)] } },
    legend: { show: false },
    cursor: { points: { size: 7 }, y: false },
    axes: [
      {
        stroke: quiet,
        space: 90,
        grid: { show: false },
        ticks: rule,
        font,
        values: (_, at) => at.map((h) => count(Math.round(h))),
      },
      {
        stroke: quiet,
        grid: rule,
        ticks: { show: false },
        font,
        size: 56,
        values: (_, at) => at.map((v) => `${+(v * 100).toFixed(1)} %`),
      },
    ],
    series: [
      {},
      ...lines.map((l, i) => ({
        label: l.name,
        stroke: color(series(i)),
        width: 1.75,
        points: { show: l.values.length < 24, size: 4 },
      })),
    ],
  }
}

// Chart draws lines over epochs on a canvas. The table beside it has the same numbers for those who cannot see it.
export function Chart({ heights, lines, hidden }: ChartProps) {
  const ref = useRef<HTMLDivElement>(null)
  const plot = useRef<UPlot>(null)
  const dark = useDark()
  const names = lines.map((l) => l.name + l.hotkey).join()
  const latest = useRef(lines)
  useEffect(() => {
    latest.current = lines
    plot.current?.setData([heights, ...lines.map((l) => l.values)])
  }, [heights, lines])
  useEffect(() => {
    const box = ref.current
    if (!box) return
    const now = latest.current
    const p = new UPlot(options(now, box.clientWidth), [heights, ...now.map((l) => l.values)], box)
    plot.current = p
    const resize = new ResizeObserver(() => {
      p.setSize({ width: box.clientWidth, height: heightFor(box.clientWidth) })
    })
    resize.observe(box)
    return () => {
      resize.disconnect()
      p.destroy()
      plot.current = null
    }
    // eslint-disable-next-line react-hooks/exhaustive-deps -- data goes in by the effect above; a new set of lines or colours needs a new plot
  }, [names, dark])
  useEffect(() => {
    latest.current.forEach((l, i) => {
      plot.current?.setSeries(i + 1, { show: !hidden.has(l.name) })
    })
  }, [hidden, names, dark])
  return (
    <div
      ref={ref}
      role="img"
      aria-label={`Incentive of ${lines.length} neurons over ${heights.length} epochs; the table has the latest values.`}
      className="w-full"
    />
  )
}
