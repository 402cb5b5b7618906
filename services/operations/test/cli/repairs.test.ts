// needs: database, broker
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { randomUUID } from 'node:crypto'
import { retryQueue } from '@order-saga/contracts'
import { bodyOf, useOperatedSystem } from './operated-system.ts'

describe('saga topology', function () {
  this.timeout(60_000)
  const system = useOperatedSystem()

  it('finds and restores a missing queue, records it, and says that bindings were not checked', async () => {
    const queue = retryQueue(system().queueOf('payment'), 100)
    const whole = await system().run(['topology', 'check'])
    assert.equal(whole.code, 0, whole.out)
    assert.match(whole.out, /parts not checked: AMQP does not show bindings; set RABBITMQ_MANAGEMENT_URL/)
    await system().channel.deleteQueue(queue)
    const broken = await system().run(['topology', 'check'])
    assert.equal(broken.code, 1)
    assert.match(broken.out, new RegExp(`^queue +missing +${queue.replaceAll('.', '\\.')}$`, 'm'))
    const dry = await system().run(['topology', 'repair', '--dry-run'])
    assert.deepEqual([dry.code, dry.out], [1, broken.out])
    const { code, out } = await system().run(['topology', 'repair', '--reason', 'deleted by hand'])
    assert.equal(code, 0, out)
    assert.match(out, /^Restored: 1 part; \d+ unknown parts declared/m)
    assert.equal((await system().run(['topology', 'check'])).code, 0)
    const [act, ...more] = (await system().json('acts')).items
    assert.deepEqual(
      [act?.['act'], act?.['place'], act?.['failure'], more.length],
      ['repair_topology', 'broker', null, 0],
    )
    assert.notEqual(act?.['completedAt'], null)
  })

  it('finds a missing binding by the management API, and names the saga that it blocks', async () => {
    const bindings: object[] = []
    const exchanges: object[] = []
    const queues: object[] = []
    const api = createServer((request, response) => {
      assert.match(String(request.headers.authorization), /^Basic /)
      const [, kind] = /^\/api\/(\w+)\/[^/?]+(\?|$)/.exec(request.url ?? '') ?? []
      const rows = kind === 'exchanges' ? exchanges : kind === 'bindings' ? bindings : queues
      response.setHeader('content-type', 'application/json').end(JSON.stringify(rows))
    }).listen(0, '127.0.0.1')
    await once(api, 'listening')
    const env = { RABBITMQ_MANAGEMENT_URL: `http://127.0.0.1:${(api.address() as AddressInfo).port}` }
    try {
      const { items } = JSON.parse((await system().run(['topology', 'check', '--json'], { env })).out) as {
        items: { kind: string; name: string; state: string }[]
      }
      const missing = items.filter(({ state }) => state === 'missing')
      assert(missing.length > 10 && missing.every(({ kind }) => kind !== 'queue'))
      for (const { kind, name } of missing) {
        if (kind === 'exchange') {
          exchanges.push({ name, type: name === system().environment['ORDER_EXCHANGE'] ? 'topic' : 'direct' })
          continue
        }
        const [, source, destination, key] = /^(\S+) → (\S+): (\S+)$/.exec(name) ?? []
        bindings.push({ source, destination, destination_type: 'queue', routing_key: key })
      }
      const whole = await system().run(['topology', 'check'], { env })
      assert.equal(whole.code, 0, whole.out)
      assert.doesNotMatch(whole.out, /not checked/)
      const name = system().queueOf('payment')
      queues.push({ name, arguments: {} })
      const different = await system().run(['topology', 'check'], { env })
      assert.equal(different.code, 1)
      assert.match(different.out, new RegExp(`^queue +different +${name}$`, 'm'))
      assert.match(different.out, /^1 part with another type or other arguments, which a repair does not change/m)
    } finally {
      api.close()
    }
    const gone = await system().run(['topology', 'check'], { env })
    assert.equal(gone.code, 3)
    assert.match(gone.error, /^The broker cannot be used: http:\/\/127\.0\.0\.1:\d+: /)
  })
})

describe('saga dead-letters groups', function () {
  this.timeout(60_000)
  const system = useOperatedSystem()

  it('groups by event, queue and reason, and replays a group', async () => {
    for (const reason of ['order 17 failed', 'order 18 failed', 'another cause']) {
      const eventId = randomUUID()
      await system().die('order', bodyOf('payment.failed', { eventId }), {
        type: 'payment.failed',
        headers: { reason },
      })
    }
    const { items } = await system().json('dead-letters', 'groups')
    assert.deepEqual(
      items.map(({ reason, count }) => [reason, count]),
      [
        ['order <n> failed', 2],
        ['another cause', 1],
      ],
    )
    const group = String(items[0]?.['group'])
    const { out } = await system().run(['dead-letters', 'groups', '--queue', 'order'])
    assert.match(out, new RegExp(`^${group} +\\S+ +payment.failed +2 +`, 'm'))
    const { summary } = await system().json('dead-letters', 'replay', '--group', group, '--reason', 'fixed')
    assert.equal(summary['replayed'], 2)
    await system().untilDepth(system().dlqOf('order'), 1)
  })
})
