import type { ComponentProps } from 'react'
import { cn } from '@/lib/cn'

const looks = {
  primary: 'bg-needle text-panel hover:bg-needle/90 disabled:bg-sunk disabled:text-quiet',
  plain: 'border border-line bg-panel text-ink hover:bg-sunk disabled:text-quiet disabled:border-rule',
  ghost: 'text-ink hover:bg-sunk disabled:text-quiet',
}

const sizes = { md: 'h-10 px-4', sm: 'h-8 px-2.5 text-sm', icon: 'size-10' }

export interface ButtonProps extends ComponentProps<'button'> {
  look?: keyof typeof looks
  size?: keyof typeof sizes
}

export function Button({ look = 'plain', size = 'md', className, type = 'button', ...rest }: ButtonProps) {
  return (
    <button
      type={type}
      className={cn(
        'inline-flex shrink-0 items-center justify-center gap-2 rounded-md font-medium whitespace-nowrap transition-colors duration-100',
        looks[look],
        sizes[size],
        className,
      )}
      {...rest}
    />
  )
}
