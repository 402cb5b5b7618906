// needs: database, broker
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { waitUntil } from '@order-saga/dev'
import { rolesOf } from '@order-saga/tests/support/database-roles'
import { Client } from 'pg'
import { append, type Scenario, writeScenario } from '../scenarios.ts'
import { bodyOf, useOperatedSystem } from './operated-system.ts'

const minute = 60_000

describe('saga list', function () {
  this.timeout(60_000)
  const system = useOperatedSystem()

  it('shows sagas by status and age, the oldest first', async () => {
    const ago = (minutes: number): Date => new Date(Date.now() - minutes * minute)
    const young = await writeScenario(system().data, 'pending', ago(1))
    const old = await writeScenario(system().data, 'pending', ago(30))
    const done = await writeScenario(system().data, 'confirmed', ago(60))
    const refunding = await writeScenario(system().data, 'refunding', ago(45))
    const found = async (...filter: string[]): Promise<unknown[]> =>
      (await system().json('list', ...filter)).items.map(({ sagaId }) => sagaId)
    assert.deepEqual(
      await found(),
      [done, refunding, old, young].map(({ sagaId }) => sagaId),
    )
    assert.deepEqual(await found('--status', 'pending'), [old.sagaId, young.sagaId])
    assert.deepEqual(await found('--status', 'pending', '--older-than', '5m'), [old.sagaId])
    assert.deepEqual(await found('--status', 'cancelled'), [])
    const { code, out } = await system().run(['list', '--status', 'refunding'])
    assert.equal(code, 0)
    const row = `^${refunding.sagaId}  ${refunding.orderId}  refunding/refund_requested  - +45 min  \\d s ago +44 min ago +-$`
    assert.match(out, new RegExp(row, 'm'))
  })

  it('shows a page at a time', async () => {
    const scenarios: Scenario[] = []
    for (let n = 5; n > 0; n -= 1)
      scenarios.push(await writeScenario(system().data, 'pending', new Date(Date.now() - n * minute)))
    const seen: unknown[] = []
    let next: string[] = []
    for (let page = 1; page <= 3; page += 1) {
      const { items, summary } = await system().json('list', '--limit', '2', ...next)
      seen.push(...items.map(({ sagaId }) => sagaId))
      next = ['--after', String(summary['next'])]
    }
    assert.deepEqual(
      seen,
      scenarios.map(({ sagaId }) => sagaId),
    )
    assert.deepEqual(next, ['--after', 'null'])
  })

  it('shows the sagas with violations only, by status and a page at a time', async () => {
    const ago = (minutes: number): Date => new Date(Date.now() - minutes * minute)
    await writeScenario(system().data, 'confirmed', ago(60))
    const [old, young] = [
      await writeScenario(system().data, 'timedOut', ago(50)),
      await writeScenario(system().data, 'pending', ago(1)),
    ]
    for (const [n, { sagaId }] of [old, young].entries()) {
      await system().data.sql(
        'order',
        'INSERT INTO saga_violations (saga_id, violations, first_at, last_at) VALUES ($1, $2, now(), now())',
        [sagaId, n + 1],
      )
    }
    const found = async (...filter: string[]): Promise<unknown[]> =>
      (await system().json('list', '--violations', ...filter)).items.map(({ sagaId, violations }) => [
        sagaId,
        violations,
      ])
    const all = [
      [old.sagaId, 1],
      [young.sagaId, 2],
    ]
    assert.deepEqual(await found(), all)
    assert.deepEqual(await found('--status', 'pending'), all.slice(1))
    assert.deepEqual(await found('--older-than', '5m'), all.slice(0, 1))
    await system().data.sql('order', `UPDATE orders SET customer_id = 'c-1' WHERE saga_id <> $1`, [old.sagaId])
    assert.deepEqual(await found('--customer', 'c-1'), all.slice(1))
    assert.deepEqual(await found('--blocked'), all.slice(1))
    const { summary } = await system().json('list', '--violations', '--limit', '1')
    assert.deepEqual(await found('--after', String(summary['next'])), all.slice(1))
    const { out } = await system().run(['list', '--violations'])
    assert.match(out, /DEADLINE +BLOCKED BY +VIOLATIONS$/m)
    assert.match(out, new RegExp(`^${young.sagaId} .* 2$`, 'm'))
    assert.match((await system().run(['show', young.sagaId])).out, /^violations +2$/m)
    assert.doesNotMatch((await system().run(['list'])).out, /VIOLATIONS/)
  })

  it('names an unknown status', async () => {
    const { code, error } = await system().run(['list', '--status', 'lost'])
    assert.equal(code, 2)
    assert.match(error, /^--status lost is not a status of a saga: give one of pending, payment_completed, /)
  })
})

