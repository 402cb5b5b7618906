// needs: database
import assert from 'node:assert/strict'
import { sendAccessExamples } from '@order-saga/tests/support/access-examples'
import {
  beyondLimits,
  examplesOf,
  type PublishedExample,
  sendExample,
  sendLate,
  whileReadsWait,
} from '@order-saga/tests/support/api-examples'
import { StockApi } from './stock-api.ts'

const lock = { name: 'test-lock', text: 'LOCK TABLE stock IN ACCESS EXCLUSIVE MODE' }

describe('The examples of the stock API', function () {
  this.timeout(30_000)
  let api: StockApi
  /** Does not wait long for its database. */
  let impatient: StockApi
  let examples: PublishedExample[]
  const sent = new Set<PublishedExample>()

  before(async () => {
    ;[api, impatient] = await Promise.all([
      StockApi.start('stock_examples'),
      StockApi.start('stock_examples_lock', { answerMs: 100 }),
    ])
    const response = await fetch(`http://127.0.0.1:${api.port}/openapi.json`)
    examples = examplesOf((await response.json()) as Record<string, unknown>)
  })
  after(async () => {
    await api.close()
    await impatient.close()
  })

  function named(name: string): PublishedExample {
    const example = examples.find((each) => each.name === name)
    assert.ok(example, name)
    sent.add(example)
    return example
  }

  it('are answered as documented', async () => {
    for (const example of examples.filter((each) => each['x-given'] === undefined)) {
      await sendExample(api.port, example)
      sent.add(example)
    }
    for (const [name, more] of Object.entries(beyondLimits)) await sendExample(api.port, named(name), [], more)
  })

  it('are answered as documented with AUTH_MODE=jwt', async () => {
    let count = 0
    const start = (access: Record<string, string>): Promise<StockApi> =>
      StockApi.start(`stock_examples_access_${(count += 1)}`, { access })
    await sendAccessExamples({ start, named, refusesCustomers: true })
  })

  it('are answered as documented while as many reads wait as may', async () => {
    let reads: Promise<unknown> | undefined
    await api.database.transaction(async (tx) => {
      await tx.query(lock)
      const act = (): Promise<unknown> => sendExample(api.port, named('tooManyReads'))
      ;({ reads } = await whileReadsWait(`http://127.0.0.1:${api.port}/stock/BOOK`, act))
    })
    await reads
  })

  it('are answered as documented when the request is late', async () => {
    await sendLate(impatient.server, named('requestTimeout'))
  })

  it('are answered as documented while the database does not respond', async () => {
    await impatient.database.transaction(async (tx) => {
      await tx.query(lock)
      await sendExample(impatient.port, named('databaseUnavailable'))
    })
  })

  it('are answered as documented when the service has a defect', async () => {
    await api.database.query({ name: 'test-break', text: 'ALTER TABLE stock RENAME TO stock_away' })
    await sendExample(api.port, named('internalError'))
  })

  it('have all been sent', () => {
    assert.deepEqual(
      examples.filter((example) => !sent.has(example)).map(({ name }) => name),
      [],
    )
  })
})
