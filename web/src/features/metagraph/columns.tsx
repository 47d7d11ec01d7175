import { createColumnHelper } from '@tanstack/react-table'
import { Link } from '@tanstack/react-router'
import { Account, Gauge, State } from '@/components/parts'
import { millis, percent, share, tao } from '@/lib/units'
import type { Neuron } from './api'

const column = createColumnHelper<Neuron>()

// size is the width in pixels, also of the head; hint is what the column means.
export interface ColumnMeta {
  hint: string
  right: boolean
}

function meta(hint: string, right = true): ColumnMeta {
  return { hint, right }
}

// columns of the table; bars are drawn against the largest of the subnet, since most shares are small.
export function columns(netuid: number, most: { incentive: number; dividends: number }) {
  return [
    column.accessor('uid', {
      header: 'uid',
      size: 64,
      meta: meta('slot in the subnet'),
      cell: (c) => (
        <Link to="/subnets/$netuid/neurons/$uid" params={{ netuid, uid: c.getValue() }} className="reading font-medium">
          {c.getValue()}
        </Link>
      ),
    }),
    column.accessor('model', {
      header: 'model',
      size: 156,
      meta: meta('what the neuron says that it runs', false),
      cell: (c) =>
        c.getValue() === '' ? (
          <span className="text-quiet">{c.row.original.permit ? 'validator' : '–'}</span>
        ) : (
          c.getValue()
        ),
    }),
    column.accessor('incentive', {
      header: 'incentive',
      size: 116,
      sortDescFirst: true,
      meta: meta('share of the miners’ pay'),
      cell: (c) => <Bar value={c.getValue()} most={most.incentive} tone="bg-needle" />,
    }),
    column.accessor('dividends', {
      header: 'dividends',
      size: 116,
      sortDescFirst: true,
      meta: meta('share of the validators’ pay'),
      cell: (c) => <Bar value={c.getValue()} most={most.dividends} tone="bg-verdigris" />,
    }),
    column.accessor('stake_rao', {
      id: 'stake',
      header: 'stake, TAO',
      size: 112,
      sortDescFirst: true,
      sortingFn: (a, b) =>
        a.original.stake_rao < b.original.stake_rao ? -1 : a.original.stake_rao > b.original.stake_rao ? 1 : 0,
      meta: meta('TAO behind the hotkey'),
      cell: (c) => tao(c.getValue(), 2),
    }),
    column.accessor('trust', {
      header: 'vtrust',
      size: 84,
      sortDescFirst: true,
      meta: meta('how much of a validator’s weights the consensus kept'),
      cell: (c) => (c.row.original.permit ? percent(share(c.getValue())) : '–'),
    }),
    column.accessor('latency_ms', {
      id: 'latency',
      header: 'latency',
      size: 88,
      sortUndefined: 'last',
      meta: meta('mean time to the first piece of an answer, seen from here'),
      cell: (c) => millis(c.getValue()),
    }),
    column.accessor('success', {
      header: 'success',
      size: 84,
      sortDescFirst: true,
      meta: meta('answers that ended well, seen from here'),
      cell: (c) => (c.row.original.serves && c.row.original.latency_ms > 0 ? percent(c.getValue()) : '–'),
    }),
    column.accessor('state', {
      header: 'state',
      size: 102,
      meta: meta('whether this gateway reaches it', false),
      cell: (c) => <State state={c.getValue()} serves={c.row.original.serves} />,
    }),
    column.accessor('hotkey', {
      header: 'hotkey',
      size: 166,
      enableSorting: false,
      meta: meta('the key that runs it', false),
      cell: (c) => <Account address={c.getValue()} />,
    }),
  ]
}

function Bar({ value, most, tone }: { value: number; most: number; tone: string }) {
  if (value === 0) return <span className="text-quiet">–</span>
  return (
    <span className="grid w-full gap-1">
      <span>{percent(share(value))}</span>
      <Gauge value={value / most} tone={tone} />
    </span>
  )
}
