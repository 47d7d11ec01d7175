import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Link,
  stripSearchParams,
} from '@tanstack/react-router'
import { Failure, Page, Waiting } from '@/components/parts'
import { Shell } from '@/components/shell'
import { Playground } from '@/features/playground/playground'
import { incentiveSearch, metagraphSearch, numberIn, playgroundSearch, stepSearch } from './search'

function NotFound() {
  return (
    <Page title="There is no such page">
      <p>
        The link may be old. <Link to="/">Go to the playground.</Link>
      </p>
    </Page>
  )
}

const root = createRootRoute({ component: Shell, notFoundComponent: NotFound })

const playground = createRoute({
  getParentRoute: () => root,
  path: '/',
  validateSearch: playgroundSearch,
  search: { middlewares: [stripSearchParams({ model: 'auto' })] },
  component: Playground,
})

const step = createRoute({
  getParentRoute: () => root,
  path: '/step',
  validateSearch: stepSearch,
  search: { middlewares: [stripSearchParams({ k: 16 })] },
  component: lazyRouteComponent(() => import('@/features/step/page'), 'StepPage'),
})

const netuid = {
  params: {
    parse: (p: { netuid: string }) => ({ netuid: numberIn(p.netuid) }),
    stringify: (p: { netuid: number }) => ({ netuid: String(p.netuid) }),
  },
}

const metagraph = createRoute({
  getParentRoute: () => root,
  path: '/subnets/$netuid/metagraph',
  ...netuid,
  validateSearch: metagraphSearch,
  search: { middlewares: [stripSearchParams({ sort: 'incentive' as const, desc: true, q: '', show: 'all' as const })] },
  component: lazyRouteComponent(() => import('@/features/metagraph/page'), 'MetagraphPage'),
})

const incentive = createRoute({
  getParentRoute: () => root,
  path: '/subnets/$netuid/incentive',
  ...netuid,
  validateSearch: incentiveSearch,
  search: { middlewares: [stripSearchParams({ top: 8, hide: '' })] },
  component: lazyRouteComponent(() => import('@/features/incentive/page'), 'IncentivePage'),
})

const neuron = createRoute({
  getParentRoute: () => root,
  path: '/subnets/$netuid/neurons/$uid',
  params: {
    parse: (p) => ({ netuid: numberIn(p.netuid), uid: numberIn(p.uid) }),
    stringify: (p) => ({ netuid: String(p.netuid), uid: String(p.uid) }),
  },
  component: lazyRouteComponent(() => import('@/features/neuron/page'), 'NeuronPage'),
})

const accounts = createRoute({
  getParentRoute: () => root,
  path: '/accounts',
  component: lazyRouteComponent(() => import('@/features/account/find'), 'FindAccount'),
})

const account = createRoute({
  getParentRoute: () => root,
  path: '/accounts/$address',
  component: lazyRouteComponent(() => import('@/features/account/page'), 'AccountPage'),
})

export const router = createRouter({
  routeTree: root.addChildren([playground, step, metagraph, incentive, neuron, accounts, account]),
  defaultPreload: 'intent',
  scrollRestoration: true,
  defaultPendingComponent: () => (
    <Page title="">
      <Waiting what="the page" />
    </Page>
  ),
  defaultErrorComponent: ({ error }) => (
    <Page title="This page does not open">
      <Failure error={error} />
    </Page>
  ),
})

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router
  }
}
