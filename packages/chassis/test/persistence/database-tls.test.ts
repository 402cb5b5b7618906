// needs: own-servers
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { chown, copyFile, mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { promisify } from 'node:util'
import { waitUntil } from '@order-saga/dev'
import { statement } from '../../src/persistence/database.ts'
import { DependencyUnavailable } from '../../src/core/errors.ts'
import { DatabaseForTest } from '../support/database-for-test.ts'

const run = promisify(execFile)
const encrypted = statement('test-encrypted', 'SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()')

const endConnection = statement('test-end-connection', 'SELECT pg_terminate_backend(pg_backend_pid())')

async function certificate(folder: string, name: string): Promise<{ cert: string; key: string }> {
  const [cert, key] = [join(folder, `${name}.crt`), join(folder, `${name}.key`)]
  const kind = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2']
  const subject = ['-subj', `/CN=${name}`, '-addext', 'subjectAltName=IP:127.0.0.1']
  await run('openssl', ['req', ...kind, ...subject, '-keyout', key, '-out', cert])
  return { cert, key }
}

describe('the database over TLS', () => {
  let own: DatabaseForTest
  let folder: string
  let served: { cert: string; key: string }

  before(async function () {
    folder = await mkdtemp(join(tmpdir(), 'chassis-tls-'))
    try {
      served = await certificate(folder, 'served')
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') this.skip()
      throw error
    }
    own = await DatabaseForTest.create()
    const [setting] = await own.sql<{ data_directory: string }>('SHOW data_directory')
    const data = setting?.data_directory ?? ''
    const { uid, gid } = await stat(data)
    for (const [name, file] of Object.entries({ ssl_cert_file: served.cert, ssl_key_file: served.key })) {
      const installed = join(data, basename(file))
      await copyFile(file, installed)
      await chown(installed, uid, gid)
      await own.sql(`ALTER SYSTEM SET ${name} = '${basename(file)}'`)
    }
    await own.sql('ALTER SYSTEM SET ssl = on')
    await own.sql('SELECT pg_reload_conf()')
    await waitUntil(async () => (await own.sql('SHOW ssl'))[0]?.['ssl'] === 'on', {
      what: 'TLS to be on',
      limitMs: 5_000,
    })
  })

  after(async () => {
    await own?.sql('ALTER SYSTEM RESET ALL')
    await own?.sql('SELECT pg_reload_conf()')
    await own?.drop()
    await rm(folder, { recursive: true, force: true })
  })

  it('trusts the authority in its file, as the file is at each connect', async () => {
    const caFile = join(folder, 'ca.crt')
    const other = await certificate(folder, 'other')
    await copyFile(other.cert, caFile)
    const database = own.open({ caFile, poolMax: 1 })
    await assert.rejects(database.query(encrypted), DependencyUnavailable)
    await copyFile(served.cert, caFile)
    assert.deepEqual(await database.query(encrypted), [{ ssl: true }])
    await rm(caFile)
    await assert.rejects(database.query(endConnection), DependencyUnavailable)
    assert.deepEqual(await database.query(encrypted), [{ ssl: true }], 'a file missing for a moment changes nothing')
    await writeFile(caFile, '-----BEGIN CERTI')
    await assert.rejects(database.query(endConnection), DependencyUnavailable)
    await assert.rejects(database.query(encrypted), DependencyUnavailable, 'half a file is no authority')
    await copyFile(served.cert, caFile)
    assert.deepEqual(await database.query(encrypted), [{ ssl: true }])
  })

  it("refuses a server whose certificate is another host's", async () => {
    const database = own.open({ caFile: served.cert, host: 'localhost' })
    await assert.rejects(database.query(encrypted), /does not match certificate's altnames/)
  })
})
