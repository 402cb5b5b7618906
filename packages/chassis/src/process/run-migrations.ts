import type { ServiceName } from '@order-saga/contracts'
import { migrate } from '../persistence/migrate.ts'
import { type databaseSettings, loadAddress, loadRoles } from './settings.ts'

/** The `migrate` command of a service: brings its database to the newest schema and prints `[migrate] done`. */
export async function runMigrations(
  service: ServiceName,
  settings: ReturnType<typeof databaseSettings>,
): Promise<void> {
  const address = loadAddress(settings, process.env)
  const roles = loadRoles(address.user, process.env)
  const files = await migrate(address, service, print, roles)
  print(`[migrate] ${address.name}: ${files === 0 ? 'nothing to do' : `${files} applied`}`)
  if (roles === undefined)
    print(`[migrate] ${address.name}: no roles are given, so the service uses the owner of the tables`)
  print('[migrate] done')
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}
