import { useQuery } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { useState } from 'react'
import { Mark } from '@/components/icon'
import { Failure, Page } from '@/components/parts'
import { Button } from '@/components/ui/button'
import { Segmented } from '@/components/ui/segmented'
import { useNetuid } from '@/features/network/use-netuid'
import { keyStore } from '@/features/settings/settings'
import { useShortcuts } from '@/lib/shortcuts'
import { useStored } from '@/lib/stored'
import { stepContext, takeStep } from './api'
import { Chart } from './chart'
import { byShare, extend } from './phrases'

const counts = [
  { value: '8', label: '8' },
  { value: '16', label: '16' },
  { value: '32', label: '32' },
] as const

export function StepPage() {
  const { k } = useSearch({ from: '/step' })
  const navigate = useNavigate({ from: '/step' })
  const netuid = useNetuid()
  const key = useStored(keyStore)
  const context = useStored(stepContext)
  const [asked, setAsked] = useState<string>()
  const { data, error, isFetching, refetch } = useQuery({
    queryKey: ['step', asked, k, key],
    queryFn: ({ signal }) => takeStep(asked ?? '', k, key, signal),
    enabled: asked !== undefined,
    placeholderData: (before) => before,
    retry: false,
    staleTime: Infinity,
  })
  useShortcuts({ '/': () => document.getElementById('context')?.focus() })
  const take = (text: string) => {
    if (text === asked) void refetch()
    else setAsked(text)
  }
  const step = data && { ...data, members: byShare(data.members) }
  return (
    <Page
      title="One step"
      about="How several neurons would go on after the same text, and the mixture of them weighted by what the chain pays each. Pick a phrase to walk on."
    >
      <form
        className="mb-8 grid max-w-3xl gap-3"
        onSubmit={(e) => {
          e.preventDefault()
          take(context)
        }}
      >
        <div className="grid gap-1">
          <label htmlFor="context" className="text-sm font-medium">
            Text so far
          </label>
          <textarea
            id="context"
            rows={3}
            value={context}
            maxLength={20_000}
            className="w-full rounded-md border border-line bg-panel px-3 py-2 font-serif text-[1.0625rem] leading-7"
            onChange={(e) => {
              stepContext.set(e.target.value)
            }}
            onKeyDown={(e) => {
              if (e.key === 'Enter' && (e.ctrlKey || e.metaKey)) take(context)
            }}
          />
        </div>
        <div className="flex flex-wrap items-center gap-3">
          <Button type="submit" look="primary" disabled={context === ''}>
            Take the step
          </Button>
          <Segmented
            label="Candidates"
            value={k === 8 ? '8' : k === 32 ? '32' : '16'}
            options={counts}
            onChange={(next) => void navigate({ search: { k: Number(next) }, replace: true })}
          />
          <span className="label">candidates</span>
          {isFetching && (
            <span role="status" className="flex items-center gap-2 text-quiet">
              <Mark busy className="size-6" /> asking …
            </span>
          )}
        </div>
      </form>
      {error && <Failure error={error} title="No step" retry={() => void refetch()} />}
      {step && !error && (
        <Chart
          step={step}
          netuid={netuid}
          onPick={(p) => {
            const next = extend(asked ?? context, p)
            stepContext.set(next)
            setAsked(next)
          }}
        />
      )}
    </Page>
  )
}
