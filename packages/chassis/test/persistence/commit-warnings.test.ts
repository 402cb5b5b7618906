// needs: database
import assert from 'node:assert/strict'
import { DependencyUnavailable } from '../../src/core/errors.ts'
import { type Database, statement } from '../../src/persistence/database.ts'
import { awaitReplication } from '../../src/persistence/replicated-commit.ts'
import { DatabaseForTest } from '../support/database-for-test.ts'

const insert = statement('test-insert', 'INSERT INTO effects (id, n) VALUES (gen_random_uuid(), $1)')
const raise = statement('test-raise', 'SELECT warn($1)')
const lsn = statement('test-lsn', 'SELECT pg_current_wal_insert_lsn() - $1::pg_lsn AS bytes')

/** By `n`: a deferred trigger raises this with the commit. */
const schema = `
  CREATE FUNCTION warn(n integer) RETURNS void LANGUAGE plpgsql AS $$ BEGIN
    IF n = 1 THEN RAISE WARNING 'of the commit'; END IF;
    IF n = 2 THEN RAISE WARNING 'of the commit' USING ERRCODE = '01007'; END IF;
    IF n = 3 THEN RAISE NOTICE 'of the commit'; END IF;
    IF n = 4 THEN RAISE INFO 'of the commit'; END IF; END $$;
  CREATE FUNCTION warn() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM warn(NEW.n); RETURN NULL; END $$;
  CREATE CONSTRAINT TRIGGER warns AFTER INSERT ON effects DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION warn();`

describe('a warning of PostgreSQL', () => {
  let own: DatabaseForTest
  let database: Database

  before(async () => {
    own = await DatabaseForTest.create()
    await own.sql(schema)
    await own.sql(`ALTER DATABASE ${own.target.name} SET client_min_messages = error`)
    database = own.open()
  })
  after(async () => own?.drop())

  const effects = async (): Promise<number> =>
    (await own.sql<{ count: number }>('SELECT count(*)::integer AS count FROM effects'))[0]?.count ?? -1

  for (const n of [1, 2]) {
    it(`with COMMIT makes its outcome unknown, and the transaction is not repeated (${n})`, async () => {
      const before = await effects()
      let runs = 0
      const committed = database.transaction(async (tx) => {
        runs += 1
        tx.write(insert, [n])
      })
      await assert.rejects(committed, DependencyUnavailable)
      assert.equal(runs, 1)
      assert.equal(await effects(), before + 1)
      assert.equal(database.poolState.total, 0)
    })

    it(`with the commit of a single statement makes its outcome unknown (${n})`, async () => {
      await assert.rejects(database.query(insert, [n]), DependencyUnavailable)
      assert.equal(database.poolState.total, 0)
    })
  }

  it('before the commit, and a notice or information with it, are no reason to doubt it', async () => {
    const committed = database.transaction(async (tx) => {
      await tx.query(raise, [1])
      tx.write(raise, [2])
      tx.write(insert, [3])
      tx.write(insert, [4])
    })
    await assert.doesNotReject(committed)
    await assert.doesNotReject(database.query(raise, [1]))
    await assert.doesNotReject(database.query(insert, [3]))
  })

  it('leaves later transactions of the pool as they are', async () => {
    await assert.rejects(database.query(insert, [1]), DependencyUnavailable)
    await database.query(insert, [0])
    await database.transaction(async (tx) => tx.write(insert, [0]))
  })

  it('can come to a transaction that only awaits replication: it has a commit record of its own', async () => {
    const written = async (work: (tx: Parameters<typeof awaitReplication>[0]) => void): Promise<number> => {
      const [start] = await own.sql<{ lsn: string }>('SELECT pg_current_wal_insert_lsn() AS lsn')
      const [{ id } = { id: null }] = await database.transaction(async (tx) => {
        work(tx)
        return await tx.query<{ id: string | null }>(
          statement('test-id', 'SELECT pg_current_xact_id_if_assigned()::text AS id'),
        )
      })
      const [{ bytes } = { bytes: '0' }] = await database.query<{ bytes: string }>(lsn, [start?.lsn])
      return id === null ? 0 : Number(bytes)
    }
    assert.equal(await written(() => undefined), 0)
    assert.ok((await written(awaitReplication)) > 0)
  })
})
