import { useId } from 'react'
import { cn } from '@/lib/cn'

interface SegmentedProps<T extends string> {
  label: string
  value: T
  options: readonly { value: T; label: string }[]
  onChange: (value: T) => void
}

// Segmented is a group of radio buttons in one line: arrows move the choice.
export function Segmented<T extends string>({ label, value, options, onChange }: SegmentedProps<T>) {
  const name = useId()
  return (
    <fieldset className="inline-flex rounded-md border border-line bg-panel p-0.5">
      <legend className="sr-only">{label}</legend>
      {options.map((o) => (
        <label
          key={o.value}
          className={cn(
            'relative cursor-pointer rounded-[2px] px-3 py-1 text-sm has-focus-visible:outline-2 has-focus-visible:outline-verdigris',
            o.value === value ? 'bg-ink text-paper' : 'text-ink hover:bg-sunk',
          )}
        >
          <input
            type="radio"
            name={name}
            className="sr-only"
            checked={o.value === value}
            onChange={() => {
              onChange(o.value)
            }}
          />
          {o.label}
        </label>
      ))}
    </fieldset>
  )
}
