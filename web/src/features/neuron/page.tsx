import { useQuery } from '@tanstack/react-query'
import { Link, useParams } from '@tanstack/react-router'
import { Account, Failure, Page, Reading, State, Waiting } from '@/components/parts'
import { count, millis, percent, share, tao } from '@/lib/units'
import { neuronQuery } from './api'
import { Weights } from './weights'

export function NeuronPage() {
  const { netuid, uid } = useParams({ from: '/subnets/$netuid/neurons/$uid' })
  const { data: n, error, refetch } = useQuery(neuronQuery(netuid, uid))
  return (
    <Page
      title={`uid ${uid}`}
      about={
        <>
          {n && (n.permit ? 'A validator' : n.model === '' ? 'A miner' : <>A miner that runs {n.model}</>)}
          {n && ' on '}
          <Link to="/subnets/$netuid/metagraph" params={{ netuid }}>
            subnet {netuid}
          </Link>
        </>
      }
      aside={
        n?.serves === true && (
          <Link
            to="/"
            search={{ model: `uid-${uid}` }}
            className="inline-flex h-10 items-center rounded-md bg-needle px-4 font-medium text-panel no-underline hover:bg-needle/90"
          >
            Ask this neuron
          </Link>
        )
      }
    >
      {error && <Failure error={error} retry={() => void refetch()} />}
      {!n && !error && <Waiting what="the neuron" />}
      {n && (
        <div className="grid gap-10">
          <dl className="grid grid-cols-1 gap-x-8 gap-y-6 min-[420px]:grid-cols-2 lg:grid-cols-4">
            {n.permit ? (
              <Reading
                strong
                name="dividends"
                value={percent(share(n.dividends))}
                means="its share of the validators’ pay"
              />
            ) : (
              <Reading
                strong
                name="incentive"
                value={percent(share(n.incentive))}
                means="its share of the miners’ pay: the score"
              />
            )}
            <Reading name="emission" value={`${tao(n.emission_rao)} TAO`} means="earned in the latest epoch" />
            <Reading name="accrued" value={`${tao(n.accrued_rao)} TAO`} means="earned and not yet paid out" />
            <Reading name="stake" value={`${tao(n.stake_rao, 2)} TAO`} means="stands behind its hotkey" />
            <Reading
              name="consensus"
              value={percent(share(n.consensus))}
              means="the weight on which the stake agrees"
            />
            {n.permit ? (
              <Reading
                name="vtrust"
                value={percent(share(n.trust))}
                means="how much of its weights the consensus kept"
              />
            ) : (
              <Reading name="dividends" value={percent(share(n.dividends))} means="its share of the validators’ pay" />
            )}
            <Reading name="registered" value={`block ${count(n.registered)}`} means="since then it holds this uid" />
            <Reading
              name="active"
              value={n.active ? 'yes' : 'no'}
              means={n.active ? 'its weights are recent' : 'it set no weights of late'}
            />
          </dl>
          <section className="grid gap-4">
            <h2 className="text-lg font-semibold">Seen from this gateway</h2>
            <dl className="grid grid-cols-1 gap-x-8 gap-y-6 min-[420px]:grid-cols-2 lg:grid-cols-4">
              <Reading name="state" value={<State state={n.state} serves={n.serves} />} />
              <Reading name="first piece" value={millis(n.latency_ms)} means="mean time until its answer begins" />
              <Reading
                name="success"
                value={n.latency_ms > 0 ? percent(n.success) : '–'}
                means="answers that ended well"
              />
              <Reading name="running" value={count(n.running)} means="answers under way now" />
              <Reading
                name="can"
                value={n.capabilities.length === 0 ? '–' : n.capabilities.join(', ')}
                means="what it says it serves"
              />
            </dl>
          </section>
          <section className="grid gap-2">
            <h2 className="text-lg font-semibold">Keys</h2>
            <dl className="grid gap-2 text-sm">
              <div className="grid gap-x-4 sm:grid-cols-[6rem_1fr]">
                <dt className="label">hotkey, runs it</dt>
                <dd>
                  <Account address={n.hotkey} whole />
                </dd>
              </div>
              <div className="grid gap-x-4 sm:grid-cols-[6rem_1fr]">
                <dt className="label">coldkey, owns it</dt>
                <dd>
                  <Account address={n.coldkey} whole />
                </dd>
              </div>
            </dl>
          </section>
          <div className="grid gap-10 md:grid-cols-2">
            <Weights
              title="Weights it gets"
              about="From each validator, against the heaviest of that validator."
              weights={n.weights}
              netuid={netuid}
              whole={false}
            />
            {(n.permit || n.row.length > 0) && (
              <Weights
                title="Weights it gives"
                about="How it divides the pay that it has to give."
                weights={n.row}
                netuid={netuid}
                whole
              />
            )}
          </div>
        </div>
      )}
    </Page>
  )
}
