import type { ServiceName } from '@order-saga/contracts'
import { Database } from '../persistence/database.ts'
import { type SchemaVersions, waitForSchema } from '../persistence/schema.ts'
import { createLog } from '../core/log.ts'
import { type databaseSettings, loadAddress } from './settings.ts'

/**
 * The `wait-for-schema` command of a service: returns once its database has a schema this version works with, and
 * prints each reason for waiting. It has no time limit of its own: the platform's applies.
 */
export async function runSchemaWait(
  service: ServiceName,
  settings: ReturnType<typeof databaseSettings>,
  schema: SchemaVersions,
): Promise<void> {
  const address = loadAddress(settings, process.env)
  const print = (line: string): void => {
    process.stdout.write(`[wait-for-schema] ${address.name}: ${line}\n`)
  }
  const database = new Database({
    ...address,
    // Two sessions are compared.
    poolMax: 2,
    applicationName: `wait-for-schema-${service}`,
    log: createLog(service, 'error'),
  })
  const stop = new AbortController()
  const onSignal = (): void => stop.abort()
  process.once('SIGTERM', onSignal)
  process.once('SIGINT', onSignal)
  try {
    await waitForSchema(database, schema, {
      signal: stop.signal,
      prepare: () => database.verifySessions(),
      onWait: print,
    })
  } finally {
    process.off('SIGTERM', onSignal)
    process.off('SIGINT', onSignal)
    await database.close()
  }
  // The next container must not start after a stop signal.
  if (stop.signal.aborted) throw new Error('stopped by a signal before the schema was current')
  print('the schema fits')
}
