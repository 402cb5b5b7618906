import { Agent, request } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'
import { connect } from 'amqplib'
import { SeededRandom } from '@order-saga/tests/support/random'
import { latenciesOf, type LoadPlan, type LoadResult } from './load-plan.ts'

const plan = JSON.parse(process.argv[2] ?? '') as LoadPlan
const connections = 64
const finishLimitMs = 30_000

interface Order {
  readonly dueAt: number
  readonly measured: boolean
  acceptedAt?: number
  endedAt?: number
}

const seeded = new SeededRandom(plan.seed)
const random = (): number => seeded.next()
const agent = new Agent({ keepAlive: true, maxSockets: connections })
const orders: Order[] = []
const bySaga = new Map<string, Order>()
/** Outcomes that arrived before the response to their POST. */
const early = new Map<string, number>()
const completions: number[] = []
let refused = 0
let failed = 0
let onCompleted = (): void => undefined

/** The address and the article determine the outcome (docs/payment-provider.md). */
function bodyOf(): string {
  const kind = random()
  const { confirmed, declined } = plan.mix
  const customerEmail = kind >= confirmed && kind < confirmed + declined ? 'decline@example.com' : 'load@example.com'
  const sku = kind >= confirmed + declined ? 'SIM-NONE' : plan.sku
  return JSON.stringify({ customerEmail, items: [{ sku, qty: 1 }], amount: 12.5, currency: 'USD' })
}

function send(order: Order): void {
  orders.push(order)
  const body = bodyOf()
  const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }
  const outgoing = request(`${plan.orderUrl}/orders`, { method: 'POST', agent, headers }, (response) => {
    let text = ''
    response.setEncoding('utf8')
    response.on('data', (chunk: string) => (text += chunk))
    response.on('end', () => {
      if (response.statusCode !== 202) {
        refused += 1
        onCompleted()
        return
      }
      order.acceptedAt = performance.now()
      const { sagaId } = JSON.parse(text) as { sagaId: string }
      const endedAt = early.get(sagaId)
      if (endedAt === undefined) bySaga.set(sagaId, order)
      else order.endedAt = endedAt
      early.delete(sagaId)
    })
  })
  outgoing.on('error', () => {
    failed += 1
    onCompleted()
  })
  outgoing.end(body)
}

function complete(sagaId: string): void {
  const now = performance.now()
  completions.push(now)
  const order = bySaga.get(sagaId)
  if (order === undefined) early.set(sagaId, now)
  else order.endedAt = now
  bySaga.delete(sagaId)
  onCompleted()
}

const connection = await connect(plan.rabbitMqUrl)
const channel = await connection.createChannel()
const { queue } = await channel.assertQueue('', { exclusive: true })
for (const event of ['order.confirmed', 'order.cancelled']) await channel.bindQueue(queue, plan.exchange, event)
await channel.consume(queue, (message) => message && complete(String(message.properties.correlationId)), {
  noAck: true,
})

const startedAt = performance.now()
const [from, to] = [startedAt + plan.warmUpS * 1_000, startedAt + (plan.warmUpS + plan.seconds) * 1_000]
const isMeasured = (at: number): boolean => at >= from && at < to
const say = (word: string): void => void process.stdout.write(`${word}\n`)
setTimeout(() => say('begin'), from - startedAt)
setTimeout(() => say('end'), to - startedAt)

const { arrivals } = plan
if ('open' in arrivals) {
  const next = (): void => {
    const now = performance.now()
    if (now < to) send({ dueAt: now, measured: isMeasured(now) })
  }
  onCompleted = next
  for (let count = 0; count < arrivals.open; count += 1) next()
  await pause(to - startedAt)
} else {
  let dueAt = startedAt
  while (dueAt < to) {
    const aheadMs = dueAt - performance.now()
    if (aheadMs > 1) await pause(aheadMs)
    // Sends all orders that are due, also late ones: their latency counts from the due time (no coordinated omission).
    while (dueAt <= performance.now() && dueAt < to) {
      send({ dueAt, measured: isMeasured(dueAt) })
      dueAt += (-Math.log(1 - random()) * 1_000) / arrivals.rate
    }
  }
}

const measured = orders.filter((order) => order.measured)
const limit = performance.now() + finishLimitMs
const isOpen = ({ acceptedAt, endedAt }: Order): boolean => acceptedAt !== undefined && endedAt === undefined
while (orders.some(isOpen) && performance.now() < limit) await pause(50)

const result: LoadResult = {
  offered: measured.length,
  accepted: measured.filter(({ acceptedAt }) => acceptedAt !== undefined).length,
  refused,
  failed,
  completed: completions.filter(isMeasured).length,
  seconds: plan.seconds,
  post: latenciesOf(measured.flatMap(({ acceptedAt, dueAt }) => (acceptedAt === undefined ? [] : acceptedAt - dueAt))),
  outcome: latenciesOf(measured.flatMap(({ endedAt, dueAt }) => (endedAt === undefined ? [] : endedAt - dueAt))),
  unfinished: measured.filter(isOpen).length,
}
agent.destroy()
await connection.close()
say(JSON.stringify(result))
