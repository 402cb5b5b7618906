// needs: database
import assert from 'node:assert/strict'
import { Socket } from 'node:net'
import { waitUntil } from '@order-saga/dev'
import { Client, type Submittable, types } from 'pg'
import { libraryParts, StatementBatch, type Wire } from '../../src/persistence/statement-batch.ts'
import { DatabaseForTest } from '../support/database-for-test.ts'
import { privatePart } from '../support/private-part.ts'

/** Notes the calls by which pg drives a query. */
class RecordedQuery {
  readonly calls: [name: string, argument?: unknown][] = []
  readonly name = 'recorded'
  readonly text = 'SELECT $1::int AS n'

  submit(wire: Wire): void {
    this.calls.push(['submit'])
    wire.parse({ name: this.name, text: this.text })
    wire.bind({ statement: this.name, values: ['7'] })
    wire.describe({ type: 'P', name: '' })
    wire.execute({})
    wire.sync()
  }

  handleRowDescription({ fields }: { fields: { name: string }[] }): void {
    this.calls.push(['handleRowDescription', fields.map(({ name }) => name)])
  }

  handleDataRow({ fields }: { fields: unknown[] }): void {
    this.calls.push(['handleDataRow', fields])
  }

  handleCommandComplete({ text }: { text: string }): void {
    this.calls.push(['handleCommandComplete', text])
  }

  handleReadyForQuery(): void {
    this.calls.push(['handleReadyForQuery'])
  }

  handleError(error: unknown): void {
    this.calls.push(['handleError', error])
  }
}

describe('private parts of pg', () => {
  const reliedOnBy = 'statement-batch.ts'
  let own: DatabaseForTest
  let client: Client
  let wire: Wire

  before(async () => (own = await DatabaseForTest.create({ empty: true })))

  beforeEach(async () => {
    client = new Client({ connectionString: own.url })
    client.on('error', () => undefined)
    await client.connect()
    wire = (client as unknown as { readonly connection: Wire }).connection
  })

  afterEach(async () => client.end())

  after(async () => own?.drop())

  privatePart('pg.Result parses rows and names the command', reliedOnBy, () => {
    const result = new libraryParts.Result(undefined, types)
    result.addFields([{ name: 'n', dataTypeID: types.builtins.INT4, format: 'text' }])
    assert.deepEqual(result.parseRow(['7']), { n: 7 })
    result.addCommandComplete({ text: 'INSERT 0 1' })
    assert.equal(result.command, 'INSERT')
    assert.deepEqual(result.rows, [])
  })

  privatePart('pg.utils.prepareValue gives the text form of a value', reliedOnBy, () => {
    const { prepareValue } = libraryParts.utils
    const values = [undefined, null, 7, true, [1, null], { a: 1 }, Buffer.from('b')]
    assert.deepEqual(
      values.map((value) => prepareValue(value)),
      [null, null, '7', 'true', '{"1",NULL}', '{"a":1}', Buffer.from('b')],
    )
    const at = new Date('2026-01-02T03:04:05.678Z')
    assert.equal(Date.parse(String(prepareValue(at))), at.getTime())
  })

  privatePart(
    'client.query submits a Submittable and gives it the answers of the server in order',
    reliedOnBy,
    async () => {
      const query = new RecordedQuery()
      client.query(query as unknown as Submittable)
      await waitUntil(() => query.calls.length === 5, { what: 'five calls', limitMs: 5_000, state: () => query.calls })
      assert.deepEqual(query.calls, [
        ['submit'],
        ['handleRowDescription', ['n']],
        ['handleDataRow', ['7']],
        ['handleCommandComplete', 'SELECT 1'],
        ['handleReadyForQuery'],
      ])
    },
  )

  privatePart('connection.parsedStatements lists what the server has prepared', reliedOnBy, async () => {
    const batch = new StatementBatch(5_000)
    const answer = batch.add({ name: 'listed', text: 'SELECT 1' }, [], false)
    client.query(batch as unknown as Submittable)
    await answer
    assert.equal(wire.parsedStatements['listed'], 'SELECT 1')
  })

  privatePart('connection emits notices with their SQLSTATE', reliedOnBy, async () => {
    const codes: (string | undefined)[] = []
    const note = ({ code }: { code: string | undefined }): void => void codes.push(code)
    wire.on('notice', note)
    await client.query(`DO $$ BEGIN RAISE WARNING 'one'; RAISE NOTICE 'two'; END $$`)
    wire.off('notice', note)
    await client.query(`DO $$ BEGIN RAISE WARNING 'three'; END $$`)
    assert.deepEqual(codes, ['01000', '00000'])
  })

  privatePart('connection.stream is the socket, and its error is that of the query', reliedOnBy, async () => {
    assert.ok(wire.stream instanceof Socket)
    const failed = client.query('SELECT pg_sleep(60)')
    wire.stream.destroy(new Error('destroyed by the test'))
    await assert.rejects(failed, /destroyed by the test/)
  })
})
