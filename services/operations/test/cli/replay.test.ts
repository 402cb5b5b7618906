// needs: database, broker
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { waitUntil } from '@order-saga/dev'
import { assertBuilt } from '@order-saga/tests/support/built'
import { Client } from 'pg'
import { Child } from '../../../../tools/dev/src/child-process.ts'
import { writeScenario } from '../scenarios.ts'
import { bodyOf, useOperatedSystem } from './operated-system.ts'
import { asOperator } from '@order-saga/tests/support/operators'

const healed = ['--reason', 'the shelf stands again']

describe('saga dead-letters replay', function () {
  this.timeout(120_000)
  const system = useOperatedSystem()

  it('publishes a message to its queue with its properties, its history and all attempts', async () => {
    const eventId = randomUUID()
    const content = bodyOf('payment.completed', { eventId })
    const options = { type: 'payment.completed', messageId: eventId, correlationId: 'saga-1', timestamp: 1_767_225_600 }
    await system().die('inventory', content, {
      ...options,
      headers: { 'causation-id': 'c-1', traceparent: 't-1', failure: '{"chain":["Error: the shelf has collapsed"]}' },
    })
    const { code, out } = await system().run(['dead-letters', 'replay', eventId, ...healed], { env: asOperator('bob') })
    assert.equal(code, 0)
    assert.match(out, new RegExp(`^${eventId} +${system().queueOf('inventory')} +payment.completed +replayed$`, 'm'))
    const [message, ...more] = await system().take(system().queueOf('inventory'))
    assert(message !== undefined && more.length === 0)
    assert.equal(message.content.toString(), content)
    const { properties } = message
    assert.deepEqual(
      [properties.type, properties.messageId, properties.correlationId, properties.timestamp, properties.deliveryMode],
      ['payment.completed', eventId, 'saga-1', 1_767_225_600, 2],
    )
    const { replays, 'x-delivery-count': _counted, ...headers } = properties.headers ?? {}
    assert.deepEqual(headers, {
      'causation-id': 'c-1',
      traceparent: 't-1',
      'first-failure': '2026-01-01T00:00:00.000Z',
    })
    const [past, ...others] = JSON.parse(String(replays)) as Record<string, unknown>[]
    assert.equal(past?.['deadLetteredAt'], past?.['diedAt'])
    assert.deepEqual(
      [past?.['by'], past?.['why'], past?.['reason'], past?.['attempts'], others.length],
      ['bob', 'the shelf stands again', 'the shelf has collapsed', 5, 0],
    )
    await system().untilDepth(system().dlqOf('inventory'), 0)

    // It is dead-lettered again, with the history as release 0.1.0 wrote it: the next replay adds to it.
    const { deadLetteredAt: _notIn010, ...written010 } = past ?? {}
    const headers010 = { replays: JSON.stringify([written010]), reason: 'again' }
    await system().die('inventory', content, { ...options, headers: headers010 })
    const [letter] = (await system().json('dead-letters', 'list')).items
    assert.deepEqual(letter?.['replays'], JSON.parse(String(replays)))
    await system().run(['dead-letters', 'replay', '--queue', 'inventory', ...healed])
    const [second] = await system().take(system().queueOf('inventory'))
    const history = JSON.parse(String(second?.properties.headers?.['replays'])) as Record<string, unknown>[]
    assert.deepEqual(
      history.map(({ by, reason }) => [by, reason]),
      [
        ['bob', 'the shelf has collapsed'],
        ['ann', 'again'],
      ],
    )
  })

  it('records operator, time and reason', async () => {
    const [eventId, sagaId] = [randomUUID(), randomUUID()]
    await system().die('order', bodyOf('payment.failed', { eventId, sagaId }), { type: 'payment.failed' })
    const now = new Date('2026-02-03T04:05:06.789Z')
    await system().run(['dead-letters', 'replay', eventId, ...healed], { now })
    const { items } = await system().json('acts', '--about', sagaId)
    const [{ actId, runId, ...act } = {}] = items
    assert(actId !== undefined && runId !== undefined)
    assert.deepEqual(act, {
      act: 'replay',
      subject: eventId,
      place: system().queueOf('order'),
      event: 'payment.failed',
      sagaId,
      operator: 'ann',
      reason: 'the shelf stands again',
      startedAt: now.toISOString(),
      completedAt: now.toISOString(),
      begunAt: now.toISOString(),
      doneAt: now.toISOString(),
      failure: null,
      detail: { reason: 'the shelf has collapsed', attempts: 5 },
    })
    const { out } = await system().run(['acts'])
    assert.match(out, /^2026-02-03T04:05:06Z {2}ann {2}replay {2}payment.failed/m)
  })

  it('replays the selected messages and keeps the order of the others', async () => {
    const ids = Array.from({ length: 1_200 }, () => randomUUID())
    for (const [i, eventId] of ids.entries()) {
      const reason = i % 3 === 0 ? 'no room' : 'no light'
      const type = 'payment.completed'
      const headers = { reason, queue: system().queueOf('order'), 'dead-lettered-at': new Date().toISOString() }
      system().channel.publish('', system().dlqOf('order'), Buffer.from(bodyOf(type, { eventId })), { type, headers })
    }
    await system().channel.waitForConfirms()
    const { items, summary } = await system().json('dead-letters', 'replay', '--died-of', 'room', ...healed)
    assert.deepEqual([items.length, summary['replayed']], [400, 400])
    await system().untilDepth(system().dlqOf('order'), 800)
    const idsIn = async (queue: string): Promise<string[]> =>
      (await system().take(queue)).map(({ content }) => (JSON.parse(content.toString()) as { eventId: string }).eventId)
    const wanted = ids.filter((_, i) => i % 3 === 0)
    assert.deepEqual(await idsIn(system().queueOf('order')), wanted)
    assert.deepEqual(
      await idsIn(system().dlqOf('order')),
      ids.filter((_, i) => i % 3 !== 0),
    )
    assert.equal((await system().json('acts', '--limit', '1000')).items.length, 400)
  })

  it('never replays a forged message, and says why', async () => {
    const eventId = randomUUID()
    const headers = { 'first-routing-key': 'inventory.reserved', reason: 'forged: as its consumer has written it' }
    await system().die('order', bodyOf('payment.completed', { eventId }), { type: 'payment.completed', headers })
    const sentence =
      /forged: the type "payment.completed" was published with the routing key "inventory.reserved": a forged message is never replayed/
    const { code, out } = await system().run(['dead-letters', 'replay', eventId, ...healed])
    assert.equal(code, 1)
    assert.match(out, sentence)
    assert.match((await system().run(['dead-letters', 'replay', eventId, '--dry-run'])).out, sentence)
    await system().untilDepth(system().dlqOf('order'), 1)
    assert.equal(await system().depth(system().queueOf('order')), 0)
    assert.deepEqual((await system().json('acts')).items, [])
  })

  it('replays at most --limit messages', async () => {
    for (let n = 0; n < 5; n += 1) await system().die('order', bodyOf('payment.failed'), { type: 'payment.failed' })
    const { summary } = await system().json('dead-letters', 'replay', '--all', '--limit', '2', ...healed)
    assert.equal(summary['replayed'], 2)
    await system().untilDepth(system().dlqOf('order'), 3)
  })

  it('does nothing without a reason, without a selection, or when stopped', async () => {
    const eventId = randomUUID()
    await system().die('order', bodyOf('payment.failed', { eventId }), { type: 'payment.failed' })
    const ways: [string[], number, RegExp][] = [
      [[eventId], 2, /^--reason is missing: it is required/],
      [[eventId, '--reason', ' '], 2, /^--reason is missing: it is required/],
      [healed, 2, /^Nothing is selected: give ids, a filter such as --queue, or --all\.$/m],
      [[eventId, '--all', ...healed], 2, /^--all cannot be combined with ids or filters/],
    ]
    for (const [args, code, sentence] of ways) {
      const ran = await system().run(['dead-letters', 'replay', ...args])
      assert.deepEqual([ran.code, ran.out], [code, ''])
      assert.match(ran.error, sentence)
    }
    const stopped = await system().run(['dead-letters', 'replay', '--all', ...healed], { signal: AbortSignal.abort() })
    assert.equal(stopped.code, 1)
    assert.match(stopped.out, /^Stopped: the other dead letters are unchanged/m)
    assert.equal(await system().depth(system().dlqOf('order')), 1)
    assert.deepEqual((await system().json('acts')).items, [])
  })

  it('names an unknown id, and replays the others', async () => {
    const eventId = randomUUID()
    await system().die('order', bodyOf('payment.failed', { eventId }), { type: 'payment.failed' })
    const { code, out } = await system().run(['dead-letters', 'replay', eventId, 'nobody', ...healed])
    assert.equal(code, 1)
    assert.match(out, /^No dead letter has the id nobody: see dead-letters list\.$/m)
    assert.match(out, /^replayed: 1 dead letter$/m)
  })

  it('leaves a message in place when its queue does not exist, and reports it', async () => {
    const eventId = randomUUID()
    await system().die('notification', bodyOf('order.confirmed', { eventId }), { type: 'order.confirmed' })
    await system().channel.deleteQueue(system().queueOf('notification'))
    const { code, out } = await system().run(['dead-letters', 'replay', eventId, ...healed])
    await system().declare()
    assert.equal(code, 1)
    assert.match(out, new RegExp(`failed +the queue ${system().queueOf('notification')} does not exist$`, 'm'))
    await system().untilDepth(system().dlqOf('notification'), 1)
    const [act] = (await system().json('acts')).items
    assert.deepEqual(
      [act?.['completedAt'], act?.['failure']],
      [null, `the queue ${system().queueOf('notification')} does not exist`],
    )
  })

  it('loses no message when it is killed between confirm and ack: the message exists twice and is retried', async () => {
    const eventId = randomUUID()
    await system().die('payment', bodyOf('order.created', { eventId }), { type: 'order.created', messageId: eventId })
    const gate = new Client({ connectionString: system().data.orderUrl })
    await gate.connect()
    await gate.query('SELECT pg_advisory_lock(42)')
    // A message that is confirmed and not yet acknowledged is recorded as done.
    await gate.query(
      `CREATE FUNCTION gate() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
         PERFORM pg_advisory_xact_lock_shared(42); RETURN NEW; END $$;
       CREATE TRIGGER gate BEFORE INSERT ON operator_acts FOR EACH ROW
         WHEN (NEW.result_of IS NOT NULL) EXECUTE FUNCTION gate()`,
    )
    await assertBuilt(['operations'])
    const main = fileURLToPath(new URL('../../dist/saga-main.js', import.meta.url))
    const args = [main, 'dead-letters', 'replay', eventId, ...healed]
    const env = { PATH: process.env['PATH'], ...system().environment }
    const command = await Child.start(process.execPath, args, { cwd: process.cwd(), env, stdio: 'ignore' })
    await waitUntil(
      async () => {
        const { rows } = await gate.query(`SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted`)
        return rows.length > 0
      },
      { what: 'the command to come to the gate', limitMs: 30_000 },
    )
    // The broker counts a message a moment after its confirm.
    await system().untilDepth(system().queueOf('payment'), 1)
    await command.end('SIGKILL', 10_000)
    await gate.query('DROP TRIGGER gate ON operator_acts; DROP FUNCTION gate() CASCADE')
    await gate.end()
    await system().untilDepth(system().dlqOf('payment'), 1)
    const [copy] = await system().take(system().queueOf('payment'))
    assert.equal(copy?.properties.messageId, eventId)
    assert.match((await system().run(['acts'])).out, / cut off /)

    assert.equal((await system().run(['dead-letters', 'replay', eventId, ...healed])).code, 0)
    assert.equal((await system().take(system().queueOf('payment')))[0]?.properties.messageId, eventId)
    await system().untilDepth(system().dlqOf('payment'), 0)
  })

  describe('--dry-run', () => {
    async function foreseen(): Promise<[unknown, unknown][]> {
      const { items } = await system().json('dead-letters', 'replay', '--all', '--dry-run')
      return items.map(({ result, why }) => [result, why])
    }

    async function everything(): Promise<unknown> {
      const tables = [
        ['order', 'orders', 'saga_instances', 'operator_acts', 'events', 'processed_events'],
        ['payment', 'payment_transactions', 'events', 'processed_events'],
        ['inventory', 'inventory_reservations', 'stock', 'events', 'processed_events'],
      ] as const
      const rows: unknown[] = []
      for (const [store, ...names] of tables) {
        for (const name of names) rows.push(await system().data.sql(store, `SELECT * FROM ${name}`))
      }
      return rows
    }

    it('reports the changes that the services would decide, and changes nothing', async () => {
      const scenario = await writeScenario(system().data, 'pending')
      await system().die('order', bodyOf('payment.completed', { ...scenario }), { type: 'payment.completed' })
      await system().die('order', bodyOf('inventory.failed', { ...scenario }), { type: 'inventory.failed' })
      // Of other items than the order's.
      await system().die('order', bodyOf('inventory.reserved', { ...scenario }), { type: 'inventory.reserved' })
      await system().die('payment', bodyOf('order.created', { ...scenario }), { type: 'order.created' })
      await system().die('inventory', bodyOf('payment.completed', { ...scenario }), { type: 'payment.completed' })
      await system().die('inventory', bodyOf('order.cancelled', { ...scenario }), { type: 'order.cancelled' })
      const before = await everything()
      assert.deepEqual(await foreseen(), [
        ['would_change', 'saga pending becomes payment_completed'],
        ['would_change', 'saga pending becomes refunding/refund_requested; publishes payment.refund.requested'],
        ['would_change', 'saga pending becomes pending (mismatch recorded)'],
        ['would_change', 'payment none becomes charging; requests from the provider: charge 125.50 EUR'],
        ['would_change', 'reservation none becomes reserved; publishes inventory.reserved'],
        ['would_change', 'reservation none becomes cancelled'],
      ])
      assert.deepEqual(await everything(), before)
      assert.deepEqual(
        await Promise.all(
          (['order', 'payment', 'inventory'] as const).map((one) => system().depth(system().dlqOf(one))),
        ),
        [3, 1, 2],
      )
    })

    describe('while the database refuses the writes', () => {
      const drop = 'DROP TRIGGER IF EXISTS refusal ON processed_events; DROP FUNCTION IF EXISTS refuse'
      const refuse = `CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION 'shelf index is corrupted' USING ERRCODE = 'XX001'; END $$`
      afterEach(() => system().data.sql('payment', drop))

      const triggers = [
        ['at once', 'CREATE TRIGGER refusal AFTER INSERT'],
        ['at the commit', 'CREATE CONSTRAINT TRIGGER refusal AFTER INSERT'],
      ] as const
      for (const [when, trigger] of triggers) {
        const timing = when === 'at the commit' ? 'DEFERRABLE INITIALLY DEFERRED' : ''

        it(`${when}, reports the error and its function, with the rights of the service`, async () => {
          await system().data.sql('payment', refuse)
          const on = `${trigger} ON processed_events ${timing} FOR EACH ROW EXECUTE FUNCTION refuse()`
          await system().data.sql('payment', on)
          await system().die('payment', bodyOf('order.cancelled'), { type: 'order.cancelled' })
          const before = await everything()
          const [[result, why] = []] = await foreseen()
          assert.equal(result, 'would_fail')
          assert.match(
            String(why),
            /^shelf index is corrupted \(SQLSTATE XX001; .*PL\/pgSQL function refuse\(\) line 1/,
          )
          assert.deepEqual(await everything(), before)
        })
      }

      it('without the rights of the service, says that it did not test them and which setting gives them', async () => {
        await system().die('payment', bodyOf('order.cancelled'), { type: 'order.cancelled' })
        const env = { PAYMENT_RUNTIME_DB_USER: '' }
        const { out, code } = await system().run(['dead-letters', 'replay', '--all', '--dry-run'], { env })
        assert.equal(code, 0)
        assert.match(out, /would change/)
        assert.match(
          out,
          /its writes, triggers and constraints \(permission denied for table \w+; set PAYMENT_RUNTIME_DB_USER to the runtime role\)/,
        )
      })

      it('without any right to lock rows, predicts nothing', async () => {
        await system().die('payment', bodyOf('order.cancelled'), { type: 'order.cancelled' })
        const env = { PAYMENT_RUNTIME_DB_USER: '', PAYMENT_OPERATOR_DB_USER: '' }
        const { out, code } = await system().run(['dead-letters', 'replay', '--all', '--dry-run'], { env })
        assert.equal(code, 0)
        assert.match(out, /unknown +the user may not lock the rows of the order/)
      })

      it('because the service lacks a right, reports a failure', async () => {
        await system().data.sql('payment', 'REVOKE INSERT ON processed_events FROM payment_runtime')
        try {
          await system().die('payment', bodyOf('order.cancelled'), { type: 'order.cancelled' })
          const [[result, why] = []] = await foreseen()
          assert.deepEqual(
            [result, String(why).startsWith('permission denied for table processed_events')],
            ['would_fail', true],
          )
        } finally {
          await system().data.sql('payment', 'GRANT INSERT ON processed_events TO payment_runtime')
        }
      })
    })

    it('reports a refund that would be paid', async () => {
      const scenario = await writeScenario(system().data, 'confirmed')
      await system().die('payment', bodyOf('payment.refund.requested', { ...scenario }), {
        type: 'payment.refund.requested',
      })
      const why = 'payment charged becomes refunding; requests from the provider: refund 125.5000 EUR'
      assert.deepEqual(await foreseen(), [['would_change', why]])
    })

    it('reports a duplicate by the inbox, and a final state without it', async () => {
      const scenario = await writeScenario(system().data, 'confirmed')
      const eventId = scenario.events['inventory.reserved'] ?? ''
      await system().die('order', bodyOf('inventory.reserved', { ...scenario, eventId }), {
        type: 'inventory.reserved',
      })
      // The services' inbox names are their queues.
      for (const store of ['order', 'payment', 'inventory'] as const) {
        await system().data.sql(store, 'UPDATE processed_events SET consumer = $1', [system().queueOf(store)])
      }
      assert.deepEqual(await foreseen(), [['duplicate', `it is in the inbox of ${system().queueOf('order')}`]])
      await system().data.sql('order', 'DELETE FROM processed_events')
      assert.deepEqual(await foreseen(), [['already_final', 'saga completed: nothing would change']])
      const { out, code } = await system().run(['dead-letters', 'replay', '--all', '--dry-run'])
      assert.equal(code, 0)
      assert.match(out, /already final +saga completed: nothing would change$/m)
    })

    it('reports messages that would be dead-lettered again, and what it cannot predict', async () => {
      const sagaId = randomUUID()
      await system().die('order', bodyOf('payment.failed', { sagaId }), { type: 'payment.failed' })
      await system().die('payment', 'no JSON', { type: 'order.created' })
      await system().die('notification', bodyOf('order.confirmed'), { type: 'order.confirmed' })
      assert.deepEqual(await foreseen(), [
        ['would_be_dead_lettered', `unknown saga: ${sagaId}`],
        ['would_be_dead_lettered', 'malformed envelope: the body is not well-formed JSON'],
        ['unknown', 'notification has no inbox: a customer who has the e-mail may receive it again'],
      ])
      const { items, summary } = await system().json('dead-letters', 'replay', '--all', '--dry-run')
      assert.deepEqual(
        items.map(({ outcome }) => outcome),
        ['dies_again', 'dies_again', 'unknown'],
      )
      assert.deepEqual([summary['would_be_dead_lettered'], summary['dies_again']], [2, 2])
    })
  })
})

describe('saga dead-letters show', function () {
  this.timeout(60_000)
  const system = useOperatedSystem()

  it('shows the cause that the consumer recorded: the database error with its place, the chain of errors, the stack', async () => {
    const eventId = randomUUID()
    const failure = {
      chain: ['error: shelf index is corrupted', 'Error: page 7'],
      sqlState: 'XX002',
      statement: 'stock-save',
      schema: 'public',
      table: 'inventory_stock',
      constraint: 'stock_check',
      where: 'PL/pgSQL function reject() line 3 at RAISE\nSQL statement "INSERT"',
      stack: 'error: shelf index is corrupted\n    at Parser.parse (parser.js:1:2)',
    }
    const headers = { failure: JSON.stringify(failure) }
    await system().die('inventory', bodyOf('payment.completed', { eventId }), { type: 'payment.completed', headers })
    const { out } = await system().run(['dead-letters', 'show', eventId])
    for (const line of [
      'SQLSTATE       XX002',
      'statement      stock-save',
      'table          public.inventory_stock',
      'constraint     stock_check',
      'where          PL/pgSQL function reject() line 3 at RAISE\n               SQL statement "INSERT"',
      'error          error: shelf index is corrupted\n               caused by Error: page 7',
      'stack          error: shelf index is corrupted\n                   at Parser.parse (parser.js:1:2)',
    ]) {
      assert(out.includes(`\n${line}\n`), `${line}\nin\n${out}`)
    }
    const [item] = (await system().json('dead-letters', 'show', eventId)).items
    assert.deepEqual(item?.['failure'], failure)
  })

  it('shows a complete dead letter with the preview of its replay, and reports an unknown id', async () => {
    const scenario = await writeScenario(system().data, 'pending')
    const eventId = randomUUID()
    await system().die('order', bodyOf('payment.failed', { ...scenario, eventId }), { type: 'payment.failed' })
    const { code, out } = await system().run(['dead-letters', 'show', eventId.toUpperCase()])
    assert.equal(code, 0)
    assert.match(out, /^if replayed {4}would change: saga pending becomes cancelled; publishes order.cancelled$/m)
    assert.match(out, /^reason {9}the shelf has collapsed$/m)
    assert.match(out, /"reason": "declined"/)
    const [item] = (await system().json('dead-letters', 'show', eventId)).items
    assert.deepEqual([item?.['id'], Object.keys(item?.['body'] ?? {})[0]], [eventId, 'eventId'])
    assert.equal(await system().depth(system().dlqOf('order')), 1)
    const none = await system().run(['dead-letters', 'show', randomUUID()])
    assert.equal(none.code, 1)
    assert.match(none.out, /^No dead letter has the id /)
  })
})

describe('saga dead-letters discard', function () {
  this.timeout(60_000)
  const system = useOperatedSystem()

  it('requires a reason, and records the discarded messages', async () => {
    const kept = randomUUID()
    await system().die('order', 'no JSON {', { type: 'payment.failed', messageId: 'm-1' })
    await system().die('order', bodyOf('payment.failed', { eventId: kept }), { type: 'payment.failed' })
    const unsaid = await system().run(['dead-letters', 'discard', 'm-1'])
    assert.deepEqual([unsaid.code, unsaid.error.startsWith('--reason is missing')], [2, true])
    const { items: foreseen } = await system().json('dead-letters', 'discard', 'm-1', '--dry-run')
    assert.deepEqual(
      foreseen.map(({ id, result }) => [id, result]),
      [['m-1', 'would_discard']],
    )
    assert.equal(await system().depth(system().dlqOf('order')), 2)

    const { code } = await system().run(['dead-letters', 'discard', 'm-1', '--reason', 'a test of the partner'])
    assert.equal(code, 0)
    await system().untilDepth(system().dlqOf('order'), 1)
    const [act, ...more] = (await system().json('acts', '--about', 'm-1')).items
    assert.deepEqual(more, [])
    const { act: name, subject, operator, reason, completedAt, detail } = act ?? {}
    assert.deepEqual([name, subject, operator, reason], ['discard', 'm-1', 'ann', 'a test of the partner'])
    assert.notEqual(completedAt, null)
    const { body, headers } = detail as { body: string; headers: Record<string, unknown> }
    assert.deepEqual([body, headers['reason']], ['no JSON {', 'the shelf has collapsed'])
    assert.deepEqual(
      (await system().json('dead-letters', 'list')).items.map(({ id }) => id),
      [kept],
    )
  })
})
