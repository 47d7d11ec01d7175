import { useQuery } from '@tanstack/react-query'
import { Select } from '@/components/ui/field'
import { keyStore } from '@/features/settings/settings'
import { useStored } from '@/lib/stored'
import { groups, modelsQuery } from './models'

interface PickerProps {
  label: string
  value: string
  onChange: (model: string) => void
}

// Picker chooses who is asked.
export function Picker({ label, value, onChange }: PickerProps) {
  const key = useStored(keyStore)
  const { data } = useQuery(modelsQuery(key))
  return (
    <Select
      aria-label={label}
      value={value}
      className="max-w-full flex-1 basis-32 truncate sm:max-w-80 sm:basis-52"
      onChange={(e) => {
        onChange(e.target.value)
      }}
    >
      {groups(data?.data ?? [], value).map((g) => (
        <optgroup key={g.name} label={g.name}>
          {g.models.map((m) => (
            <option key={m.id} value={m.id}>
              {m.label}
            </option>
          ))}
        </optgroup>
      ))}
    </Select>
  )
}
