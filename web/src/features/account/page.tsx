import { useQuery } from '@tanstack/react-query'
import { Link, useParams } from '@tanstack/react-router'
import { Failure, Page, Reading, Waiting } from '@/components/parts'
import { short, tao, taoOfAtao } from '@/lib/units'
import { accountQuery } from './api'

export function AccountPage() {
  const { address } = useParams({ from: '/accounts/$address' })
  const { data, error, refetch } = useQuery(accountQuery(address))
  const staked = data?.stake.reduce((sum, s) => sum + s.rao, 0n) ?? 0n
  return (
    <Page title="Account" about={<span className="reading text-sm break-all">{address}</span>}>
      {error && <Failure error={error} retry={() => void refetch()} />}
      {!data && !error && <Waiting what="the account" />}
      {data && (
        <div className="grid gap-10">
          <dl className="grid grid-cols-1 gap-x-8 gap-y-6 min-[420px]:grid-cols-2 lg:grid-cols-4">
            <Reading strong name="balance" value={`${taoOfAtao(data.balance_atao)} TAO`} means="free to spend" />
            <Reading name="stake" value={`${tao(staked)} TAO`} means="delegated to validators" />
            <Reading
              name="bandwidth"
              value={`${tao(data.bandwidth_rao, 2)} TAO`}
              means="the stake by which miners admit its queries"
            />
            <Reading name="neurons" value={data.neurons.length} means="that it runs or owns" />
          </dl>
          <div className="grid gap-10 md:grid-cols-2">
            <section className="grid content-start gap-3">
              <h2 className="text-lg font-semibold">Stake</h2>
              {data.stake.length === 0 ? (
                <p className="border-t border-rule pt-3 text-quiet">It delegates to nobody.</p>
              ) : (
                <ul className="border-t border-rule">
                  {data.stake.map((s) => (
                    <li
                      key={s.validator}
                      className="flex items-baseline justify-between gap-4 border-b border-rule/60 py-2"
                    >
                      <span className="min-w-0">
                        <span className="block truncate">{s.moniker === '' ? 'a validator' : s.moniker}</span>
                        <span className="reading block text-xs text-quiet" title={s.validator}>
                          {short(s.validator)}
                        </span>
                      </span>
                      <span className="reading text-sm whitespace-nowrap">{tao(s.rao)} TAO</span>
                    </li>
                  ))}
                </ul>
              )}
            </section>
            <section className="grid content-start gap-3">
              <h2 className="text-lg font-semibold">Neurons</h2>
              {data.neurons.length === 0 ? (
                <p className="border-t border-rule pt-3 text-quiet">It takes part in no subnet of this gateway.</p>
              ) : (
                <ul className="border-t border-rule">
                  {data.neurons.map((n) => (
                    <li
                      key={`${n.netuid}-${n.uid}-${n.key}`}
                      className="flex items-baseline justify-between gap-4 border-b border-rule/60 py-2"
                    >
                      <Link
                        to="/subnets/$netuid/neurons/$uid"
                        params={{ netuid: n.netuid, uid: n.uid }}
                        className="reading"
                      >
                        subnet {n.netuid}, uid {n.uid}
                      </Link>
                      <span className="text-sm text-quiet">
                        {n.role}, as its {n.key}
                      </span>
                    </li>
                  ))}
                </ul>
              )}
            </section>
          </div>
        </div>
      )}
    </Page>
  )
}
