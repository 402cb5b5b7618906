// needs: own-servers
import assert from 'node:assert/strict'
import {
  deadLetterQueue,
  ownExchange,
  retryQueue,
  serviceQueues,
  services,
  topologyOf,
  type TopologyPlan,
  workQueuesOf,
} from '@order-saga/contracts'
import { type ConfirmChannel, connect, type GetMessage } from 'amqplib'
import pMap from 'p-map'
import { stores } from '../../support/databases.ts'
import { saga } from '../../support/saga.ts'
import { someCustomer, someSku } from '../../support/shop.ts'
import { useSystem } from '../../support/use-system.ts'
import { Attacker, type BrokerAnswer } from './attacker.ts'
import {
  attackers,
  type Attempt,
  attemptsOnBroker,
  attemptsOnConsumers,
  type AttackingUser,
  type Fate,
} from './attempts.ts'
import { chartDefinitions } from './chart-definitions.ts'
import { contentOf, type Targets } from './forged-content.ts'

type Attackers = ReadonlyMap<AttackingUser, Attacker>

const concurrency = 50

async function connectAll(urlOf: (user: AttackingUser) => string): Promise<Attackers> {
  return new Map(await Promise.all(attackers.map(async (user) => [user, await Attacker.connect(urlOf(user))] as const)))
}

async function closeAll(connections: Attackers): Promise<void> {
  await Promise.all([...connections.values()].map((attacker) => attacker.close()))
}

/** @throws AssertionError unless the broker permits exactly the entitled publications */
async function attack(connections: Attackers, attempts: readonly Attempt[], content: (of: Attempt) => string) {
  const mapper = async (one: Attempt): Promise<readonly [Attempt, BrokerAnswer]> => {
    const { id, user, exchange, routingKey, type, headers } = one
    const options = { messageId: id, headers, persistent: true, ...(type !== undefined && { type }) }
    const publication = { exchange, routingKey, content: content(one), options }
    return [one, await (connections.get(user) as Attacker).publish(publication)]
  }
  const answers = await pMap(attempts, mapper, { concurrency })
  const wrong = answers.filter(([one, answer]) => answer !== expectedAnswer(one))
  assert.deepEqual(wrong, [])
}

function expectedAnswer({ permitted, fates }: Attempt): BrokerAnswer {
  if (!permitted) return 'refused'
  return Object.keys(fates).length > 0 ? 'routed' : 'unroutable'
}

/** The number of copies that reach the queues of each service. */
function copiesOf(attempts: readonly Attempt[], counted: (fate: Fate) => boolean = () => true): number[] {
  return services.map((service) => attempts.flatMap(({ fates }) => fates[service] ?? []).filter(counted).length)
}

const denied = (act: string, attacker: Attacker, work: (on: ConfirmChannel) => Promise<unknown>) => ({
  act,
  permitted: false,
  run: () => attacker.mayDo(work),
})

