// needs: database, broker
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { waitUntil } from '@order-saga/dev'
import { rolesOf } from '@order-saga/tests/support/database-roles'
import { Client } from 'pg'
import { type Scenario, writeScenario } from '../scenarios.ts'
import { bodyOf, useOperatedSystem } from './operated-system.ts'

const minute = 60_000

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
