import { useQuery } from '@tanstack/react-query'
import { networkQuery } from './api'

// useNetuid is the subnet that the pages are about unless the URL names one: the first that the gateway offers.
export function useNetuid(): number {
  const { data } = useQuery(networkQuery)
  return data?.gateway.netuids[0] ?? 1
}