describe('saga show', function () {
  this.timeout(60_000)
  const system = useOperatedSystem()

  async function shown(id: string): Promise<Record<string, unknown>> {
    const { items } = await system().json('show', id)
    return items[0] ?? {}
  }

  it('shows the complete history of a final saga, by the id of the saga or of the order', async () => {
    const { sagaId, orderId } = await writeScenario(system().data, 'confirmed')
    const { code, out } = await system().run(['show', sagaId])
    assert.equal(code, 0)
    assert.match(out, /^status {8}completed$/m)
    assert.match(out, /^waits for {5}nothing: the saga is complete$/m)
    assert.doesNotMatch(out, /^timer/m)
    for (const line of [
      'payment +\\S+ +payment.completed \\(\\S+ EUR\\) to inventory: processed after \\d+ ms',
      'order +\\S+ +order.confirmed to notification: published',
    ]) {
      assert.match(out, new RegExp(`Z {2}${line}$`, 'm'))
    }
    assert.equal((await shown(orderId.toUpperCase()))['sagaId'], sagaId)
  })

  it('reports the awaited event and the effect of the deadline of a pending saga', async () => {
    const scenario = await writeScenario(system().data, 'pending')
    const first = await shown(scenario.sagaId)
    assert.deepEqual([first['waitsFor'], first['responsibleService']], ['payment to process order.created', 'payment'])
    const [timer] = first['timers'] as { at: string; action: string }[]
    assert.equal(timer?.action, 'become timeout_cancelled and publish order.cancelled')
    assert(Date.parse(timer?.at ?? '') > Date.now())

    await system().data.sql('order', 'UPDATE events SET published_at = NULL')
    assert.equal((await shown(scenario.sagaId))['waitsFor'], 'order.created to be published from the outbox of order')

    await system().data.sql('order', `UPDATE events SET parked_at = now(), park_reason = 'unroutable'`)
    const why = `unroutable: no queue is bound to routing key order.created; expected ${system().queueOf('payment')}`
    const parked = await shown(scenario.sagaId)
    assert.equal(parked['waitsFor'], `an operator: order.created is parked in the outbox of order: ${why}`)
  })

  it('lists complete sagas too whose messages are dead letters or parked, by kind', async () => {
    const [lost, parked, unroutable, complete] = [
      await writeScenario(system().data, 'confirmed'),
      await writeScenario(system().data, 'confirmed'),
      await writeScenario(system().data, 'confirmed'),
      await writeScenario(system().data, 'confirmed'),
    ]
    await system().die('inventory', bodyOf('order.confirmed', { ...lost, eventId: randomUUID() }), {
      type: 'order.confirmed',
    })
    const unpublish = (change: string, { sagaId }: Scenario) =>
      system().data.sql(
        'order',
        `UPDATE events SET published_at = NULL, ${change} WHERE saga_id = $1 AND routing_key = 'order.confirmed'`,
        [sagaId],
      )
    await unpublish(`parked_at = now(), park_reason = 'unroutable'`, parked)
    await unpublish('unroutable_since = now()', unroutable)
    await system().data.sql('inventory', 'DELETE FROM processed_events')
    const found = async (...filter: string[]): Promise<unknown[]> =>
      (await system().json('list', ...filter)).items.map(({ sagaId }) => sagaId)
    assert.deepEqual(await found('--blocked', 'dead_letter'), [lost.sagaId])
    assert.deepEqual(await found('--blocked', 'parked'), [parked.sagaId])
    assert.deepEqual(await found('--blocked', 'missing_binding'), [unroutable.sagaId])
    const { out } = await system().run(['list'])
    assert.match(out, new RegExp(`^${parked.sagaId} .* parked`, 'm'))
    assert.match(out, new RegExp(`^${complete.sagaId} .* -$`, 'm'))
  })

  it('reports all blockers with the next step of each, and lists them, also by kind', async () => {
    const scenario = await writeScenario(system().data, 'pending', new Date(Date.now() - minute))
    const eventId = randomUUID()
    await system().die('inventory', bodyOf('payment.completed', { ...scenario, eventId }), {
      type: 'payment.completed',
    })
    // The operator may not end a session of a superuser.
    const { user, password } = rolesOf('order').runtime
    const url = Object.assign(new URL(system().data.orderUrl), {
      username: user,
      password: encodeURIComponent(password),
    })
    const session = new Client({ connectionString: url.href, application_name: 'reporting' })
    session.on('error', () => undefined)
    await session.connect()
    try {
      await session.query('BEGIN')
      const lock = 'SELECT FROM saga_instances WHERE saga_id = $1 FOR UPDATE'
      const { rows } = await session.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')
      await session.query(lock, [scenario.sagaId])
      const pid = rows[0]?.pid
      const lines = await waitUntil(
        async () => {
          const { out } = await system().run(['show', scenario.sagaId])
          return /its row/.test(out) && out
        },
        { what: 'a transaction older than a second', limitMs: 10_000 },
      )
      for (const line of [
        `blocked by    \\(1 of 3\\) payment.completed is a dead letter in ${system().queueOf('inventory')}: the shelf has collapsed, since .*`,
        'next          correct the cause, then replay the dead letter \\(docs/runbooks/OrderSagaDeadLetters.md\\)',
        `blocked by    \\(2 of 3\\) its row in the database of order is locked by session ${pid} \\(reporting, transaction since .*`,
        `next          end it if nobody needs it: saga locks ${pid} --cancel .*`,
        `blocked by    \\(3 of 3\\) ${system().queueOf('payment')} has no consumer; order.created was published .*`,
      ]) {
        assert.match(lines, new RegExp(`^${line}$`, 'm'))
      }
      const found = async (...filter: string[]): Promise<unknown[]> =>
        (await system().json('list', ...filter)).items.map(({ sagaId }) => sagaId)
      // A step may take three seconds before it counts as blocked.
      const other = await writeScenario(system().data, 'pending')
      const { out } = await system().run(['list'])
      assert.match(out, new RegExp(`^${scenario.sagaId} .* dead_letter, lock, no_consumer$`, 'm'))
      assert.match(out, new RegExp(`^${other.sagaId} .* -$`, 'm'))
      assert.deepEqual(await found('--blocked'), [scenario.sagaId])
      assert.deepEqual(await found('--blocked', 'lock'), [scenario.sagaId])
      assert.deepEqual(await found('--blocked', 'parked'), [])
      assert.deepEqual(await found('--blocked', 'lock', '--customer', 'c-1'), [])
      await system().data.sql('order', `UPDATE orders SET customer_id = 'c-1' WHERE order_id = $1`, [scenario.orderId])
      assert.deepEqual(await found('--customer', 'c-1'), [scenario.sagaId])
      const wrong = await system().run(['list', '--blocked', 'nonsense'])
      assert.deepEqual(
        [wrong.code, wrong.error.startsWith('--blocked nonsense is no kind of blocker: give any')],
        [2, true],
      )

      const locks = await system().run(['locks'])
      assert.match(locks.out, new RegExp(`^order +${pid} +reporting +idle in transaction`, 'm'))
      const cancel = await system().run(['locks', String(pid), '--cancel', '--reason', 'a forgotten report'])
      assert.match(cancel.out, new RegExp(`^order +${pid} +reporting .* ended `, 'm'))
      assert.equal(cancel.code, 0)
      const [act] = (await system().json('acts')).items
      assert.deepEqual([act?.['act'], act?.['subject'], act?.['place']], ['end_session', String(pid), 'order database'])
      assert.deepEqual(await found('--blocked', 'lock'), [])
    } finally {
      await session.end().catch(() => undefined)
    }
  })

  it('reports a dead letter of the saga with its queue and reason', async () => {
    const scenario = await writeScenario(system().data, 'pending')
    const eventId = scenario.events['order.created'] ?? ''
    await system().die('payment', bodyOf('order.created', { ...scenario, eventId }), { type: 'order.created' })
    const { waitsFor, responsibleService, timeline } = await shown(scenario.sagaId)
    const died = `an operator: order.created is a dead letter in ${system().queueOf('payment')}: the shelf has collapsed`
    assert.deepEqual([waitsFor, responsibleService], [died, 'payment'])
    const [last] = (timeline as { description: string; eventId: string }[]).slice(-1)
    assert.match(
      last?.description ?? '',
      /^order.created .* to payment: dead letter in .* after 5 attempts: the shelf has collapsed$/,
    )
    assert.equal(last?.eventId, eventId)
    const unseen = await system().run(['show', scenario.sagaId, '--no-dead-letters'])
    assert.match(unseen.out, /^dead letters {2}not read$/m)
    assert.match(unseen.out, /^waits for {5}payment to process order.created$/m)
  })

  it('names the service that has to respond when all events have been processed', async () => {
    const scenario = await writeScenario(system().data, 'refunding')
    const { waitsFor, responsibleService, timers } = await shown(scenario.sagaId)
    assert.deepEqual(
      [waitsFor, responsibleService],
      ['payment.refunded from payment (payment status: refunding)', 'payment'],
    )
    assert.match(
      (timers as { action: string }[])[0]?.action ?? '',
      /^publish payment.refund.requested again \(\d so far\)$/,
    )
  })

  it('reports an unknown id', async () => {
    const id = randomUUID()
    const { code, out } = await system().run(['show', id])
    assert.deepEqual([code, out], [1, `No order and no saga has the id ${id}: see list.\n`])
    const bad = await system().run(['show', 'my-order'])
    assert.equal(bad.code, 2)
    assert.match(bad.error, /'my-order' is invalid for argument 'saga'\. Give an id/)
  })
})

