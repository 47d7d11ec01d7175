import { useEffect, useRef } from 'react'
import { Icon } from '@/components/icon'
import { Button } from '@/components/ui/button'
import { useStored } from '@/lib/stored'
import { draft, stop } from './conversation'

// Composer is where a prompt is written. Enter asks; Shift+Enter begins a line; Escape stops an answer.
export function Composer({ busy, onAsk, hint }: { busy: boolean; onAsk: (prompt: string) => void; hint: string }) {
  const text = useStored(draft)
  const ref = useRef<HTMLTextAreaElement>(null)
  useEffect(() => {
    const box = ref.current
    if (!box) return
    box.style.height = 'auto'
    box.style.height = `${Math.min(box.scrollHeight, 220)}px`
  }, [text])
  const submit = () => {
    if (busy || text.trim() === '') return
    draft.set('')
    onAsk(text.trim())
  }
  return (
    <form
      className="grid gap-1"
      onSubmit={(e) => {
        e.preventDefault()
        submit()
      }}
    >
      <div className="flex items-end gap-2 rounded-lg border border-line bg-panel p-1.5 focus-within:outline-2 focus-within:outline-verdigris">
        <textarea
          ref={ref}
          id="prompt"
          rows={1}
          aria-label="Prompt"
          aria-describedby="prompt-hint"
          placeholder="Ask the network"
          value={text}
          enterKeyHint="send"
          className="max-h-[220px] min-h-10 min-w-0 flex-1 resize-none bg-transparent px-2.5 py-2 leading-6 focus:outline-none"
          onChange={(e) => {
            draft.set(e.target.value)
          }}
          onKeyDown={(e) => {
            if (e.key === 'Enter' && !e.shiftKey && !e.nativeEvent.isComposing) {
              e.preventDefault()
              submit()
            }
          }}
        />
        {busy ? (
          <Button size="icon" aria-label="Stop" title="Stop (Esc)" onClick={stop}>
            <Icon name="stop" />
          </Button>
        ) : (
          <Button
            type="submit"
            look="primary"
            size="icon"
            aria-label="Ask"
            title="Ask (Enter)"
            disabled={text.trim() === ''}
          >
            <Icon name="send" />
          </Button>
        )}
      </div>
      <p id="prompt-hint" className="label truncate px-1">
        {hint}
      </p>
    </form>
  )
}
