import { useEffect, useId, useRef, type ReactNode } from 'react'
import { cn } from '@/lib/cn'
import { Icon } from '@/components/icon'
import { Button } from './button'

interface DialogProps {
  open: boolean
  onClose: () => void
  title: string
  children: ReactNode
  // side: a sheet at the right edge instead of the middle.
  side?: boolean
}

// Dialog is the platform's modal dialog: it traps focus, closes by Escape and gives focus back.
export function Dialog({ open, onClose, title, children, side = false }: DialogProps) {
  const ref = useRef<HTMLDialogElement>(null)
  const id = useId()
  useEffect(() => {
    const dialog = ref.current
    if (!dialog) return
    if (open && !dialog.open) dialog.showModal()
    if (!open && dialog.open) dialog.close()
  }, [open])
  return (
    <dialog
      ref={ref}
      aria-labelledby={id}
      onClose={onClose}
      onClick={(e) => {
        if (e.target === ref.current) onClose()
      }}
      className={cn(
        'rounded-lg border border-rule bg-panel p-0 text-ink shadow-xl',
        side
          ? 'mr-0 h-dvh max-h-dvh w-[min(24rem,100vw)] max-w-none rounded-r-none'
          : 'max-h-[min(85dvh,46rem)] w-[min(40rem,calc(100vw-2rem))] max-w-none',
      )}
    >
      {open && (
        <div className="flex max-h-[inherit] flex-col">
          <div className="flex items-center justify-between gap-4 border-b border-rule py-2 pr-2 pl-5">
            <h2 id={id} className="text-lg font-semibold">
              {title}
            </h2>
            <Button look="ghost" size="icon" aria-label="Close" onClick={onClose}>
              <Icon name="close" />
            </Button>
          </div>
          <div className="overflow-y-auto p-5">{children}</div>
        </div>
      )}
    </dialog>
  )
}
