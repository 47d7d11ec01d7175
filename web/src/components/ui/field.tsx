import { useId, type ComponentProps, type ReactNode } from 'react'
import { cn } from '@/lib/cn'

const control =
  'h-10 w-full min-w-0 rounded-md border border-line bg-panel px-3 text-ink disabled:border-rule disabled:text-quiet aria-invalid:border-needle'

// Field ties a label, a control and a hint together.
export function Field({
  label,
  hint,
  children,
}: {
  label: string
  hint?: ReactNode
  children: (id: string, hintId: string) => ReactNode
}) {
  const id = useId()
  const hintId = `${id}-hint`
  return (
    <div className="grid content-start gap-1">
      <label htmlFor={id} className="text-sm font-medium">
        {label}
      </label>
      {children(id, hintId)}
      {hint !== undefined && (
        <p id={hintId} className="label">
          {hint}
        </p>
      )}
    </div>
  )
}

export function Input({ className, ...rest }: ComponentProps<'input'>) {
  return <input className={cn(control, className)} {...rest} />
}

// Select is the platform's own: best on a phone and for screen readers.
export function Select({ className, ...rest }: ComponentProps<'select'>) {
  return <select className={cn(control, 'appearance-auto pr-1', className)} {...rest} />
}
