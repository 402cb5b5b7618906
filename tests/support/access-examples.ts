import { LocalIssuer, waitUntil } from '@order-saga/dev'
import { type PublishedExample, sendExample } from './api-examples.ts'
import { accessTo, allScopes } from './tokens.ts'

interface Api {
  readonly port: number
  close(): Promise<void>
}

interface AccessExamples {
  /** Starts the API with these settings of access. */
  readonly start: (access: Record<string, string>) => Promise<Api>
  readonly named: (name: string) => PublishedExample
  /** Whether customers may not read. */
  readonly refusesCustomers?: boolean
}

/** Sends the examples of callers that an API with AUTH_MODE=jwt refuses, and compares the responses. */
export async function sendAccessExamples({ start, named, refusesCustomers = false }: AccessExamples): Promise<void> {
  const issuer = await LocalIssuer.start()
  const token = await issuer.token({ scope: allScopes })
  const tokens = [
    ['<token>', token],
    ['<expired token>', await issuer.token({ scope: allScopes, lifetimeSeconds: -60 })],
    ['<token without the scope>', await issuer.token({ scope: '' })],
    ['<token of an owner>', await issuer.token({ scope: allScopes, customer: 'cust-1' })],
  ] as const
  const names = ['noToken', 'expiredToken', 'insufficientScope', ...(refusesCustomers ? ['ownerToken'] : [])]
  await withApi(start(accessTo(issuer)), async ({ port }) => {
    for (const name of names) await sendExample(port, named(name), tokens)
  })
  await withApi(start({ ...accessTo(issuer), RATE_LIMIT_PER_CALLER: '1' }), async ({ port }) => {
    const limited = async (): Promise<boolean> => {
      const sent = Array.from({ length: 5 }, () => sendExample(port, named('callerLimit'), tokens))
      return (await Promise.allSettled(sent)).some(({ status }) => status === 'fulfilled')
    }
    await waitUntil(limited, { what: 'a response as in the example callerLimit', limitMs: 10_000 })
  })
  await withApi(start(accessTo(issuer)), async ({ port }) => {
    await issuer.close()
    await sendExample(port, named('issuerUnavailable'), tokens)
  })
}

async function withApi(starting: Promise<Api>, use: (api: Api) => Promise<void>): Promise<void> {
  const api = await starting
  try {
    await use(api)
  } finally {
    await api.close()
  }
}
