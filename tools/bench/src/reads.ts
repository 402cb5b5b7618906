import { fork } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { percentile } from '@order-saga/tests/support/percentile'
import { BenchEnvironment } from './bench-environment.ts'
import { prefill } from './prefill.ts'

export interface ReadsOptions {
  readonly sagas: number
  /** Clients that read without a pause. */
  readonly clients: number
  /** With the reads, and as long without them. */
  readonly seconds: number
  readonly seed: number
}

export interface ReadsResult {
  readonly options: ReadsOptions
  /** p99 of POST /orders in ms: without and beside the reads. */
  readonly p99: Readonly<Record<'idle' | 'beside', number>>
  readonly refusedPosts: number
  /** Responses of the reads, by status. */
  readonly reads: Readonly<Record<string, number>>
}

const ordersPerSecond = 20
/** Windows without and with reads alternate, so that other load of the machine disturbs both alike. */
const windowSeconds = 5

/** Measures POST /orders at a low rate, alternately alone and beside clients that read as fast as they get responses. */
export async function measureReads(options: ReadsOptions, say: (line: string) => void): Promise<ReadsResult> {
  const { sagas, clients, seconds, seed } = options
  const environment = await BenchEnvironment.start({ seed, say })
  try {
    await environment.warmUp(50)
    await prefill(environment, { orders: sagas, published: 0 })
    const url = `http://127.0.0.1:${environment.system.services.order.port}`
    const windows = Math.ceil(seconds / windowSeconds)
    say(`${ordersPerSecond} orders per second, ${windows} times ${windowSeconds} s alone and beside ${clients} clients`)
    const readers = await startReaders(url, clients)
    const posts: Record<'idle' | 'beside', Post[]> = { idle: [], beside: [] }
    for (let i = 0; i < windows; i += 1) {
      posts.idle.push(...(await postFor(url, environment.sku, windowSeconds)))
      readers.start()
      posts.beside.push(...(await postFor(url, environment.sku, windowSeconds)))
      await readers.stop()
    }
    return {
      options,
      p99: { idle: p99Of(posts.idle), beside: p99Of(posts.beside) },
      refusedPosts: [...posts.idle, ...posts.beside].filter(({ status }) => status !== 202).length,
      reads: readers.close(),
    }
  } finally {
    await environment.stop()
  }
}

interface Post {
  readonly status: number
  readonly ms: number
}

const p99Of = (posts: readonly Post[]): number =>
  percentile(
    posts.map(({ ms }) => ms),
    99,
  )

/** Sends orders at a fixed rate, without waiting for responses, and waits for all responses. */
async function postFor(url: string, sku: string, seconds: number): Promise<readonly Post[]> {
  const body = JSON.stringify({ customerEmail: 'bench@example.com', items: [{ sku, qty: 1 }], amount: 10 })
  const posts: Promise<Post>[] = []
  const end = performance.now() + seconds * 1_000
  while (performance.now() < end) {
    posts.push(post(`${url}/orders`, body))
    await wait(1_000 / ordersPerSecond)
  }
  return await Promise.all(posts)
}

async function post(url: string, body: string): Promise<Post> {
  const begun = performance.now()
  const response = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
  await response.arrayBuffer()
  return { status: response.status, ms: performance.now() - begun }
}

/** The clients that read, in a process of their own: beside them, this one would measure its own delays. */
async function startReaders(url: string, clients: number) {
  const child = fork(fileURLToPath(new URL('reads-client-main.ts', import.meta.url)), [url, String(clients)])
  await once(child, 'spawn')
  const reads: Record<string, number> = {}
  return {
    start: () => void child.send('start'),
    stop: async (): Promise<void> => {
      child.send('stop')
      const [counts] = (await once(child, 'message')) as [Readonly<Record<string, number>>]
      for (const [status, count] of Object.entries(counts)) reads[status] = (reads[status] ?? 0) + count
    },
    /** @returns the responses, by status */
    close: (): Readonly<Record<string, number>> => {
      child.kill()
      return reads
    },
  }
}
