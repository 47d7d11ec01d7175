import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { RouterProvider } from '@tanstack/react-router'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { ApiError } from './lib/http'
import { router } from './routes/router'
import './styles/app.css'

const titles: [RegExp, string][] = [
  [/^\/$/, 'Playground'],
  [/^\/step/, 'One step'],
  [/\/metagraph$/, 'Metagraph'],
  [/\/incentive$/, 'Incentive'],
  [/\/neurons\//, 'Neuron'],
  [/^\/accounts/, 'Account'],
]

router.subscribe('onResolved', ({ toLocation }) => {
  const title = titles.find(([path]) => path.test(toLocation.pathname))?.[1]
  document.title = title === undefined ? 'gotensor' : `${title} · gotensor`
})

const client = new QueryClient({
  defaultOptions: {
    queries: {
      // What the gateway refused stays refused; what it could not do may work in a moment.
      retry: (failed, err) => failed < 2 && !(err instanceof ApiError && err.status >= 400 && err.status < 500),
      networkMode: 'always',
    },
  },
})

const place = document.getElementById('root')
if (!place) throw new Error('index.html has no #root')
createRoot(place, {
  // The page that failed says so to the reader; the log keeps where.
  onCaughtError: (err, info) => {
    console.warn(err, info.componentStack)
  },
}).render(
  <StrictMode>
    <QueryClientProvider client={client}>
      <RouterProvider router={router} />
    </QueryClientProvider>
  </StrictMode>,
)
