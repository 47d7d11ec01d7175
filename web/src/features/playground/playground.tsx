import { useNavigate, useSearch } from '@tanstack/react-router'
import { useEffect, useRef, useState } from 'react'
import { Icon } from '@/components/icon'
import { Button } from '@/components/ui/button'
import { useNetuid } from '@/features/network/use-netuid'
import { changed, keyStore, settingsStore } from '@/features/settings/settings'
import { SettingsDialog } from '@/features/settings/settings-dialog'
import { useShortcuts } from '@/lib/shortcuts'
import { useStored } from '@/lib/stored'
import { CodeDialog } from './code-dialog'
import { Composer } from './composer'
import { ask, clear, conversation, draft, isBusy, stop, type Turn } from './conversation'
import { Empty } from './empty'
import { Picker } from './picker'
import { TurnView } from './turn'

type Open = 'settings' | 'code' | ''

// useFollow keeps the end of a conversation in view while the reader is there, and leaves him alone where he reads further up.
function useFollow(turns: Turn[]) {
  const end = useRef<HTMLDivElement>(null)
  const near = useRef(true)
  useEffect(() => {
    const scrolled = () => {
      near.current = window.innerHeight + window.scrollY > document.documentElement.scrollHeight - 160
    }
    window.addEventListener('scroll', scrolled, { passive: true })
    return () => {
      window.removeEventListener('scroll', scrolled)
    }
  }, [])
  const count = turns.length
  useEffect(() => {
    if (count > 0) end.current?.scrollIntoView({ block: 'end' })
  }, [count])
  useEffect(() => {
    if (near.current && turns.length > 0) end.current?.scrollIntoView({ block: 'end' })
  }, [turns])
  return end
}

export function Playground() {
  const { model, versus } = useSearch({ from: '/' })
  const navigate = useNavigate({ from: '/' })
  const netuid = useNetuid()
  const turns = useStored(conversation)
  const settings = useStored(settingsStore)
  const key = useStored(keyStore)
  const [open, setOpen] = useState<Open>('')
  const end = useFollow(turns)
  const busy = isBusy(turns)
  const set = (next: { model?: string; versus?: string | undefined }) => {
    void navigate({ search: (s) => ({ ...s, ...next }), replace: true })
  }
  const focus = () => document.getElementById('prompt')?.focus()
  const toggle = () => {
    set({ versus: versus === undefined ? (model === 'best' ? 'auto' : 'best') : undefined })
  }
  useShortcuts({
    Escape: stop,
    '/': focus,
    n: () => {
      clear()
      focus()
    },
    c: toggle,
    s: () => {
      setOpen('settings')
    },
  })
  const count = changed(settings)
  return (
    <div className="mx-auto flex min-h-[calc(100dvh-3.25rem)] w-full max-w-[66rem] flex-col px-4 sm:px-8 md:min-h-dvh">
      <div className="no-print sticky top-[3.25rem] z-10 -mx-4 flex flex-wrap items-center gap-2 bg-paper/95 px-4 py-3 backdrop-blur-sm sm:-mx-8 sm:px-8 md:top-0">
        <Picker
          label="Who is asked"
          value={model}
          onChange={(m) => {
            set({ model: m })
          }}
        />
        {versus !== undefined && (
          <>
            <span className="label max-sm:hidden">beside</span>
            <Picker
              label="Who is asked beside"
              value={versus}
              onChange={(m) => {
                set({ versus: m })
              }}
            />
          </>
        )}
        <div className="ml-auto flex flex-wrap items-center gap-1">
          <Button
            look="ghost"
            size="icon"
            aria-pressed={versus !== undefined}
            aria-label="Compare two"
            title="Compare two (c)"
            onClick={toggle}
            className="aria-pressed:bg-sunk aria-pressed:text-needle"
          >
            <Icon name="compare" />
          </Button>
          <Button
            look="ghost"
            size="icon"
            aria-label={count > 0 ? `Settings, ${count} changed` : 'Settings'}
            title="Settings (s)"
            className="relative"
            onClick={() => {
              setOpen('settings')
            }}
          >
            <Icon name="tune" />
            {(count > 0 || key !== '') && (
              <span aria-hidden="true" className="absolute top-2 right-2 size-1.5 rounded-full bg-needle" />
            )}
          </Button>
          <Button
            look="ghost"
            size="icon"
            aria-label="Show as code"
            title="Show as code"
            onClick={() => {
              setOpen('code')
            }}
          >
            <Icon name="code" />
          </Button>
          <Button
            look="ghost"
            size="icon"
            aria-label="New conversation"
            title="New conversation (n)"
            disabled={turns.length === 0}
            onClick={() => {
              clear()
              focus()
            }}
          >
            <Icon name="trash" />
          </Button>
        </div>
      </div>
      {turns.length === 0 ? (
        <Empty
          netuid={netuid}
          onPick={(p) => {
            draft.set(p)
            focus()
          }}
        />
      ) : (
        <>
          <h1 className="sr-only">Playground</h1>
          <div role="log" aria-label="Conversation" className="flex-1 pt-2">
            {turns.map((t) => (
              <TurnView key={t.id} turn={t} netuid={netuid} />
            ))}
          </div>
        </>
      )}
      <div className="no-print sticky bottom-14 z-10 -mx-4 bg-paper px-4 pt-2 pb-2 sm:-mx-8 sm:px-8 md:bottom-0 md:pb-3">
        <Composer
          busy={busy}
          hint={
            key === ''
              ? 'Asked anonymously. Miners see what you write.'
              : 'Asked with your key. Miners see what you write.'
          }
          onAsk={(prompt) => void ask(prompt, versus === undefined ? [model] : [model, versus])}
        />
      </div>
      <div ref={end} className="h-14 md:h-0" />
      <SettingsDialog
        open={open === 'settings'}
        onClose={() => {
          setOpen('')
        }}
      />
      <CodeDialog
        open={open === 'code'}
        onClose={() => {
          setOpen('')
        }}
        model={model}
      />
    </div>
  )
}
