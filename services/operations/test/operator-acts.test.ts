// needs: database
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { Database } from '@order-saga/chassis'
import { rolesOf } from '@order-saga/tests/support/database-roles'
import { actFailed, actsDone, type Actor, beginActs, readActs } from '../src/inspect/operator-acts.ts'
import { addressOf } from '../src/inspect/stores.ts'
import { quietLog } from '../src/cli/operator-broker.ts'
import { notesIn, useAuditedSystem, violationsIn } from './audited-system.ts'

const actor: Actor = { runId: randomUUID(), operator: 'ann', reason: 'a reason', now: () => new Date() }
const body = { b: 1, a: ['ö', null, 1e30] }

describe('the record of operator acts', function () {
  this.timeout(60_000)
  const system = useAuditedSystem()
  let database: Database

  before(() => {
    const options = { poolMax: 5, applicationName: 'acts', log: quietLog }
    database = new Database({ ...addressOf(system().sources.order), ...rolesOf('order').operator, ...options })
  })
  after(() => database.close())
  beforeEach(() => system().sql('order', 'DELETE FROM operator_acts; DELETE FROM operator_act_bodies'))

  const begin = async (...subjects: string[]): Promise<string[]> => {
    const acts = subjects.map((subject) => ({
      act: 'discard' as const,
      subject,
      place: 'order_queue',
      detail: { reason: 'broken', body },
    }))
    return await beginActs(database, actor, acts)
  }
  const sql = <R extends object>(text: string, values: unknown[] = []): Promise<R[]> =>
    system().sql<R>('order', text, values)
  const violations = async (): Promise<string[]> => {
    const found = violationsIn(await system().audit())
    return Object.keys(found).filter((kind) => kind.startsWith('operator_acts: '))
  }

  it('keeps start and result as two rows, and reads them as one act with the body of the message', async () => {
    const ids = await begin('one', 'two', 'three')
    await actsDone(database, ids.slice(0, 1), new Date())
    await actFailed(database, ids[1] ?? '', 'no queue', new Date())
    // The answer was lost, and the result is recorded again.
    await actsDone(database, ids.slice(0, 1), new Date())
    const acts = await readActs(database, { limit: 10 })
    assert.deepEqual(
      acts.map(({ subject, completedAt, failure }) => [subject, completedAt !== null, failure]),
      [
        ['three', false, null],
        ['two', false, 'no queue'],
        ['one', true, null],
      ],
    )
    for (const { detail } of acts) assert.deepEqual(detail, { reason: 'broken', body })
    assert.deepEqual(await sql('SELECT seq, detail FROM operator_acts ORDER BY seq'), [
      ...[1, 2, 3].map((seq) => ({ seq, detail: { reason: 'broken' } })),
      ...[4, 5].map((seq) => ({ seq, detail: {} })),
    ])
    assert.deepEqual(await violations(), [])
    const [{ hash } = {}] = await sql<{ hash: string }>(
      `SELECT encode(hash, 'hex') AS hash FROM operator_acts WHERE seq = 5`,
    )
    assert.deepEqual(notesIn(await system().audit())['operator_acts'], [`5, last hash ${hash}`])
  })

  it('is one chain without gaps when operators act at the same time, and some are interrupted', async () => {
    const interrupted = async (): Promise<void> => {
      await database.transaction(async (tx) => {
        await tx.query({ name: 'act', text: `SELECT count(*) FROM operator_acts` })
        tx.write({
          name: 'interrupted',
          text: `INSERT INTO operator_acts (act_id, run_id, act, subject, place, operator, reason, begun_at)
            VALUES (gen_random_uuid(), gen_random_uuid(), 'release', 's', 'p', 'o', 'r', now())`,
        })
        throw new Error('interrupted')
      })
    }
    const writers = Array.from({ length: 8 }, async (_, writer) => {
      for (let i = 0; i < 5; i += 1) {
        if (writer === 0) await assert.rejects(interrupted())
        await actsDone(database, await begin(`${writer}`, `${writer}`), new Date())
      }
    })
    await Promise.all(writers)
    assert.deepEqual(await sql('SELECT count(*)::int, max(seq)::int FROM operator_acts'), [{ count: 160, max: 160 }])
    assert.deepEqual(await violations(), [])
  })

  const changed = 'operator_acts: an entry was changed'
  const missing = 'operator_acts: entries before this one are missing or were replaced'
  const otherBody = 'operator_acts: the body of the message was changed'
  const foreign = 'operator_acts: a body of a message belongs to no entry'
  const rehash = `UPDATE operator_acts a SET hash = sha256(convert_to(jsonb_strip_nulls(to_jsonb(a) - 'hash')::text, 'UTF8'))`
  const cases: readonly (readonly [string, string, string[]])[] = [
    ['another operator', `UPDATE operator_acts SET operator = 'bob' WHERE seq = 2`, [changed]],
    ['another time', `UPDATE operator_acts SET begun_at = begun_at - interval '1 us' WHERE seq = 2`, [changed]],
    ['another detail', `UPDATE operator_acts SET detail = '{"reason": "fine"}' WHERE seq = 2`, [changed]],
    ['another result', `UPDATE operator_acts SET done_at = NULL, failure = 'x' WHERE seq = 4`, [changed]],
    ['no hash', `UPDATE operator_acts SET hash = NULL WHERE seq = 4`, [changed, missing]],
    [
      'another reason with its hash',
      `UPDATE operator_acts SET reason = 'x' WHERE seq = 2; SET TimeZone = 'UTC'; ${rehash} WHERE seq = 2`,
      [missing],
    ],
    ['no first entry', 'DELETE FROM operator_act_bodies; DELETE FROM operator_acts WHERE seq = 1', [missing]],
    ['no entry in the middle', 'DELETE FROM operator_act_bodies; DELETE FROM operator_acts WHERE seq = 3', [missing]],
    [
      'an entry that is taken out of the chain',
      'DELETE FROM operator_act_bodies; UPDATE operator_acts SET seq = NULL WHERE seq = 3',
      [missing],
    ],
    ['another body', `UPDATE operator_act_bodies SET body = '{"b": 2}'`, [otherBody]],
    ['a body of no act', `INSERT INTO operator_act_bodies VALUES (gen_random_uuid(), '{}')`, [foreign]],
    ['the removal of bodies', 'DELETE FROM operator_act_bodies', []],
    [
      'a row of a release before the chain',
      `ALTER TABLE operator_acts DISABLE TRIGGER chain;
       INSERT INTO operator_acts (act_id, run_id, act, subject, place, operator, reason, begun_at, done_at, detail)
         VALUES (gen_random_uuid(), gen_random_uuid(), 'discard', 'before', 'p', 'o', 'r', now(), now(), '{"body": "old"}');
       ALTER TABLE operator_acts ENABLE TRIGGER chain`,
      [],
    ],
  ]
  for (const [what, corrupt, expected] of cases) {
    it(`the audit finds ${expected.length === 0 ? 'nothing wrong with' : ''} ${what}`.replace('  ', ' '), async () => {
      await actsDone(database, await begin('one', 'two', 'three'), new Date())
      await sql(corrupt)
      assert.deepEqual(await violations(), expected)
    })
  }

  it('is continued by a console of the previous release, which sets the result by an update', async () => {
    const actId = randomUUID()
    await sql(
      `INSERT INTO operator_acts (act_id, run_id, act, subject, place, event, saga_id, operator, reason, begun_at, detail)
       SELECT act_id, $2, act, subject, place, event, saga_id, $3, $4, $5, detail
       FROM json_populate_recordset(NULL::operator_acts, $1::json)`,
      [
        JSON.stringify([{ act_id: actId, act: 'discard', subject: 'one', place: 'p', detail: { body: 'text' } }]),
        randomUUID(),
        'ann',
        'why',
        new Date(),
      ],
    )
    for (let i = 0; i < 2; i += 1) {
      await sql('UPDATE operator_acts SET done_at = $2 WHERE act_id = ANY($1::uuid[])', [[actId], new Date()])
    }
    assert.deepEqual(await violations(), [])
    const acts = await readActs(database, { limit: 10 })
    assert.deepEqual(
      acts.map((act) => [act.actId, act.completedAt !== null, act.detail]),
      [[actId, true, { body: 'text' }]],
    )
    assert.deepEqual(await sql('SELECT seq FROM operator_acts ORDER BY seq'), [{ seq: 1 }, { seq: 2 }])
  })
})