describe('saga retry-compensation', function () {
  this.timeout(60_000)
  const system = useOperatedSystem()

  const now = new Date('2030-01-01T00:00:00.000Z')
  const requests = (): Promise<{ event_id: string; published_at: Date | null; lease_until: Date }[]> =>
    system().data.sql(
      'order',
      `SELECT event_id, published_at, lease_until FROM events
       WHERE routing_key = 'payment.refund.requested' AND published_at IS NULL`,
    )

  it('requests the refund again with a new event, as the order service does, and records the operator', async () => {
    const { sagaId, orderId } = await writeScenario(system().data, 'refunding')
    const dry = await system().run(['retry-compensation', orderId, '--dry-run'])
    assert.deepEqual([dry.code, dry.out], [0, `would request the refund of saga ${sagaId}, request 1\n`])
    assert.deepEqual(await requests(), [])
    const [previewed] = (await system().json('retry-compensation', orderId, '--dry-run')).items
    assert.deepEqual([previewed?.['result'], previewed?.['outcome']], ['would_request', 'would_ask'])

    const { code, out } = await system().run(['retry-compensation', orderId, '--reason', 'the provider is back'], {
      now,
    })
    assert.equal(code, 0)
    assert.match(out, /^requested the refund of saga \S+, request 1; the next automatic request is in 30 s/)
    const [request, ...more] = await requests()
    assert.deepEqual(more, [])
    // Any relay may take it at once.
    assert.deepEqual(request?.lease_until, now)
    const [saga] = await system().data.sql<{ refund_requests: number; refund_due_at: Date; history: object[] }>(
      'order',
      'SELECT refund_requests, refund_due_at, history FROM saga_instances',
    )
    assert.deepEqual([saga?.refund_requests, saga?.refund_due_at], [1, new Date(now.getTime() + 30_000)])
    assert.deepEqual(saga?.history.at(-1), {
      at: now.toISOString(),
      event: 'payment.refund.requested',
      eventId: request?.event_id,
      direction: 'published',
      status: 'refunding',
    })
    const [act] = (await system().json('acts', '--about', sagaId)).items
    const { act: name, operator, reason, completedAt, detail } = act ?? {}
    assert.deepEqual([name, operator, reason], ['retry_compensation', 'ann', 'the provider is back'])
    assert.equal(completedAt, now.toISOString())
    assert.deepEqual(detail, { eventId: request?.event_id, requests: 1 })
  })

  it('waits as long before the next request as the order service would', async () => {
    const { sagaId } = await writeScenario(system().data, 'refunding')
    const why = ['--reason', 'again']
    await system().run(['retry-compensation', sagaId, ...why], { now, env: { REFUND_RETRY_MS: '1000' } })
    await system().run(['retry-compensation', sagaId, ...why], { now, env: { REFUND_RETRY_MS: '1000' } })
    const [saga] = await system().data.sql<{ refund_due_at: Date }>('order', 'SELECT refund_due_at FROM saga_instances')
    assert.deepEqual(saga?.refund_due_at, new Date(now.getTime() + 2_000))
  })

  it('refuses a saga that awaits no refund, and changes nothing', async () => {
    const { sagaId } = await writeScenario(system().data, 'confirmed')
    for (const how of [['--dry-run'], ['--reason', 'support case']]) {
      const { code, out } = await system().run(['retry-compensation', sagaId, ...how])
      assert.deepEqual([code, out], [1, `Saga ${sagaId} has no pending refund: it is completed.\n`])
    }
    assert.deepEqual(await requests(), [])
    assert.deepEqual((await system().json('acts')).items, [])
    const unsaid = await system().run(['retry-compensation', sagaId])
    assert.deepEqual([unsaid.code, unsaid.error.startsWith('--reason is missing')], [2, true])
  })
})

