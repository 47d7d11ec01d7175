import { Dialog } from '@/components/ui/dialog'
import { singleKeys } from '@/lib/shortcuts'
import { useStored } from '@/lib/stored'

const keys = [
  ['/', 'write a prompt, or the text of a step'],
  ['Enter', 'ask'],
  ['Shift Enter', 'begin a new line'],
  ['Esc', 'stop the answers, or close what is open'],
  ['n', 'begin a new conversation'],
  ['c', 'compare two beside each other'],
  ['s', 'settings and key'],
  ['g p', 'go to the playground'],
  ['g s', 'go to one step'],
  ['g m', 'go to the metagraph'],
  ['g i', 'go to the incentive'],
  ['g a', 'go to an account'],
  ['t', 'light, dark, or as the system'],
  ['?', 'show this'],
] as const

const words = [
  ['neuron', 'a slot of a subnet, numbered by its uid: a miner or a validator'],
  ['miner', 'answers; paid by incentive, its share of the miners’ pay'],
  ['validator', 'measures miners and sets weights; paid by dividends'],
  ['score', 'a miner’s share of incentive: what stake-weighted judges agree it is worth'],
  ['stake', 'TAO that stands behind a key; it weighs judgements and buys bandwidth'],
  ['auto, best, network', 'the best at the moment; who earns most; several mixed into one model'],
] as const

export function Help({ open, onClose }: { open: boolean; onClose: () => void }) {
  const single = useStored(singleKeys)
  return (
    <Dialog open={open} onClose={onClose} title="Help">
      <div className="grid gap-8">
        <section>
          <h3 className="mb-2 font-semibold">Words</h3>
          <dl className="grid gap-1.5 text-[0.9375rem] sm:grid-cols-[9rem_1fr]">
            {words.map(([word, means]) => (
              <div key={word} className="contents">
                <dt className="font-medium">{word}</dt>
                <dd className="text-quiet">{means}</dd>
              </div>
            ))}
          </dl>
        </section>
        <section>
          <h3 className="mb-2 font-semibold">Keys</h3>
          <dl className="grid grid-cols-[9rem_1fr] gap-y-1.5 text-[0.9375rem]">
            {keys.map(([key, does]) => (
              <div key={key} className="contents">
                <dt>
                  {key.split(' ').map((k) => (
                    <kbd key={k} className="reading mr-1 rounded-[2px] border border-line bg-sunk px-1.5 py-px text-sm">
                      {k}
                    </kbd>
                  ))}
                </dt>
                <dd className="text-quiet">{does}</dd>
              </div>
            ))}
          </dl>
          <label className="mt-4 flex items-center gap-2 text-[0.9375rem]">
            <input
              type="checkbox"
              className="size-4 accent-[var(--ink)]"
              checked={single}
              onChange={(e) => {
                singleKeys.set(e.target.checked)
              }}
            />
            Single keys act (turn off for speech input)
          </label>
        </section>
        <p className="label">
          The type is Plex and Source Serif: <a href="/fonts.txt">licences of the fonts</a>,{' '}
          <a href="/licenses.md">of the code</a>.
        </p>
      </div>
    </Dialog>
  )
}
