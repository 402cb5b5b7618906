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
  /** Of each of the three measurements. */
  readonly seconds: number
  readonly seed: number
}

export interface ReadsResult {
  readonly options: ReadsOptions
  /** p99 of POST /orders in ms: before, during and after the reads. */
  readonly p99: Readonly<Record<'before' | 'during' | 'after', number>>
  readonly refusedPosts: number
  /** Responses of the reads, by status. */
  readonly reads: Readonly<Record<string, number>>
}

const ordersPerSecond = 20

/** Measures POST /orders at a low rate, alone and beside clients that read as fast as they get responses. */
export async function measureReads(options: ReadsOptions, say: (line: string) => void): Promise<ReadsResult> {
  const { sagas, clients, seconds, seed } = options
  const environment = await BenchEnvironment.start({ seed, say })
  try {
    await environment.warmUp(50)
    await prefill(environment, { orders: sagas, published: 0 })
    const url = `http://127.0.0.1:${environment.system.services.order.port}`
    const posts = async (name: string): Promise<readonly Post[]> => {
      say(`${name}: ${ordersPerSecond} orders per second for ${seconds} s`)
      return await postFor(url, environment.sku, seconds)
    }
    const before = await posts('before')
    const readers = await startReaders(url, clients)
    const during = await posts(`beside ${clients} clients`)
    const reads = await readers.stop()
    const after = await posts('after')
    const all = [...before, ...during, ...after]
    return {
      options,
      p99: { before: p99Of(before), during: p99Of(during), after: p99Of(after) },
      refusedPosts: all.filter(({ status }) => status !== 202).length,
      reads,
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
async function startReaders(
  url: string,
  clients: number,
): Promise<{ stop(): Promise<Readonly<Record<string, number>>> }> {
  const child = fork(fileURLToPath(new URL('reads-client-main.ts', import.meta.url)), [url, String(clients)])
  await once(child, 'spawn')
  return {
    stop: async () => {
      child.send('stop')
      const [reads] = (await once(child, 'message')) as [Readonly<Record<string, number>>]
      return reads
    },
  }
}