describe('saga outbox', function () {
  this.timeout(60_000)
  const system = useOperatedSystem()

  const scenario = { orderId: randomUUID(), sagaId: randomUUID(), events: {} }

  async function park(store: 'order' | 'payment'): Promise<string> {
    const id = await append(system().data, store, scenario, 'order.lost', { at: new Date(), published: false })
    await system().data.sql(
      store,
      `UPDATE events SET parked_at = now(), park_reason = 'unroutable', unroutable_since = now(), attempts = 9,
         lease_until = 'infinity' WHERE event_id = $1`,
      [id],
    )
    return id
  }

  it('lists parked events by service', async () => {
    const [one, other] = [await park('order'), await park('payment')]
    const found = async (...filter: string[]): Promise<unknown[]> =>
      (await system().json('outbox', 'list', ...filter)).items.map(({ eventId }) => eventId)
    assert.deepEqual(await found(), [one, other])
    assert.deepEqual(await found('--service', 'payment'), [other])
    assert.deepEqual(await found('--limit', '1'), [one])
    const { out } = await system().run(['outbox', 'list'])
    assert.match(
      out,
      new RegExp(
        `^${one} +order +order.lost +${scenario.sagaId} +\\d s ago +9 +unroutable: no queue is bound to routing key order.lost; no service consumes it$`,
        'm',
      ),
    )
    const { code, error } = await system().run(['outbox', 'list', '--service', 'notification'])
    assert.deepEqual(
      [code, error],
      [2, '--service notification has no outbox: give one of order, payment, inventory.\n'],
    )
  })

  it('releases the selected events, so that any relay may claim them, and records the act', async () => {
    const [one, other] = [await park('order'), await park('payment')]
    const unsaid = await system().run(['outbox', 'release', '--reason', 'bound'])
    assert.deepEqual([unsaid.code, unsaid.error.startsWith('Nothing is selected')], [2, true])
    const dry = await system().json('outbox', 'release', '--all', '--dry-run')
    assert.equal(dry.items.length, 2)
    const { code } = await system().run(['outbox', 'release', other, '--reason', 'the queue is bound'])
    assert.equal(code, 0)
    const [row] = await system().data.sql<Record<string, unknown>>(
      'payment',
      `SELECT parked_at, park_reason, unroutable_since, attempts, lease_until <= now() AS free FROM events`,
    )
    assert.deepEqual(row, { parked_at: null, park_reason: null, unroutable_since: null, attempts: 0, free: true })
    const [act, ...more] = (await system().json('acts')).items
    assert.deepEqual(more, [])
    assert.deepEqual([act?.['act'], act?.['subject'], act?.['place']], ['release', other, 'payment outbox'])
    assert.deepEqual(act?.['detail'], { reason: 'unroutable', attempts: 9 })
    const again = await system().run(['outbox', 'release', other, one, '--reason', 'once more'])
    assert.equal(again.code, 1)
    assert.match(again.out, new RegExp(`^No parked event has the id ${other}: outbox list shows them.$`, 'm'))
    assert.deepEqual((await system().json('outbox', 'list')).items, [])
  })
})
