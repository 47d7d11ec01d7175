import { useQuery } from '@tanstack/react-query'
import { useNavigate, useParams, useSearch } from '@tanstack/react-router'
import { useMemo } from 'react'
import { Failure, Page, Reading, Waiting } from '@/components/parts'
import { Input } from '@/components/ui/field'
import { Segmented } from '@/components/ui/segmented'
import { subnetsQuery } from '@/features/network/api'
import { count, tao } from '@/lib/units'
import { metagraphQuery } from './api'
import { filters, shown, sortOf, type Filter } from './rows'
import { Spectrum } from './spectrum'
import { Table } from './table'

const names: Record<Filter, string> = { all: 'All', miners: 'Miners', validators: 'Validators', serving: 'Serving' }
const options = filters.map((value) => ({ value, label: names[value] }))

export function MetagraphPage() {
  const { netuid } = useParams({ from: '/subnets/$netuid/metagraph' })
  const { sort, desc, q, show } = useSearch({ from: '/subnets/$netuid/metagraph' })
  const navigate = useNavigate({ from: '/subnets/$netuid/metagraph' })
  const { data, error, refetch } = useQuery(metagraphQuery(netuid))
  const subnets = useQuery(subnetsQuery)
  const subnet = subnets.data?.subnets.find((s) => s.netuid === netuid)
  const rows = useMemo(() => shown(data?.neurons ?? [], show, q), [data, show, q])
  const stake = useMemo(() => (data?.neurons ?? []).reduce((sum, n) => sum + n.stake_rao, 0n), [data])
  return (
    <Page
      title={`Metagraph of subnet ${netuid}`}
      about={
        subnet
          ? `${subnet.name === '' ? subnet.mechanism : subnet.name}: who takes part, what they earn and how they answer, block by block.`
          : 'Who takes part, what they earn and how they answer, block by block.'
      }
    >
      {error && <Failure error={error} retry={() => void refetch()} />}
      {!data && !error && <Waiting what="the metagraph" />}
      {data && (
        <div className="grid gap-6">
          <dl className="grid grid-cols-2 gap-4 sm:grid-cols-4">
            <Reading name="neurons" value={count(data.neurons.length)} />
            <Reading name="stake" value={`${tao(stake, 0)} TAO`} />
            <Reading name="epoch" value={count(data.epoch)} />
            <Reading
              name="blocks to the next"
              value={subnet ? count(Math.max(0, subnet.next_boundary - data.height)) : '–'}
            />
          </dl>
          <Spectrum neurons={data.neurons} netuid={netuid} />
          <div className="flex flex-wrap items-center gap-3">
            <Segmented
              label="Show"
              value={show}
              options={options}
              onChange={(next) => void navigate({ search: (s) => ({ ...s, show: next }), replace: true })}
            />
            <Input
              type="search"
              aria-label="Find a uid, a model or an address"
              placeholder="Find a uid, a model, an address"
              value={q}
              className="h-9 max-w-80 flex-1 basis-48"
              onChange={(e) => void navigate({ search: (s) => ({ ...s, q: e.target.value }), replace: true })}
            />
            <p className="label ml-auto" aria-live="polite">
              {count(rows.length)} of {count(data.neurons.length)}
            </p>
          </div>
          {rows.length === 0 ? (
            <p className="py-10 text-quiet">
              Nothing here is called “{q}”. Try a uid such as 7, a part of a model’s name, or of an address.
            </p>
          ) : (
            <Table
              netuid={netuid}
              neurons={rows}
              sort={sort}
              desc={desc}
              onSort={(next, down) =>
                void navigate({ search: (s) => ({ ...s, sort: sortOf(next), desc: down }), replace: true })
              }
            />
          )}
        </div>
      )}
    </Page>
  )
}
