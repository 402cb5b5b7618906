import type { OpenBreaker } from '@order-saga/order'
import type { ServiceName } from '@order-saga/contracts'

const requestMs = 1_000
const sample = /^circuit_breaker_open_seconds\{dependency="([^"]*)"\} (\S+)$/gm

export type OpsUrls = Readonly<Partial<Record<ServiceName, string>>>

/**
 * The open circuit breakers, read from the metrics of the services whose address is configured. A breaker is in the memory
 * of one process: behind an address with several pods one of them answers. A service that does not answer has none.
 */
export async function readBreakers(urls: OpsUrls, now: Date): Promise<OpenBreaker[]> {
  const services = Object.entries(urls) as [ServiceName, string][]
  const found = await Promise.all(
    services
      .filter(([, url]) => url !== '')
      .map(async ([service, url]) =>
        [...(await metricsOf(url)).matchAll(sample)].flatMap(([, dependency = '', value]): OpenBreaker[] => {
          const seconds = Number(value)
          const since = new Date(now.getTime() - seconds * 1_000)
          return seconds > 0 ? [{ service, dependency, since }] : []
        }),
      ),
  )
  return found.flat()
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
