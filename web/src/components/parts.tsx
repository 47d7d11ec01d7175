import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import { Button } from '@/components/ui/button'
import { cn } from '@/lib/cn'
import { said, sentence } from '@/lib/http'
import { short } from '@/lib/units'

// Page is the frame of a page of readings: a heading, what it shows in a sentence, and beside it what steers it.
export function Page({
  title,
  about,
  aside,
  children,
}: {
  title: string
  about?: ReactNode
  aside?: ReactNode
  children: ReactNode
}) {
  return (
    <div className="mx-auto w-full max-w-[84rem] px-4 pt-6 pb-24 sm:px-8 md:pb-12">
      <div className="mb-6 flex flex-wrap items-end justify-between gap-x-8 gap-y-4">
        <div className="grid max-w-2xl gap-1.5">
          <h1 className="text-2xl font-semibold tracking-tight">{title}</h1>
          {about !== undefined && <p className="text-quiet">{about}</p>}
        </div>
        {aside}
      </div>
      {children}
    </div>
  )
}

// Reading is a number as the instrument shows it, with its name above and a few words on what it means below.
export function Reading({
  name,
  value,
  means,
  strong = false,
}: {
  name: string
  value: ReactNode
  means?: ReactNode
  strong?: boolean
}) {
  return (
    <div className="grid content-start gap-0.5">
      <dt className="label">{name}</dt>
      <dd className={cn('reading break-words', strong ? 'text-2xl text-needle' : 'text-lg')}>{value}</dd>
      {means !== undefined && <dd className="max-w-[34ch] text-sm text-quiet">{means}</dd>}
    </div>
  )
}

export function Failure({
  error,
  retry,
  title = 'No reading',
}: {
  error: unknown
  retry?: () => void
  title?: string
}) {
  return (
    <div
      role="alert"
      className="flex flex-wrap items-center gap-x-4 gap-y-2 border-l-2 border-needle bg-panel px-4 py-3"
    >
      <p className="min-w-0 flex-1 basis-60 break-words">
        <strong className="font-semibold text-needle">{title}.</strong> {sentence(said(error))}
      </p>
      {retry && (
        <Button size="sm" onClick={retry}>
          Try again
        </Button>
      )}
    </div>
  )
}

export function Waiting({ what }: { what: string }) {
  return (
    <p role="status" className="py-10 text-quiet">
      Reading {what} …
    </p>
  )
}

const states: Record<string, string> = {
  up: 'text-verdigris',
  down: 'text-needle',
  trying: 'text-brass',
  unknown: 'text-quiet',
}

// State is a neuron's, as this gateway sees it: a word with a dot of its colour.
export function State({ state, serves }: { state: string; serves: boolean }) {
  const word = serves ? state || 'unknown' : 'not serving'
  return (
    <span
      className={cn(
        'inline-flex items-center gap-1.5 text-sm whitespace-nowrap',
        serves ? (states[word] ?? 'text-quiet') : 'text-quiet',
      )}
    >
      <span
        aria-hidden="true"
        className={cn('size-2 rounded-full', serves && word !== 'unknown' ? 'bg-current' : 'border border-current')}
      />
      {word}
    </span>
  )
}

export function Account({ address, whole = false }: { address: string; whole?: boolean }) {
  return (
    <Link to="/accounts/$address" params={{ address }} title={address} className="reading break-all">
      {whole ? address : short(address)}
    </Link>
  )
}

// Gauge is a thin bar for a fraction 0..1; the number stands beside it.
export function Gauge({ value, tone = 'bg-needle' }: { value: number; tone?: string }) {
  return (
    <span aria-hidden="true" className="block h-1 w-full overflow-hidden rounded-full bg-rule/60">
      <span className={cn('block h-full', tone)} style={{ width: `${Math.min(1, Math.max(0, value)) * 100}%` }} />
    </span>
  )
}
