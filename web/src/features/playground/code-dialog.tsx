import { useState } from 'react'
import { Button } from '@/components/ui/button'
import { Dialog } from '@/components/ui/dialog'
import { Segmented } from '@/components/ui/segmented'
import { keyStore, sampling, settingsStore } from '@/features/settings/settings'
import { useStored } from '@/lib/stored'
import { conversation, draft, history } from './conversation'
import { snippet, type Language } from './snippets'

const languages = [
  { value: 'curl', label: 'curl' },
  { value: 'python', label: 'Python' },
  { value: 'node', label: 'Node' },
] as const

// CodeDialog shows the conversation as a program. The official clients of OpenAI work as they are: only the base URL is another.
export function CodeDialog({ open, onClose, model }: { open: boolean; onClose: () => void; model: string }) {
  const [language, setLanguage] = useState<Language>('curl')
  const [copied, setCopied] = useState('')
  const turns = useStored(conversation)
  const settings = useStored(settingsStore)
  const key = useStored(keyStore)
  const next = useStored(draft).trim()
  const last = turns.at(-1)
  const messages =
    next !== '' || !last
      ? [...history(turns, 0, settings.system), { role: 'user' as const, content: next === '' ? 'Hello' : next }]
      : [...history(turns.slice(0, -1), 0, settings.system), { role: 'user' as const, content: last.prompt }]
  const text = snippet(language, {
    base: location.origin,
    anonymous: key === '',
    model,
    messages,
    sampling: sampling(settings),
  })
  return (
    <Dialog open={open} onClose={onClose} title="The same in code">
      <div className="grid gap-4">
        <div className="flex flex-wrap items-center justify-between gap-3">
          <Segmented label="Language" value={language} options={languages} onChange={setLanguage} />
          <Button
            onClick={() => {
              navigator.clipboard.writeText(text).then(
                () => {
                  setCopied('Copied.')
                },
                () => {
                  setCopied('The browser did not allow it: select the text.')
                },
              )
            }}
          >
            Copy
          </Button>
        </div>
        <pre
          tabIndex={0}
          aria-label="Code"
          className="max-h-[46vh] overflow-auto rounded-md bg-sunk p-4 font-mono text-sm leading-6"
        >
          {text}
        </pre>
        <p className="text-sm text-quiet" aria-live="polite">
          {copied !== ''
            ? copied
            : key === ''
              ? 'It asks anonymously, as you do now.'
              : 'Your key is not in it: the program reads it from GOTENSOR_API_KEY.'}
        </p>
      </div>
    </Dialog>
  )
}
