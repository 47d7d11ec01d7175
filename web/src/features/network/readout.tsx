import { useQuery } from '@tanstack/react-query'
import { cn } from '@/lib/cn'
import { ago, count } from '@/lib/units'
import { networkQuery } from './api'

// A snapshot older than this is worth a warning: blocks come every two seconds.
const stale = 30_000

// Readout is the instrument's own display: which chain, which block, how old.
export function Readout({ className }: { className?: string }) {
  const { data, isError } = useQuery(networkQuery)
  if (!data) {
    return <p className={cn('label', className)}>{isError ? 'no gateway' : 'connecting …'}</p>
  }
  if (data.height === 0) return <p className={cn('label', className)}>no block yet</p>
  const old = data.age_ms > stale
  return (
    <p className={cn('reading text-xs leading-5 text-quiet', className)}>
      <span className="hidden md:block">{data.chain_id}</span>
      <span className="text-ink">{count(data.height)}</span>
      <span className={cn('ml-2 whitespace-nowrap', (old || isError) && 'text-brass')}>
        {isError ? 'gateway silent' : ago(data.age_ms)}
      </span>
    </p>
  )
}
