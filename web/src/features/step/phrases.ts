import type { Member, Phrase, Step } from './api'

// visible writes a phrase so that its blanks are seen: they decide where a word ends. Bytes that are no text are shown as such.
export function visible(p: Pick<Phrase, 'text' | 'bytes'>): string {
  if (p.bytes.length === 0) return '∅'
  if (p.text.includes('\uFFFD')) return p.bytes.map((b) => `\\x${b.toString(16).padStart(2, '0')}`).join('')
  return p.text.replaceAll(' ', '·').replaceAll('\n', '⏎').replaceAll('\t', '⇥').replaceAll('\r', '␍')
}

// A phrase's name is its bytes: two may look the same.
function keyOf(p: Pick<Phrase, 'bytes'>): string {
  return p.bytes.join(',')
}

export interface Row {
  key: string
  phrase: Phrase
  // p of the mixture, and of each member; undefined where it is not among the member's shown candidates.
  p: number
  each: (number | undefined)[]
}

// rows are the mixture's candidates with each member's probability beside it.
export function rows(step: Step): Row[] {
  const maps = step.members.map((m) => new Map(m.candidates.map((c) => [keyOf(c), c.p])))
  return step.mixture.candidates.map((phrase) => {
    const key = keyOf(phrase)
    return { key, phrase, p: phrase.p, each: maps.map((m) => m.get(key)) }
  })
}

// extend puts a phrase after the context.
export function extend(context: string, p: Phrase): string {
  return context + p.text.replaceAll('\uFFFD', '')
}

// alive are the members that answered, in order of their share.
export function byShare(members: Member[]): Member[] {
  return members.toSorted((a, b) => Number(a.error !== undefined) - Number(b.error !== undefined) || b.share - a.share)
}
