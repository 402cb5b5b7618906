// needs: database
import assert from 'node:assert/strict'
import { waitUntil } from '@order-saga/dev'
import { sendAccessExamples } from '@order-saga/tests/support/access-examples'
import {
  beyondLimits,
  examplesOf,
  type PublishedExample,
  type Replacements,
  sendExample,
  sendLate,
  whileReadsWait,
} from '@order-saga/tests/support/api-examples'
import { OrderApi, type OrderApiOptions, orderDatabase } from './order-api.ts'

const database = 'openapi_examples'
const lock = { name: 'test-lock', text: 'LOCK TABLE orders IN ACCESS EXCLUSIVE MODE' }

describe('The examples of the order API', function () {
  this.timeout(30_000)
  let api: OrderApi
  let examples: PublishedExample[]
  let ids: Replacements = []
  const sent = new Set<PublishedExample>()

  before(async () => {
    await orderDatabase(database)
    api = await OrderApi.start({ database })
    const { text, headers, json } = await api.get('/openapi.json')
    assert.match(String(headers.get('content-type')), /^application\/json/, text)
    examples = examplesOf(json)
  })
  after(() => api.close())

  function named(name: string): PublishedExample {
    const example = examples.find((each) => each.name === name)
    assert.ok(example, name)
    sent.add(example)
    return example
  }

  async function withApi<T>(
    options: Omit<OrderApiOptions, 'database'>,
    use: (other: OrderApi) => Promise<T>,
  ): Promise<T> {
    const other = await OrderApi.start({ database, ...options })
    try {
      return await use(other)
    } finally {
      await other.close()
    }
  }

  it('are answered as documented', async () => {
    const accepted = named('accepted')
    const { path, headers, body } = accepted['x-request']
    const { json } = await api.send('POST', path, headers, JSON.stringify(body))
    const published = accepted.value as Record<string, string>
    ids = ['orderId', 'sagaId'].map((field) => [String(published[field]), String(json[field])] as const)
    assert.deepEqual(await sendExample(api.port, accepted, ids), json, 'the same key gives the same response')
    await sendExample(api.port, named('repeated'), ids)
    await sendExample(api.port, named('keyOfAnotherBody'), ids)
    for (const example of examples) {
      if (sent.has(example) || example['x-given'] !== undefined) continue
      sent.add(example)
      await sendExample(api.port, example, ids)
    }
  })

  it('are answered as documented at a limit of their size', async () => {
    for (const [name, more] of Object.entries(beyondLimits)) await sendExample(api.port, named(name), [], more)
  })

  it('are answered as documented at the limit of orders', async () => {
    await withApi({ maxOpenOrders: 0 }, (other) => sendExample(other.port, named('tooManyOpenOrders')))
    await withApi({ maxInProgress: 0 }, (other) => sendExample(other.port, named('tooManyRequests')))
  })

  it('are answered as documented with AUTH_MODE=jwt', async () => {
    await sendAccessExamples({ start: (access) => OrderApi.start({ database, access }), named })
  })

  it('are answered as documented while as many reads wait as may', async () => {
    let reads: Promise<unknown> | undefined
    await api.database.transaction(async (tx) => {
      await tx.query(lock)
      const act = (): Promise<unknown> => sendExample(api.port, named('tooManyReads'))
      ;({ reads } = await whileReadsWait(api.url('/orders'), act))
    })
    await reads
  })

  it('are answered as documented when the request is late', async () => {
    await withApi({}, (other) => sendLate(other.server, named('requestTimeout')))
  })

  it('are answered as documented while the database does not respond', async () => {
    await withApi({ answerMs: 100 }, async (other) => {
      await api.database.transaction(async (tx) => {
        await tx.query(lock)
        await sendExample(other.port, named('databaseUnavailable'))
      })
    })
  })

  it('are answered as documented while the first request with a key is in progress', async () => {
    const { headers, body } = named('keyInUse')['x-request']
    let first: Promise<{ status: number }> | undefined
    await api.database.transaction(async (tx) => {
      await tx.query(lock)
      first = api.post(body, headers)
      await waitUntil(async () => (await blocked()) > 0, { what: 'the first request to wait', limitMs: 10_000 })
      await sendExample(api.port, named('keyInUse'))
    })
    assert.equal((await first)?.status, 202)
  })

  async function blocked(): Promise<number> {
    const [row] = await api.database.query<{ count: number }>({
      name: 'test-blocked',
      text: `SELECT count(*) AS count FROM pg_locks WHERE NOT granted AND relation = 'orders'::regclass`,
    })
    return row?.count ?? 0
  }

  it('are answered as documented when the service has a defect', async () => {
    await api.database.query({ name: 'test-break', text: 'ALTER TABLE orders RENAME TO orders_away' })
    try {
      await sendExample(api.port, named('internalError'))
    } finally {
      await api.database.query({ name: 'test-mend', text: 'ALTER TABLE orders_away RENAME TO orders' })
    }
  })

  it('have all been sent', () => {
    assert.deepEqual(
      examples.filter((example) => !sent.has(example)).map(({ name }) => name),
      [],
    )
  })
})
