import { runSaga } from '@order-saga/operations'
import { retryDelaysMs } from './broker.ts'
import { stores } from './databases.ts'
import { asOperator } from './operators.ts'
import type { System } from './system.ts'

/** The output of `saga … --json`. */
export interface SagaOutput {
  readonly exitCode: number
  readonly error: string | null
  readonly items: readonly Record<string, unknown>[]
  readonly summary: Readonly<Record<string, unknown>>
}

/** Runs the command `saga` on the system, in this process. */
export async function saga(system: System, ...args: string[]): Promise<SagaOutput> {
  const { databases, broker } = system
  const urls = stores.map((store) => [`${store.toUpperCase()}_DB_URL`, databases.server.url(databases.names[store])])
  const environment = {
    ...(Object.fromEntries(urls) as Record<string, string>),
    RABBITMQ_URL: broker.server.url,
    ORDER_QUEUE: broker.queues.orderQueue,
    PAYMENT_QUEUE: broker.queues.paymentQueue,
    INVENTORY_QUEUE: broker.queues.inventoryQueue,
    NOTIFICATION_QUEUE: broker.queues.notificationQueue,
    RETRY_DELAYS_MS: retryDelaysMs.join(','),
    ...asOperator('system-tests'),
  }
  let [out, error] = ['', '']
  await runSaga([...args, '--json'], environment, {
    out: (text) => void (out += text),
    error: (text) => void (error += text),
    now: () => new Date(),
    signal: new AbortController().signal,
  })
  if (out === '') throw new Error(`saga ${args.join(' ')} printed nothing: ${error}`)
  return JSON.parse(out) as SagaOutput
}
