import { useQuery } from '@tanstack/react-query'
import { Button } from '@/components/ui/button'
import { metagraphQuery } from '@/features/metagraph/api'
import { Spectrum } from '@/features/metagraph/spectrum'
import { percent, share } from '@/lib/units'

const prompts = [
  'Explain in three sentences why a weighted median is hard to bribe.',
  'Write a haiku about a chain that never halts.',
  'The quick brown fox',
]

// Empty is the playground before the first question: what stands ready to answer.
export function Empty({ netuid, onPick }: { netuid: number; onPick: (prompt: string) => void }) {
  const { data } = useQuery(metagraphQuery(netuid))
  const up = data?.neurons.filter((n) => n.serves && n.state !== 'down') ?? []
  const best = up.toSorted((a, b) => b.incentive - a.incentive)[0]
  return (
    <div className="grid flex-1 grid-cols-[minmax(0,1fr)] content-center gap-8 py-10">
      <div className="grid gap-3">
        <h1 className="max-w-[18ch] font-serif text-4xl leading-[1.1] font-medium tracking-tight sm:text-5xl">
          Many models. One question.
        </h1>
        <p className="max-w-[52ch] text-lg text-quiet">
          Miners compete to answer, validators measure how well they do, and the chain pays by the measure. Ask them
          here.
        </p>
      </div>
      {data && (
        <figure className="grid gap-2">
          <Spectrum neurons={data.neurons} netuid={netuid} />
          <figcaption className="text-sm text-quiet">
            <span className="reading text-ink">{up.length}</span> {up.length === 1 ? 'neuron serves' : 'neurons serve'}{' '}
            on subnet <span className="reading text-ink">{netuid}</span>
            {best && best.incentive > 0 && (
              <>
                ; <span className="reading text-ink">uid {best.uid}</span> earns most,{' '}
                <span className="reading text-ink">{percent(share(best.incentive))}</span>
              </>
            )}
            . Each line is one uid: incentive upward, dividends downward.
          </figcaption>
        </figure>
      )}
      <ul className="flex flex-wrap gap-2" aria-label="Examples">
        {prompts.map((p) => (
          <li key={p} className="max-w-full">
            <Button
              size="sm"
              className="h-auto max-w-full py-1.5 text-left font-normal whitespace-normal!"
              onClick={() => {
                onPick(p)
              }}
            >
              {p}
            </Button>
          </li>
        ))}
      </ul>
    </div>
  )
}
