import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { Page } from '@/components/parts'
import { Button } from '@/components/ui/button'
import { Field, Input } from '@/components/ui/field'

// wrongWith says what is wrong with an address before the gateway is asked; the checksum is the gateway's to check.
export function wrongWith(address: string): string | undefined {
  if (address === '') return 'An address begins with tao1.'
  if (!address.startsWith('tao1')) return `“${address.slice(0, 12)}” is no address: one begins with tao1.`
  if (!/^tao1[02-9ac-hj-np-z]{38}$/.test(address))
    return `An address has 42 characters; this has ${address.length}, or one that does not occur in addresses.`
  return undefined
}

export function FindAccount() {
  const navigate = useNavigate()
  const [text, setText] = useState('')
  const [wrong, setWrong] = useState<string>()
  return (
    <Page
      title="Account"
      about="Balance, stake and neurons of any address. All of it is public: it stands on the chain."
    >
      <form
        className="flex max-w-2xl flex-wrap items-start gap-3"
        onSubmit={(e) => {
          e.preventDefault()
          const address = text.trim().toLowerCase()
          const problem = wrongWith(address)
          setWrong(problem)
          if (problem === undefined) void navigate({ to: '/accounts/$address', params: { address } })
        }}
      >
        <div className="min-w-0 flex-1 basis-72">
          <Field
            label="Address"
            hint={
              wrong === undefined ? 'Of a coldkey or a hotkey, tao1…' : <span className="text-needle">{wrong}</span>
            }
          >
            {(id, hintId) => (
              <Input
                id={id}
                aria-describedby={hintId}
                aria-invalid={wrong !== undefined}
                spellCheck={false}
                autoComplete="off"
                autoCapitalize="none"
                placeholder="tao1"
                value={text}
                className="font-mono"
                onChange={(e) => {
                  setText(e.target.value)
                }}
              />
            )}
          </Field>
        </div>
        <Button type="submit" look="primary" className="mt-6">
          Look it up
        </Button>
      </form>
    </Page>
  )
}
