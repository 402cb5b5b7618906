import assert from 'node:assert/strict'
import { deadLetterQueue } from '@order-saga/chassis'
import { waitUntil } from '@order-saga/local'
import { RunningSystem } from '../../harness/running-system.ts'

describe('a reaction that fails', function () {
  this.timeout(120_000)
  let system: RunningSystem

  before(async () => {
    system = await RunningSystem.start()
    // Sequences are not rolled back: they count the attempts although each attempt's transaction fails.
    await system.sql('inventory', 'CREATE SEQUENCE attempts')
    await system.sql(
      'inventory',
      `CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$
       BEGIN
         IF NEW.items::text LIKE '%NEVER-WORKS%' OR (NEW.items::text LIKE '%WORKS-LATER%' AND nextval('attempts') <= 2) THEN
           RAISE EXCEPTION 'provoked by the test';
         END IF;
         RETURN NEW;
       END $$`,
    )
    await system.sql(
      'inventory',
      'CREATE TRIGGER fail BEFORE INSERT ON inventory_reservations FOR EACH ROW EXECUTE FUNCTION fail()',
    )
  })
  after(() => system?.stop())

  it('is tried again, and works the third time', async () => {
    const { sagaId } = await system.order({ items: [{ sku: 'WORKS-LATER', qty: 1 }] })
    await system.sagaBecomes(sagaId, { status: 'completed' })
    assert.equal(await system.services.inventory.metric('event_consumed_total', 'result="retried"'), 2)
    await system.assertClean()
  })

  it('every time ends in the dead letters with its history, and the others of its batch are unharmed', async () => {
    const queue = system.queues.inventory
    // Together in one batch: they all wait while inventory is away.
    await system.services.inventory.stop()
    const good = await Promise.all(Array.from({ length: 6 }, () => system.order()))
    const bad = await system.order({ items: [{ sku: 'NEVER-WORKS', qty: 1 }] })
    const more = await Promise.all(Array.from({ length: 6 }, () => system.order()))
    await waitUntil(async () => (await system.broker.depths())[queue] === 13, {
      what: '13 payments in the queue',
      limitMs: 20_000,
    })
    const started = new Date()
    system.services.inventory.start()
    for (const { sagaId } of [...good, ...more]) await system.sagaBecomes(sagaId, { status: 'completed' })
    await waitUntil(async () => (await system.broker.depths())[deadLetterQueue(queue)] === 1, {
      what: 'the dead letter',
      limitMs: 20_000,
    })
    const [letter] = await system.broker.takeDeadLetters(queue)
    const headers = letter?.properties.headers ?? {}
    assert.equal(letter?.properties.correlationId, bad.sagaId)
    assert.match(String(headers['reason']), /provoked by the test/)
    assert.equal(headers['attempt'], 4, 'the first try and one after each of the three delays')
    assert.equal(headers['queue'], queue)
    assert.ok(Date.parse(String(headers['first-failure'])) >= started.getTime())
    // Put back, with the cause of the failure gone, it takes its effect.
    await system.sql('inventory', 'DROP TRIGGER fail ON inventory_reservations')
    await system.broker.send(queue, letter?.content ?? Buffer.alloc(0), { ...letter?.properties, headers: {} })
    await system.sagaBecomes(bad.sagaId, { status: 'completed' })
    await system.assertClean()
  })
})
