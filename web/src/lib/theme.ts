import { useSyncExternalStore } from 'react'

export type Theme = 'system' | 'light' | 'dark'

const name = 'gotensor.theme' // also read by public/theme.js
const watchers = new Set<() => void>()

function now(): Theme {
  const set = document.documentElement.dataset.theme
  return set === 'light' || set === 'dark' ? set : 'system'
}

export function setTheme(theme: Theme) {
  if (theme === 'system') delete document.documentElement.dataset.theme
  else document.documentElement.dataset.theme = theme
  try {
    if (theme === 'system') localStorage.removeItem(name)
    else localStorage.setItem(name, theme)
  } catch {
    // storage is off: it holds for this page
  }
  for (const changed of watchers) changed()
}

function watch(changed: () => void) {
  watchers.add(changed)
  const system = matchMedia('(prefers-color-scheme: dark)')
  system.addEventListener('change', changed)
  return () => {
    watchers.delete(changed)
    system.removeEventListener('change', changed)
  }
}

export function useTheme(): Theme {
  return useSyncExternalStore(watch, now)
}

function isDark(): boolean {
  const t = now()
  return t === 'dark' || (t === 'system' && matchMedia('(prefers-color-scheme: dark)').matches)
}

// useDark also follows the system.
export function useDark(): boolean {
  return useSyncExternalStore(watch, isDark)
}

// color resolves a token, for canvases.
export function color(token: string): string {
  const probe = document.createElement('span')
  probe.style.color = `var(--${token})`
  document.body.append(probe)
  const out = getComputedStyle(probe).color
  probe.remove()
  return out
}
