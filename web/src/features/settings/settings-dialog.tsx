import { Button } from '@/components/ui/button'
import { Dialog } from '@/components/ui/dialog'
import { Field, Input } from '@/components/ui/field'
import { useStored } from '@/lib/stored'
import { keyStore, noSettings, settingsStore, type Settings } from './settings'

const numbers = [
  {
    name: 'temperature',
    label: 'Temperature',
    min: 0,
    max: 2,
    step: 0.1,
    hint: '0 to 2. Low repeats the likeliest, high wanders.',
  },
  {
    name: 'top_p',
    label: 'Top p',
    min: 0,
    max: 1,
    step: 0.05,
    hint: '0 to 1. Only the likeliest words that add up to it.',
  },
  { name: 'max_tokens', label: 'Most tokens', min: 1, max: 1_000_000, step: 1, hint: 'Where the answer is cut.' },
  {
    name: 'seed',
    label: 'Seed',
    min: undefined,
    max: undefined,
    step: 1,
    hint: 'The same seed gives the same answer, where the miner can.',
  },
] as const

function NumberField({ spec, settings }: { spec: (typeof numbers)[number]; settings: Settings }) {
  const { name, label, hint, ...limits } = spec
  return (
    <Field label={label} hint={hint}>
      {(id, hintId) => (
        <Input
          id={id}
          aria-describedby={hintId}
          type="number"
          inputMode="decimal"
          placeholder="miner’s own"
          {...limits}
          defaultValue={settings[name] ?? ''}
          className="reading"
          onChange={(e) => {
            const value = e.target.value === '' ? undefined : e.target.valueAsNumber
            if (!e.target.validity.valid || Number.isNaN(value)) return
            settingsStore.set((s) => ({ ...s, [name]: value }))
          }}
        />
      )}
    </Field>
  )
}

// SettingsDialog: the key and how answers are sampled.
export function SettingsDialog({ open, onClose }: { open: boolean; onClose: () => void }) {
  const settings = useStored(settingsStore)
  const key = useStored(keyStore)
  return (
    <Dialog open={open} onClose={onClose} title="Settings" side>
      <div className="grid gap-5">
        <Field
          label="API key"
          hint={
            <>
              Made by <code className="font-mono">gotensor gateway login</code>. It stays in this tab and is gone when
              you close it. Without one you ask anonymously, where the gateway allows it.
            </>
          }
        >
          {(id, hintId) => (
            <Input
              id={id}
              aria-describedby={hintId}
              type="password"
              autoComplete="off"
              spellCheck={false}
              placeholder="anonymous"
              value={key}
              maxLength={400}
              className="font-mono"
              onChange={(e) => {
                keyStore.set(e.target.value.trim())
              }}
            />
          )}
        </Field>
        <hr className="border-rule" />
        <Field label="Instruction" hint="Told to the model before the conversation.">
          {(id, hintId) => (
            <textarea
              id={id}
              aria-describedby={hintId}
              rows={3}
              maxLength={20_000}
              value={settings.system}
              className="w-full rounded-md border border-line bg-panel px-3 py-2 text-sm"
              onChange={(e) => {
                settingsStore.set((s) => ({ ...s, system: e.target.value }))
              }}
            />
          )}
        </Field>
        <div className="grid grid-cols-2 gap-x-4 gap-y-5" key={String(settings === noSettings)}>
          {numbers.map((spec) => (
            <NumberField key={spec.name} spec={spec} settings={settings} />
          ))}
        </div>
        <Field label="Stop at" hint="The answer ends before this text. \n is a new line.">
          {(id, hintId) => (
            <Input
              id={id}
              aria-describedby={hintId}
              value={settings.stop}
              maxLength={200}
              className="font-mono"
              onChange={(e) => {
                settingsStore.set((s) => ({ ...s, stop: e.target.value }))
              }}
            />
          )}
        </Field>
        <Button
          onClick={() => {
            settingsStore.set(noSettings)
          }}
        >
          Back to the miners’ own
        </Button>
      </div>
    </Dialog>
  )
}
