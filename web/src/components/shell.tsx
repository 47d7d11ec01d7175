import { Link, Outlet, useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { Icon, Mark, type IconName } from '@/components/icon'
import { Button } from '@/components/ui/button'
import { Readout } from '@/features/network/readout'
import { useNetuid } from '@/features/network/use-netuid'
import { useShortcuts } from '@/lib/shortcuts'
import { setTheme, useTheme, type Theme } from '@/lib/theme'
import { Help } from './help'

const look =
  'flex items-center gap-3 rounded-md text-ink no-underline hover:bg-sunk aria-[current=page]:text-needle aria-[current=page]:font-medium ' +
  'flex-col gap-0.5 px-1 py-1.5 text-[0.6875rem] md:flex-row md:gap-3 md:px-3 md:py-2 md:text-[0.9375rem]'

function Item({
  icon,
  children,
  ...to
}: {
  icon: IconName
  children: string
  to: string
  params?: { netuid: number }
}) {
  return (
    <li className="flex-1 md:flex-none">
      <Link {...to} activeOptions={{ exact: to.to === '/', includeSearch: false }} className={look}>
        <Icon name={icon} />
        {children}
      </Link>
    </li>
  )
}

const themes: Record<Theme, { next: Theme; icon: IconName; label: string }> = {
  system: { next: 'light', icon: 'system', label: 'Colours: as the system' },
  light: { next: 'dark', icon: 'sun', label: 'Colours: light' },
  dark: { next: 'system', icon: 'moon', label: 'Colours: dark' },
}

function ThemeSwitch() {
  const theme = useTheme()
  const t = themes[theme]
  return (
    <Button
      look="ghost"
      size="icon"
      aria-label={t.label}
      title={t.label}
      onClick={() => {
        setTheme(t.next)
      }}
    >
      <Icon name={t.icon} />
    </Button>
  )
}

// Shell is what stands around every page: the mark, the way to the others, and the instrument's display.
export function Shell() {
  const netuid = useNetuid()
  const navigate = useNavigate()
  const theme = useTheme()
  const [help, setHelp] = useState(false)
  useShortcuts({
    '?': () => {
      setHelp(true)
    },
    t: () => {
      setTheme(themes[theme].next)
    },
    'g p': () => void navigate({ to: '/' }),
    'g s': () => void navigate({ to: '/step' }),
    'g m': () => void navigate({ to: '/subnets/$netuid/metagraph', params: { netuid } }),
    'g i': () => void navigate({ to: '/subnets/$netuid/incentive', params: { netuid } }),
    'g a': () => void navigate({ to: '/accounts' }),
  })
  return (
    <div className="md:grid md:grid-cols-[13rem_minmax(0,1fr)]">
      <a
        href="#main"
        className="absolute top-2 left-2 z-50 -translate-y-20 rounded-md bg-ink px-4 py-2 text-paper no-underline focus:translate-y-0"
        onClick={(e) => {
          e.preventDefault()
          document.getElementById('main')?.focus()
        }}
      >
        Skip to the content
      </a>
      <header className="sticky top-0 z-20 flex h-[3.25rem] items-center gap-3 border-b border-rule bg-paper px-4 md:h-dvh md:flex-col md:items-stretch md:gap-6 md:border-r md:border-b-0 md:px-3 md:py-5">
        <Link
          to="/"
          className="flex items-center gap-2.5 text-ink no-underline md:px-2"
          aria-label="gotensor, playground"
        >
          <Mark className="size-8" />
          <span className="text-lg font-semibold tracking-tight">gotensor</span>
        </Link>
        <nav
          aria-label="Pages"
          className="fixed inset-x-0 bottom-0 z-20 border-t border-rule bg-paper px-1 pb-[env(safe-area-inset-bottom)] md:static md:border-0 md:p-0"
        >
          <ul className="flex md:grid md:gap-0.5 [&_a]:justify-center md:[&_a]:justify-start">
            <Item icon="ask" to="/">
              Playground
            </Item>
            <Item icon="step" to="/step">
              One step
            </Item>
            <Item icon="spectrum" to="/subnets/$netuid/metagraph" params={{ netuid }}>
              Metagraph
            </Item>
            <Item icon="curve" to="/subnets/$netuid/incentive" params={{ netuid }}>
              Incentive
            </Item>
            <Item icon="search" to="/accounts">
              Account
            </Item>
          </ul>
        </nav>
        <div className="ml-auto flex items-center gap-1 md:mt-auto md:ml-0 md:flex-col md:items-stretch md:gap-2">
          <Readout className="mr-1 text-right md:mr-0 md:px-3 md:text-left" />
          <div className="flex md:px-1">
            <ThemeSwitch />
            <Button
              look="ghost"
              size="icon"
              aria-label="Help and keys"
              title="Help and keys (?)"
              onClick={() => {
                setHelp(true)
              }}
            >
              <Icon name="help" />
            </Button>
          </div>
        </div>
      </header>
      <main id="main" tabIndex={-1} className="min-w-0 focus:outline-none">
        <Outlet />
      </main>
      <Help
        open={help}
        onClose={() => {
          setHelp(false)
        }}
      />
    </div>
  )
}
