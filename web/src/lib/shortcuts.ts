import { useEffect, useEffectEvent } from 'react'
import { z } from '@/lib/z'
import { stored } from './stored'

// Single keys can be turned off: they get in the way of speech input (WCAG 2.1.4).
export const singleKeys = stored('gotensor.keys', z.boolean(), true, 'local')

// keyOf names a key press: "?", "n", "g m" for two keys after each other.
export function keyOf(e: Pick<KeyboardEvent, 'key' | 'ctrlKey' | 'metaKey' | 'altKey'>, before: string): string {
  if (e.ctrlKey || e.metaKey || e.altKey) return ''
  return before === 'g' ? `g ${e.key}` : e.key
}

function typing(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement && (target.isContentEditable || /^(input|textarea|select)$/i.test(target.tagName))
  )
}

// useShortcuts runs actions by key while nobody types and no dialog is open. Escape works everywhere.
export function useShortcuts(actions: Record<string, () => void>) {
  const act = useEffectEvent((key: string, e: KeyboardEvent) => {
    const action = actions[key]
    if (!action) return
    e.preventDefault()
    action()
  })
  useEffect(() => {
    let before = ''
    let at = 0
    const pressed = (e: KeyboardEvent) => {
      if (document.querySelector('dialog[open]')) return
      if (e.key === 'Escape') {
        act('Escape', e)
        return
      }
      if (!singleKeys.get() || typing(e.target)) return
      const key = keyOf(e, e.timeStamp - at < 1200 ? before : '')
      before = key === 'g' ? 'g' : ''
      at = e.timeStamp
      if (key !== '') act(key, e)
    }
    window.addEventListener('keydown', pressed)
    return () => {
      window.removeEventListener('keydown', pressed)
    }
  }, [])
}
