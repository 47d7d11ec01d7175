import { useSyncExternalStore } from 'react'
import type { z } from '@/lib/z'

// A value that outlives a reload of the page (or, in localStorage, the visit) and is shared by all components that use it. What is read
// back is checked; what cannot be kept, because storage is full or off, lives as long as the page.
export interface Stored<T> {
  get: () => T
  set: (next: T | ((now: T) => T)) => void
  subscribe: (changed: () => void) => () => void
}

function storage(kind: 'session' | 'local'): Storage | undefined {
  try {
    return kind === 'session' ? globalThis.sessionStorage : globalThis.localStorage
  } catch {
    return undefined
  }
}

export function stored<T>(
  name: string,
  shape: z.ZodType<T>,
  initial: T,
  kind: 'session' | 'local' = 'session',
): Stored<T> {
  const watchers = new Set<() => void>()
  let value = read(name, shape, initial, kind)
  return {
    get: () => value,
    set(next) {
      value = next instanceof Function ? next(value) : next
      try {
        storage(kind)?.setItem(name, JSON.stringify(value))
      } catch {
        // full or off: the page still has it
      }
      for (const changed of watchers) changed()
    },
    subscribe(changed) {
      watchers.add(changed)
      return () => watchers.delete(changed)
    },
  }
}

function read<T>(name: string, shape: z.ZodType<T>, initial: T, kind: 'session' | 'local'): T {
  try {
    const text = storage(kind)?.getItem(name)
    if (text == null) return initial
    const parsed = shape.safeParse(JSON.parse(text))
    return parsed.success ? parsed.data : initial
  } catch {
    return initial
  }
}

export function useStored<T>(s: Stored<T>): T {
  return useSyncExternalStore(s.subscribe, s.get)
}
