import { lookup } from 'node:dns/promises'
import { isIPv6 } from 'node:net'
import type { OpenBreaker } from '@order-saga/order'
import type { ServiceName } from '@order-saga/contracts'

const requestMs = 1_000
const sample = /^circuit_breaker_open_seconds\{dependency="([^"]*)"\} (\S+)$/gm

export type OpsUrls = Readonly<Partial<Record<ServiceName, string>>>

/**
 * The open circuit breakers, read from the metrics of the services whose address is configured. A breaker is in the memory
 * of one process, so each address that the name of a service resolves to is read; of several open ones the longest is
 * reported. A process that does not answer has none.
 */
export async function readBreakers(urls: OpsUrls, now: Date): Promise<OpenBreaker[]> {
  const services = Object.entries(urls) as [ServiceName, string][]
  const found = await Promise.all(
    services
      .filter(([, url]) => url !== '')
      .map(async ([service, url]) =>
        [...longestOpen(await metricsOfAll(url))].map(([dependency, seconds]): OpenBreaker => {
          return { service, dependency, since: new Date(now.getTime() - seconds * 1_000) }
        }),
      ),
  )
  return found.flat()
}

/** Seconds by dependency, of the breakers that are open in one of these processes. */
function longestOpen(metrics: readonly string[]): Map<string, number> {
  const open = new Map<string, number>()
  for (const [, dependency = '', value] of metrics.flatMap((text) => [...text.matchAll(sample)])) {
    const seconds = Math.max(Number(value), open.get(dependency) ?? 0)
    if (seconds > 0) open.set(dependency, seconds)
  }
  return open
}

async function metricsOfAll(url: string): Promise<string[]> {
  if (!URL.canParse(url)) return []
  const { protocol, hostname } = new URL(url)
  // A certificate is for the name.
  if (protocol === 'https:') return [await metricsOf(url)]
  const found = await lookup(hostname.replace(/^\[|\]$/g, ''), { all: true }).catch(() => [])
  return await Promise.all(
    found.map(async ({ address }) => {
      const own = new URL(url)
      own.hostname = isIPv6(address) ? `[${address}]` : address
      return await metricsOf(own.href)
    }),
  )
}

async function metricsOf(url: string): Promise<string> {
  try {
    const response = await fetch(new URL('metrics', `${url.replace(/\/$/, '')}/`), {
      signal: AbortSignal.timeout(requestMs),
    })
    return response.ok ? await response.text() : ''
  } catch {
    return ''
  }
}
