import type { Neuron } from './api'

export const filters = ['all', 'miners', 'validators', 'serving'] as const
export type Filter = (typeof filters)[number]

// sorts are the columns by which a table can be ordered.
export const sorts = [
  'uid',
  'model',
  'incentive',
  'dividends',
  'stake',
  'trust',
  'latency',
  'success',
  'state',
] as const
export type Sort = (typeof sorts)[number]

export function sortOf(column: string): Sort {
  return sorts.find((s) => s === column) ?? 'incentive'
}

// shown are the neurons that a filter and a search leave. A search finds a uid, a model, or a part of an address.
export function shown(neurons: Neuron[], filter: Filter, text: string): Neuron[] {
  const needle = text.trim().toLowerCase()
  const uid = /^(uid[- ]?)?(\d+)$/.exec(needle)?.[2]
  return neurons.filter((n) => {
    if (filter === 'miners' && n.permit) return false
    if (filter === 'validators' && !n.permit) return false
    if (filter === 'serving' && !n.serves) return false
    if (needle === '') return true
    if (uid !== undefined) return String(n.uid) === uid
    return n.model.toLowerCase().includes(needle) || n.hotkey.includes(needle) || n.coldkey.includes(needle)
  })
}

export interface Line {
  uid: number
  up: number
  down: number
}

// lines are the spectrum of a subnet: for each uid how far its line goes up (incentive) and down (dividends), of 1. Heights go by the
// square root, so that small shares are seen beside large ones.
export function lines(neurons: Pick<Neuron, 'uid' | 'incentive' | 'dividends'>[]): Line[] {
  const most = neurons.reduce((m, n) => Math.max(m, n.incentive), 1)
  const mostDown = neurons.reduce((m, n) => Math.max(m, n.dividends), 1)
  return neurons.map((n) => ({
    uid: n.uid,
    up: Math.sqrt(n.incentive / most),
    down: Math.sqrt(n.dividends / mostDown),
  }))
}
