import { flexRender, getCoreRowModel, getSortedRowModel, useReactTable, type SortingState } from '@tanstack/react-table'
import { useWindowVirtualizer } from '@tanstack/react-virtual'
import { useLayoutEffect, useMemo, useRef, useState } from 'react'
import { cn } from '@/lib/cn'
import type { Neuron } from './api'
import { columns, type ColumnMeta } from './columns'

const rowHeight = 48

interface TableProps {
  netuid: number
  neurons: Neuron[]
  sort: string
  desc: boolean
  onSort: (sort: string, desc: boolean) => void
}

// Table draws only the rows in view, so that 4,096 cost no more than 40. Roles and counts tell a screen reader what it does not see.
export function Table({ netuid, neurons, sort, desc, onSort }: TableProps) {
  const incentive = useMemo(() => neurons.reduce((m, n) => Math.max(m, n.incentive), 1), [neurons])
  const dividends = useMemo(() => neurons.reduce((m, n) => Math.max(m, n.dividends), 1), [neurons])
  const all = useMemo(() => columns(netuid, { incentive, dividends }), [netuid, incentive, dividends])
  const sorting = useMemo((): SortingState => [{ id: sort, desc }], [sort, desc])
  // eslint-disable-next-line react-hooks/incompatible-library -- the page is built without React's compiler
  const table = useReactTable({
    data: neurons,
    columns: all,
    state: { sorting },
    enableSortingRemoval: false,
    autoResetPageIndex: false, // there are no pages, and a reset draws everything again
    onSortingChange: (next) => {
      const first = (next instanceof Function ? next(sorting) : next)[0]
      if (first) onSort(first.id, first.desc)
    },
    getRowId: (n) => String(n.uid),
    getCoreRowModel: getCoreRowModel(),
    getSortedRowModel: getSortedRowModel(),
  })
  const { rows } = table.getRowModel()
  const body = useRef<HTMLDivElement>(null)
  const [margin, setMargin] = useState(0)
  useLayoutEffect(() => {
    setMargin(body.current?.offsetTop ?? 0)
  }, [])
  const virtual = useWindowVirtualizer({
    count: rows.length,
    estimateSize: () => rowHeight,
    overscan: 12,
    scrollMargin: margin,
  })
  const width = table.getTotalSize()
  const cells = all.map((c) => `minmax(${c.size ?? 100}px, ${c.size ?? 100}fr)`).join(' ')
  return (
    <div
      className="relative overflow-x-auto border-y border-rule"
      tabIndex={0}
      role="region"
      aria-label="Neurons, scrolls sideways"
    >
      <div
        role="table"
        aria-label="Neurons"
        aria-rowcount={rows.length + 1}
        aria-colcount={all.length}
        style={{ minWidth: width }}
      >
        <div role="rowgroup" className="border-b border-rule bg-paper">
          <div role="row" aria-rowindex={1} className="grid" style={{ gridTemplateColumns: cells }}>
            {table.getFlatHeaders().map((h) => {
              const { hint, right } = h.column.columnDef.meta as ColumnMeta
              const sorted = h.column.getIsSorted()
              return (
                <div
                  key={h.id}
                  role="columnheader"
                  aria-sort={sorted === 'asc' ? 'ascending' : sorted === 'desc' ? 'descending' : 'none'}
                  className={cn('flex', right && 'justify-end')}
                >
                  {h.column.getCanSort() ? (
                    <button
                      type="button"
                      title={hint}
                      className={cn(
                        'label flex items-center gap-1 px-3 py-2.5 hover:text-ink',
                        sorted && 'font-medium text-ink',
                      )}
                      onClick={h.column.getToggleSortingHandler()}
                    >
                      {flexRender(h.column.columnDef.header, h.getContext())}
                      <span aria-hidden="true" className={cn('text-needle', !sorted && 'invisible')}>
                        {sorted === 'asc' ? '↑' : '↓'}
                      </span>
                    </button>
                  ) : (
                    <span title={hint} className="label px-3 py-2.5">
                      {flexRender(h.column.columnDef.header, h.getContext())}
                    </span>
                  )}
                </div>
              )
            })}
          </div>
        </div>
        <div ref={body} role="rowgroup" className="relative" style={{ height: virtual.getTotalSize() }}>
          {virtual.getVirtualItems().map((v) => {
            const row = rows[v.index]
            if (!row) return null
            return (
              <div
                key={row.id}
                role="row"
                aria-rowindex={v.index + 2}
                className="absolute inset-x-0 grid border-b border-rule/60 hover:bg-panel"
                style={{
                  gridTemplateColumns: cells,
                  height: rowHeight,
                  transform: `translateY(${v.start - margin}px)`,
                }}
              >
                {row.getVisibleCells().map((cell) => {
                  const { right } = cell.column.columnDef.meta as ColumnMeta
                  return (
                    <div
                      key={cell.id}
                      role="cell"
                      className={cn(
                        'flex min-w-0 items-center px-3',
                        right ? 'reading justify-end text-right text-sm' : 'truncate text-[0.9375rem]',
                      )}
                    >
                      {flexRender(cell.column.columnDef.cell, cell.getContext())}
                    </div>
                  )
                })}
              </div>
            )
          })}
        </div>
      </div>
    </div>
  )
}
