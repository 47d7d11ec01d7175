import { queryOptions } from '@tanstack/react-query'
import { z } from '@/lib/z'
import { readJson } from '@/lib/http'
import { percent } from '@/lib/units'

const entry = z.object({
  id: z.string(),
  gotensor: z
    .object({
      kind: z.string(),
      about: z.string().optional(),
      uids: z.array(z.number()).optional(),
      uid: z.number().optional(),
      model: z.string().optional(),
      share: z.number().optional(),
      state: z.string().optional(),
    })
    .optional(),
})

type Entry = z.infer<typeof entry>

const list = z.object({ data: z.array(entry) })

export function modelsQuery(key: string) {
  return queryOptions({
    queryKey: ['models', key],
    queryFn: ({ signal }) => readJson(list, '/v1/models', { signal, key }),
    refetchInterval: 15_000,
    retry: false,
  })
}

export interface Group {
  name: string
  models: { id: string; label: string }[]
}

// The choices in words that fit a phone.
const choices: Record<string, string> = {
  auto: 'auto, best at the moment',
  best: 'best, earns most',
  network: 'network, many as one',
}

function label(e: Entry): string {
  const g = e.gotensor
  if (!g) return e.id
  if (g.kind === 'choice') return choices[e.id] ?? (g.about ? `${e.id}, ${g.about}` : e.id)
  if (g.kind === 'model') return g.uids && g.uids.length > 1 ? `${e.id} (${g.uids.length} neurons)` : e.id
  const parts = [
    `uid ${g.uid ?? '?'}`,
    g.model ?? '',
    g.share === undefined ? '' : percent(g.share),
    g.state === 'down' ? 'down' : '',
  ]
  return parts.filter((p) => p !== '').join(' · ')
}

// groups sorts models for a picker: choices, models by name, neurons by what they earn. One that is chosen but not listed (a hotkey from a
// link, or a neuron that has gone) stays choosable.
export function groups(entries: Entry[], chosen: string): Group[] {
  const of = (kind: string) => entries.filter((e) => (e.gotensor?.kind ?? 'model') === kind)
  const neurons = of('neuron').toSorted((a, b) => (b.gotensor?.share ?? 0) - (a.gotensor?.share ?? 0))
  const listed = of('choice')
  const out: Group[] = [
    {
      name: 'Let the gateway choose',
      models: (listed.length > 0 ? listed : [{ id: 'auto', gotensor: { kind: 'choice' } }]).map((e) => ({
        id: e.id,
        label: label(e),
      })),
    },
    { name: 'A model', models: of('model').map((e) => ({ id: e.id, label: label(e) })) },
    { name: 'One neuron', models: neurons.map((e) => ({ id: e.id, label: label(e) })) },
  ]
  if (!out.some((g) => g.models.some((m) => m.id === chosen))) {
    out.push({ name: 'From the link', models: [{ id: chosen, label: chosen }] })
  }
  return out.filter((g) => g.models.length > 0)
}
