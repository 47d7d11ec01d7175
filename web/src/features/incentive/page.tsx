import { useQuery } from '@tanstack/react-query'
import { Link, useNavigate, useParams, useSearch } from '@tanstack/react-router'
import { useMemo } from 'react'
import { Account, Failure, Page, Waiting } from '@/components/parts'
import { Segmented } from '@/components/ui/segmented'
import { series } from '@/features/network/who'
import { percent } from '@/lib/units'
import { incentiveQuery } from './api'
import { best } from './best'
import { Chart } from './chart'

const counts = [
  { value: '4', label: '4' },
  { value: '8', label: '8' },
  { value: '16', label: '16' },
] as const

export function IncentivePage() {
  const { netuid } = useParams({ from: '/subnets/$netuid/incentive' })
  const { top, hide } = useSearch({ from: '/subnets/$netuid/incentive' })
  const navigate = useNavigate({ from: '/subnets/$netuid/incentive' })
  const { data, error, refetch } = useQuery(incentiveQuery(netuid))
  const lines = useMemo(() => (data ? best(data, top) : []), [data, top])
  const hidden = useMemo(() => new Set(hide.split(',').map((u) => `uid ${u}`)), [hide])
  const toggle = (uid: number) => {
    const now = new Set(hide === '' ? [] : hide.split(','))
    if (!now.delete(String(uid))) now.add(String(uid))
    void navigate({ search: (s) => ({ ...s, hide: [...now].join(',') }), replace: true })
  }
  return (
    <Page
      title={`Incentive on subnet ${netuid}`}
      about="What share of the miners’ pay each neuron got, epoch by epoch, as this gateway saw it."
      aside={
        <div className="flex items-center gap-2">
          <span className="label">best</span>
          <Segmented
            label="Lines"
            value={top === 4 ? '4' : top === 16 ? '16' : '8'}
            options={counts}
            onChange={(n) => void navigate({ search: (s) => ({ ...s, top: Number(n) }), replace: true })}
          />
        </div>
      }
    >
      {error && <Failure error={error} retry={() => void refetch()} />}
      {!data && !error && <Waiting what="the epochs" />}
      {data?.heights.length === 0 && (
        <p className="py-10 text-quiet">
          No epoch has paid since this gateway began to look. The next one shows here by itself.
        </p>
      )}
      {data && data.heights.length > 0 && (
        <div className="grid gap-8 lg:grid-cols-[minmax(0,1fr)_19rem]">
          <figure className="min-w-0 bg-panel p-3 pt-4 outline outline-rule">
            <Chart heights={data.heights} lines={lines} hidden={hidden} />
            <figcaption className="label pt-1 text-right">block of the epoch</figcaption>
          </figure>
          <table className="h-fit w-full border-collapse text-left">
            <caption className="sr-only">Incentive at the latest epoch</caption>
            <thead>
              <tr className="border-b border-line">
                <th className="label py-2" scope="col">
                  shown
                </th>
                <th className="label py-2" scope="col">
                  neuron
                </th>
                <th className="label py-2 text-right" scope="col">
                  now
                </th>
              </tr>
            </thead>
            <tbody>
              {lines.map((l, i) => (
                <tr key={l.name + l.hotkey} className="border-b border-rule/60">
                  <td className="py-1.5">
                    <label className="flex items-center gap-2">
                      <input
                        type="checkbox"
                        checked={!hidden.has(l.name)}
                        aria-label={`Show ${l.name}`}
                        className="size-4 accent-[var(--ink)]"
                        onChange={() => {
                          toggle(l.uid)
                        }}
                      />
                      <span aria-hidden="true" className="h-0.5 w-5" style={{ background: `var(--${series(i)})` }} />
                    </label>
                  </td>
                  <td className="py-1.5">
                    <Link
                      to="/subnets/$netuid/neurons/$uid"
                      params={{ netuid, uid: l.uid }}
                      className="reading text-sm"
                    >
                      {l.name}
                    </Link>{' '}
                    <span className="text-xs">
                      <Account address={l.hotkey} />
                    </span>
                  </td>
                  <td className="reading py-1.5 text-right text-sm">{percent(l.now)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Page>
  )
}
