import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { PassThrough } from 'node:stream'
import { createLog, DependencyUnavailable, Problem } from '@order-saga/chassis'
import { waitUntil } from '@order-saga/dev'
import { Live, type LiveOptions } from '../../src/console/live.ts'

const log = createLog('order', 'error', { write: () => undefined })

function collect(stream: PassThrough): { readonly text: string } {
  let text = ''
  stream.on('data', (part: Buffer) => (text += part.toString()))
  return {
    get text() {
      return text
    },
  }
}

describe('Live updates', () => {
  let live: Live | undefined
  afterEach(() => live?.stop())

  function start(options: Partial<LiveOptions>): Live {
    live = new Live({ read: () => Promise.resolve({}), log, intervalMs: 5, ...options })
    return live
  }

  const seen = (stream: { readonly text: string }, part: string): Promise<unknown> =>
    waitUntil(() => stream.text.includes(part), {
      what: `${JSON.stringify(part)} to be sent`,
      limitMs: 5_000,
      state: () => stream.text,
    })

  it('are read once for all clients, and sent only when they differ', async () => {
    let [reads, value] = [0, 1]
    const updates = start({ read: () => Promise.resolve({ reads: (reads += 1) && value }) })
    const clients = [updates.join(), updates.join(), updates.join()].map(collect)
    for (const client of clients) await seen(client, 'data: {"reads":1}\n\n')
    await waitUntil(() => reads > 5, { what: 'more readings', limitMs: 5_000 })
    value = 2
    for (const client of clients) await seen(client, 'data: {"reads":2}\n\n')
    for (const client of clients) assert.equal(client.text.match(/^event: overview$/gm)?.length, 2)
  })

  it('are not read while nobody listens', async () => {
    let reads = 0
    const updates = start({ read: () => Promise.resolve({ reads: (reads += 1) }) })
    const client = updates.join()
    await seen(collect(client), 'event: overview')
    client.destroy()
    await once(client, 'close')
    assert.equal(updates.clients, 0)
    // A reading that was under way may still end.
    const before = reads + 1
    let others = 0
    const other = new Live({ read: () => Promise.resolve((others += 1)), log, intervalMs: 5 })
    other.join()
    await waitUntil(() => others > 10, { what: 'ten readings of another', limitMs: 5_000 })
    other.stop()
    assert(reads <= before, `${reads} readings after ${before}`)
  })

  it('greet a later client with the newest reading', async () => {
    const updates = start({ intervalMs: 60_000, read: () => Promise.resolve({ n: 7 }) })
    await seen(collect(updates.join()), '{"n":7}')
    await seen(collect(updates.join()), '{"n":7}')
  })

  it('beat while nothing changes', async () => {
    const client = collect(start({ heartbeatMs: 10 }).join())
    await seen(client, ': heartbeat\n\n')
  })

  it('are refused with 503 beyond their number, until one leaves', async () => {
    const updates = start({ maxClients: 2 })
    const first = updates.join()
    updates.join()
    assert.throws(
      () => updates.join(),
      (error: unknown) => error instanceof Problem && error.status === 503 && error.headers['retry-after'] === '30',
    )
    first.destroy()
    await once(first, 'close')
    updates.join()
  })

  it('tell of a dependency that is away, and go on', async () => {
    let away = true
    const read = (): Promise<unknown> =>
      away ? Promise.reject(new DependencyUnavailable('database', new Error('secret host'))) : Promise.resolve({ n: 1 })
    const client = collect(start({ read }).join())
    await seen(client, 'event: trouble\ndata: {"detail":"The database does not answer."}')
    assert.doesNotMatch(client.text, /secret/)
    away = false
    await seen(client, '{"n":1}')
  })

  it('let a slow client miss readings, and give it the newest when it reads again', async () => {
    let n = 0
    const padding = 'x'.repeat(100_000)
    const updates = start({ intervalMs: 1, read: () => Promise.resolve({ n: (n += 1), padding }) })
    const slow = updates.join()
    const quick = collect(updates.join())
    await seen(quick, '"n":20,')
    assert(slow.writableLength < 1_000_000, `${slow.writableLength} bytes wait`)
    await seen(collect(slow), `"n":2`)
  })

  it('end for all when the process does, and take nobody then', async () => {
    const updates = start({})
    const client = updates.join()
    const text = collect(client)
    updates.stop()
    await once(client, 'end')
    assert.match(text.text, /event: end\ndata: \{\}\n\n$/)
    assert.throws(() => updates.join(), /about to end/)
  })
})
