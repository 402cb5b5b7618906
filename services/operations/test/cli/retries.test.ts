// needs: database, broker
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { retryQueue } from '@order-saga/contracts'
import { writeScenario } from '../scenarios.ts'
import { bodyOf, useOperatedSystem } from './operated-system.ts'

/** Long enough that the broker returns nothing during a test. */
const delayMs = 600_000
const ago = (ms: number): string => new Date(Date.now() - ms).toISOString()

describe('saga retries', function () {
  this.timeout(120_000)
  const system = useOperatedSystem()
  const main = (): string => system().queueOf('payment')
  const queue = (): string => retryQueue(main(), delayMs)

  async function retry(headers: Record<string, unknown>): Promise<string> {
    const eventId = randomUUID()
    const all = { attempt: 3, reason: 'no answer', 'first-failure': ago(3_600_000), ...headers }
    await system().send(queue(), bodyOf('order.created', { eventId }), {
      type: 'order.created',
      messageId: eventId,
      headers: all,
    })
    return eventId
  }

  it('list separates waiting messages from stuck ones by their age, and removes none', async () => {
    const waiting = await retry({ 'retried-at': ago(delayMs + 30_000) })
    const stuck = await retry({ 'retried-at': ago(delayMs + 90_000) })
    const previous = await retry({})
    const young = await retry({ 'first-failure': ago(1_000) })
    const forged = [
      await retry({ 'retried-at': ago(-3_600_000) }),
      await retry({ 'first-failure': {}, 'retried-at': 7 }),
    ]
    for (let look = 1; look <= 3; look += 1) {
      const { items, summary, exitCode } = await system().json('retries', 'list')
      assert.deepEqual(
        items.map(({ id, state }) => [id, state]),
        [
          [waiting, 'waiting'],
          [stuck, 'stuck'],
          [previous, 'stuck'],
          [young, 'waiting'],
          ...forged.map((id) => [id, 'unknown']),
        ],
      )
      assert.deepEqual(
        [summary, exitCode],
        [{ shown: 6, total: 6, waiting: 2, unreadable: 0, stuck: 2, unknown: 2 }, 1],
      )
      await system().untilDepth(queue(), 6)
    }
    const { out } = await system().run(['retries', 'list', '--limit', '1'])
    assert.match(out, new RegExp(`^${waiting} +${queue()} +order.created +- +3 +11 min ago +waiting +no answer$`, 'm'))
    assert.match(out, /^1 message shown, 6 in the retry queues: 2 waiting, 0 unreadable, 2 stuck, 2 of unknown age$/m)
  })

  it('that are stuck or unreadable block their saga in show and list, and are left in their queue', async () => {
    const unread = await writeScenario(system().data, 'pending')
    await system().send(
      queue(),
      bodyOf('order.created', { ...unread, eventId: unread.events['order.created'] ?? '' }),
      {
        type: 'order.created',
        messageId: unread.events['order.created'] ?? '',
        headers: { attempt: 1, reason: 'unknown version 9 of order.created', 'retried-at': ago(1_000) },
      },
    )
    const scenario = await writeScenario(system().data, 'pending')
    await writeScenario(system().data, 'pending')
    const eventId = scenario.events['order.created'] ?? ''
    await system().send(queue(), bodyOf('order.created', { ...scenario, eventId }), {
      type: 'order.created',
      messageId: eventId,
      headers: { attempt: 3, reason: 'no answer', 'retried-at': ago(delayMs + 90_000) },
    })
    const { out } = await system().run(['show', scenario.sagaId])
    assert.match(out, new RegExp(`order\\.created is stuck in ${queue()} before attempt 3: no answer, since `))
    assert.match(out, new RegExp(`^next +move it back to its queue: saga retries move ${queue()} `, 'm'))
    await system().untilDepth(queue(), 2)
    const listed = async (...filter: string[]) =>
      (await system().json('list', ...filter)).items.map(({ sagaId }) => sagaId)
    assert.deepEqual(await listed('--blocked', 'stuck_retry'), [scenario.sagaId])
    assert.deepEqual(await listed('--blocked', 'unreadable'), [unread.sagaId])
    assert.match((await system().run(['list'])).out, new RegExp(`^${scenario.sagaId} .* stuck_retry$`, 'm'))
    const why = `order.created waits in ${queue()}, as this release of payment cannot read it: unknown version 9 of`
    assert.match(
      (await system().run(['show', unread.sagaId])).out,
      new RegExp(`^blocked by +${why} order.created`, 'm'),
    )
    await system().untilDepth(queue(), 2)
    const [shown] = (await system().json('show', scenario.sagaId)).items
    const blockers = shown?.['blockers'] as { kind: string }[] | undefined
    assert.deepEqual(
      blockers?.map(({ kind }) => kind),
      ['stuck_retry'],
    )
    await system().untilDepth(queue(), 2)
    assert.equal((await system().json('retries', 'move', queue(), '--reason', 'no expiry')).summary['moved'], 1)
    const [moved] = (await system().json('show', scenario.sagaId)).items
    assert.doesNotMatch(JSON.stringify(moved?.['blockers']), /stuck_retry/)
  })

  it('move puts stuck messages back into the main queue with their attempt, and records who and why', async () => {
    const waiting = await retry({ 'retried-at': ago(1_000) })
    const stuck = await retry({ 'retried-at': ago(delayMs + 90_000), 'causation-id': 'c-1' })
    const dry = await system().json('retries', 'move', queue(), '--dry-run')
    assert.deepEqual(
      dry.items.map(({ id, result }) => [id, result]),
      [[stuck, 'would_move']],
    )
    await system().untilDepth(queue(), 2)

    const { items, summary, exitCode } = await system().json('retries', 'move', queue(), '--reason', 'no expiry')
    assert.deepEqual(
      items.map(({ id, result }) => [id, result]),
      [[stuck, 'moved']],
    )
    assert.deepEqual([summary, exitCode], [{ moved: 1, failed: 0, stopped: false }, 0])
    const [moved, ...others] = await system().take(main())
    assert.equal(others.length, 0)
    assert.deepEqual([moved?.properties.messageId, moved?.properties.type], [stuck, 'order.created'])
    const { attempt, 'causation-id': cause } = moved?.properties.headers ?? {}
    assert.deepEqual([attempt, cause], [3, 'c-1'])
    await system().untilDepth(queue(), 1)
    assert.deepEqual(
      (await system().take(queue())).map(({ properties }) => properties.messageId as string),
      [waiting],
    )

    const acts = await system().json('acts', '--about', stuck)
    assert.deepEqual(
      acts.items.map(({ act, place, operator, reason, failure }) => [act, place, operator, reason, failure]),
      [['replay', queue(), 'ann', 'no expiry', null]],
    )
  })

  it('move keeps a message that the broker does not confirm, and records the failure', async () => {
    const stuck = await retry({ 'first-failure': 'unknown' })
    await system().channel.deleteQueue(main())
    try {
      const { items, exitCode } = await system().json('retries', 'move', queue(), '--reason', 'no expiry')
      assert.deepEqual(
        items.map(({ id, result }) => [id, result]),
        [[stuck, 'failed']],
      )
      assert.equal(exitCode, 1)
      await system().untilDepth(queue(), 1)
      const acts = await system().json('acts', '--about', stuck)
      assert.match(String(acts.items[0]?.['failure']), /does not exist/)
    } finally {
      await system().declare()
    }
  })

  it('shows an unreadable version with its number, moves none, and discards the selected ones with a record', async () => {
    const unreadable = { 'retried-at': ago(1_000), 'schema-version': 2, reason: 'unknown version 2 of order.created' }
    const newer = await retry(unreadable)
    const waiting = await retry({ 'retried-at': ago(1_000) })
    const { items, summary, exitCode } = await system().json('retries', 'list')
    assert.deepEqual(
      items.map(({ id, state, schemaVersion }) => [id, state, schemaVersion]),
      [
        [newer, 'unreadable', 2],
        [waiting, 'waiting', undefined],
      ],
    )
    assert.deepEqual([summary['unreadable'], summary['stuck'], exitCode], [1, 0, 0])
    assert.deepEqual((await system().json('retries', 'move', queue(), '--dry-run')).items, [])
    assert.match((await system().run(['retries', 'discard', queue(), '--dry-run'])).error, /Nothing is selected/)
    const other = await system().json('retries', 'discard', queue(), '--event', 'order.cancelled', '--dry-run')
    assert.deepEqual(other.items, [])
    const dry = await system().json('retries', 'discard', queue(), '--all', '--dry-run')
    assert.deepEqual(
      dry.items.map(({ id, result }) => [id, result]),
      [[newer, 'would_discard']],
    )
    await system().untilDepth(queue(), 2)
    const done = await system().json('retries', 'discard', queue(), newer, '--reason', 'a test')
    assert.deepEqual(
      done.items.map(({ id, result }) => [id, result]),
      [[newer, 'discarded']],
    )
    await system().untilDepth(queue(), 1)
    const [act] = (await system().json('acts', '--about', newer)).items
    assert.deepEqual([act?.['act'], act?.['place']], ['discard', queue()])
  })

  it('move keeps a forged message', async () => {
    const forged = await retry({ 'first-routing-key': 'payment.refund.requested' })
    for (const args of [['--dry-run'], ['--reason', 'no expiry']]) {
      const { items, exitCode } = await system().json('retries', 'move', queue(), ...args)
      assert.deepEqual([items[0]?.['id'], items[0]?.['result'], exitCode], [forged, 'failed', 1])
      assert.match(String(items[0]?.['why']), /a forged message is never replayed/)
      await system().untilDepth(queue(), 1)
    }
  })

  it('move requires a retry queue of the system and a reason', async () => {
    assert.match(
      (await system().run(['retries', 'move', main(), '--dry-run'])).error,
      /is not a retry queue of the system/,
    )
    assert.match((await system().run(['retries', 'move', queue()])).error, /--reason is missing/)
  })

  it('audit reports stuck messages as a violation, and not those that wait', async () => {
    const check = async (): Promise<unknown> =>
      (await system().json('audit')).items.find((each) => each['check'] === 'retries')?.['violations']
    await retry({ 'retried-at': ago(1_000) })
    await retry({ 'first-failure': 'unknown' })
    assert.equal(await check(), 0)
    await retry({ 'retried-at': ago(delayMs + 90_000) })
    assert.equal(await check(), 1)
    await system().untilDepth(queue(), 3)
  })
})
