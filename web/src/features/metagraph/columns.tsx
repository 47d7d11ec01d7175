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

export function columns(netuid: number) {
  return [
    column.accessor('uid', {
      header: 'uid',
      size: 72,
      meta: meta('slot in the subnet'),
      cell: (c) => (
        <Link to="/subnets/$netuid/neurons/$uid" params={{ netuid, uid: c.getValue() }} className="reading font-medium">
          {c.getValue()}
        </Link>
      ),
    }),
    column.accessor('model', {
      header: 'model',
      size: 190,
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
      size: 130,
      sortDescFirst: true,
      meta: meta('share of the miners’ pay'),
      cell: (c) => <Bar value={share(c.getValue())} tone="bg-needle" />,
    }),
    column.accessor('dividends', {
      header: 'dividends',
      size: 130,
      sortDescFirst: true,
      meta: meta('share of the validators’ pay'),
      cell: (c) => <Bar value={share(c.getValue())} tone="bg-verdigris" />,
    }),
    column.accessor('stake_rao', {
      id: 'stake',
      header: 'stake, TAO',
      size: 120,
      sortDescFirst: true,
      sortingFn: (a, b) =>
        a.original.stake_rao < b.original.stake_rao ? -1 : a.original.stake_rao > b.original.stake_rao ? 1 : 0,
      meta: meta('TAO behind the hotkey'),
      cell: (c) => tao(c.getValue(), 2),
    }),
    column.accessor('trust', {
      header: 'vtrust',
      size: 96,
      sortDescFirst: true,
      meta: meta('how much of a validator’s weights the consensus kept'),
      cell: (c) => (c.row.original.permit ? percent(share(c.getValue())) : '–'),
    }),
    column.accessor('latency_ms', {
      id: 'latency',
      header: 'latency',
      size: 96,
      sortUndefined: 'last',
      meta: meta('mean time to the first piece of an answer, seen from here'),
      cell: (c) => millis(c.getValue()),
    }),
    column.accessor('success', {
      header: 'success',
      size: 92,
      sortDescFirst: true,
      meta: meta('answers that ended well, seen from here'),
      cell: (c) => (c.row.original.serves && c.row.original.latency_ms > 0 ? percent(c.getValue()) : '–'),
    }),
    column.accessor('state', {
      header: 'state',
      size: 116,
      meta: meta('whether this gateway reaches it', false),
      cell: (c) => <State state={c.getValue()} serves={c.row.original.serves} />,
    }),
    column.accessor('hotkey', {
      header: 'hotkey',
      size: 150,
      enableSorting: false,
      meta: meta('the key that runs it', false),
      cell: (c) => <Account address={c.getValue()} />,
    }),
  ]
}

function Bar({ value, tone }: { value: number; tone: string }) {
  return (
    <span className="grid w-full gap-1">
      <span>{value === 0 ? '–' : percent(value)}</span>
      <Gauge value={value} tone={tone} />
    </span>
  )
}