describe('The users of the broker', function () {
  this.timeout(240_000)
  const system = useSystem(() => ({
    separateUsers: (definitions) => definitions,
    envOf: { order: { SAGA_TIMEOUT_MS: 600_000 } },
  }))

  describe('with the definitions of the chart', () => {
    const vhost = 'chart'
    const names = {
      orderQueue: 'order_queue',
      paymentQueue: 'payment_queue',
      inventoryQueue: 'inventory_queue',
      notificationQueue: 'notification_queue',
    }
    const plan = {
      exchange: 'order.topic',
      queues: serviceQueues(names),
      retryDelaysMs: [1_000, 5_000, 15_000, 45_000],
    }
    let connections: Attackers

    before(async () => {
      const { broker } = system()
      await broker.load(chartDefinitions(vhost, (user) => broker.passwordOf(user)))
      connections = await connectAll((user) => `${broker.urlOf(user)}/${vhost}`)
    })
    after(() => closeAll(connections))

    it('publish only their own events and to their own queues', async () => {
      const attempts = attemptsOnBroker(plan)
      await attack(connections, attempts, () => 'x')
      const model = await connect(`${system().broker.urlOf('admin')}/${vhost}`)
      try {
        const channel = await model.createChannel()
        await system().until('the permitted messages, and no others, in the queues', async () => {
          const counts = plan.queues.map(async (own) => {
            const { queues } = topologyOf({ ...plan, queues: [own] })
            const depths = await Promise.all(queues.map(async ({ name }) => await channel.checkQueue(name)))
            return depths.reduce((sum, { messageCount }) => sum + messageCount, 0)
          })
          return (await Promise.all(counts)).join() === copiesOf(attempts).join()
        })
      } finally {
        await model.close()
      }
    })

    it('read only their own queues, and change no topology', () => attackQueues(connections, plan))
  })

  describe('with the generated definitions', () => {
    let connections: Attackers

    before(async () => {
      connections = await connectAll((user) => system().broker.urlOf(user))
    })
    after(() => closeAll(connections))

    it('publish only their own events and to their own queues', async () => {
      const refused = attemptsOnBroker(system().broker.plan).filter((one) => expectedAnswer(one) !== 'routed')
      await attack(connections, refused, () => 'x')
    })

    it('read only their own queues, and change no topology', () => attackQueues(connections, system().broker.plan))

    it('cannot forge an event: it is refused, reported and never replayed, and no saga changes', async () => {
      const { broker } = system()
      const { event, ...targets } = await createTargets()
      const before = await everyRow()
      const attempts = attemptsOnConsumers(broker.plan)
      await attack(connections, attempts, (one) => contentOf(one, targets))
      const depths = (): Promise<number[]> =>
        Promise.all(services.map((service) => broker.depth(deadLetterQueue(broker.queueOf(service)))))
      const expected = copiesOf(attempts)
      await system().until('all messages in the dead-letter queues', async () => {
        return (await depths()).join() === expected.join()
      })
      const forged = copiesOf(attempts, (fate) => fate === 'forged')
      for (const [i, service] of services.entries()) {
        assert.equal((await system().metrics(service)).sum('event_forged_total'), forged[i], service)
        const reports = system().services[service].log.filter((line) =>
          line.includes('"securityEvent":"forged_message"'),
        )
        assert(reports.length > 0 && reports.length <= Number(forged[i]), `${reports.length} reports of ${service}`)
      }
      const { items } = await saga(system(), 'dead-letters', 'replay', '--died-of', 'forged: ', '--reason', 'attack')
      assert.deepEqual([...new Set(items.map(({ result }) => result))], ['failed'])
      assert.equal(
        items.length,
        forged.reduce((sum, count) => sum + count, 0),
      )
      assert.deepEqual(await depths(), expected)
      assert.deepEqual(await everyRow(), before)
      await assertFates(attempts)
      const { content, fields, properties } = event
      await broker.publish(fields.routingKey, { content, options: properties })
      assert.equal((await system().untilFinal(targets.open.sagaId)).status, 'completed')
    })
  })

  it('complete the sagas of all flows', async () => {
    const flows = [
      [await system().shop.post(), 'completed'],
      [await system().shop.post({ customerEmail: someCustomer('decline') }), 'cancelled'],
      [await system().shop.post({ items: [{ sku: 'SIM-NONE', qty: 1 }] }), 'cancelled'],
    ] as const
    for (const [{ sagaId }, status] of flows) assert.equal((await system().untilFinal(sagaId)).status, status)
    await system().settle()
    assert.deepEqual(await system().broker.depths(), {})
  })

  async function attackQueues(connections: Attackers, plan: TopologyPlan): Promise<void> {
    const queues = plan.queues.flatMap((own) => {
      const moved = [deadLetterQueue(own.queue), ...plan.retryDelaysMs.map((delayMs) => retryQueue(own.queue, delayMs))]
      const all = topologyOf({ ...plan, queues: [own] }).queues.map(({ name }) => name)
      const readers = (name: string): AttackingUser[] => [
        ...(workQueuesOf(own).includes(name) ? [own.service] : []),
        ...(moved.includes(name) ? (['operations'] as const) : []),
      ]
      return all.map((name) => ({ name, exchange: ownExchange(own.queue), readers: readers(name) }))
    })
    const acts = [...connections].flatMap(([user, attacker]) => [
      ...queues.flatMap(({ name, exchange, readers }) => {
        const reads = readers.includes(user)
        return [
          { act: `${user} reads ${name}`, permitted: reads, run: () => attacker.mayDo((on) => on.get(name)) },
          // A user may purge a queue that it may consume.
          ...(reads ? [] : [denied(`${user} purges ${name}`, attacker, (on) => on.purgeQueue(name))]),
          denied(`${user} binds ${name}`, attacker, (on) => on.bindQueue(name, plan.exchange, '#')),
          denied(`${user} binds ${name} to ${exchange}`, attacker, (on) => on.bindQueue(name, exchange, 'x')),
          denied(`${user} unbinds ${name}`, attacker, (on) => on.unbindQueue(name, exchange, name)),
          denied(`${user} deletes ${name}`, attacker, (on) => on.deleteQueue(name)),
        ]
      }),
      ...plan.queues.flatMap(({ queue }) => [
        denied(`${user} binds an exchange`, attacker, (on) => on.bindExchange(ownExchange(queue), plan.exchange, '#')),
        denied(`${user} deletes an exchange`, attacker, (on) => on.deleteExchange(ownExchange(queue))),
      ]),
      denied(`${user} deletes ${plan.exchange}`, attacker, (on) => on.deleteExchange(plan.exchange)),
      denied(`${user} adds a queue`, attacker, (on) => on.assertQueue('', { exclusive: true })),
      denied(`${user} adds an exchange`, attacker, (on) => on.assertExchange('new', 'fanout')),
    ])
    const results = await pMap(acts, async ({ act, permitted, run }) => ({ act, permitted, was: await run() }), {
      concurrency,
    })
    assert.deepEqual(
      results.filter(({ permitted, was }) => permitted !== was),
      [],
    )
  }

  /** The event order.created of the open order is taken from its queue, so that the saga waits for its payment. */
  async function createTargets(): Promise<Targets & { readonly event: GetMessage }> {
    const { broker, services: processes, shop } = system()
    const items = [{ sku: someSku(), qty: 1 }]
    const confirmed = await shop.post({ items })
    await system().untilFinal(confirmed.sagaId)
    await system().settle()
    await processes.payment.stop()
    const open = await shop.post({ items })
    const channel = await broker.channel()
    const taken = (): Promise<GetMessage | false> => channel.get(broker.queueOf('payment'), { noAck: true })
    const event = await system().until('the event of the open order', taken)
    await system().start('payment')
    return { open, confirmed, items, event }
  }

  /** Every row of every table but the record of operators' acts, as text. */
  async function everyRow(): Promise<string[]> {
    const read = stores.map(async (store) => {
      const tables = await system().sql<{ name: string }>(
        store,
        `SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public' AND tablename NOT LIKE 'operator%' ORDER BY 1`,
      )
      const rows = tables.map(async ({ name }) => {
        const found = await system().sql<{ text: string }>(store, `SELECT t::text AS text FROM ${name} t ORDER BY 1`)
        return found.map(({ text }) => `${store} ${name} ${text}`)
      })
      return (await Promise.all(rows)).flat()
    })
    return (await Promise.all(read)).flat()
  }

  /** Takes all dead letters. @throws AssertionError unless each copy of each message has the expected fate */
  async function assertFates(attempts: readonly Attempt[]): Promise<void> {
    for (const service of services) {
      const found = new Map<string, string[]>()
      for (const { properties } of await system().broker.takeDeadLetters(service)) {
        const id = String(properties.messageId)
        found.set(id, [...(found.get(id) ?? []), fateOf(properties.headers?.['reason'])])
      }
      const wrong = attempts.flatMap((one) => {
        const fates = found.get(one.id)?.toSorted() ?? []
        return fates.join() === (one.fates[service] ?? []).join() ? [] : [{ ...one, service, fates }]
      })
      assert.deepEqual(wrong, [])
    }
  }
})

/** A message with a malformed payload was accepted for what it claims to be. */
function fateOf(reason: unknown): string {
  if (reason === undefined) return 'raw' satisfies Fate
  const text = reason as string
  if (text.startsWith('forged: ')) return 'forged' satisfies Fate
  if (text.startsWith('unknown event: ')) return 'unknown' satisfies Fate
  return text.startsWith('malformed envelope: payload') ? ('accepted' satisfies Fate) : text
}
