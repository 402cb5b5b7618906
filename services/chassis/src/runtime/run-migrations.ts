import type { ServiceName } from '@order-saga/contracts'
import { migrate } from '../persistence/migrate.ts'
import { loadConfig, type Setting } from './config.ts'
import type { DatabaseConfig } from './settings.ts'

type Settings = { [K in keyof DatabaseConfig]: Setting<DatabaseConfig[K]> }

/** The `migrate` command of a service: brings its database to the newest schema and prints `[migrate] done`. */
export async function runMigrations(service: ServiceName, settings: Settings): Promise<void> {
  const { dbHost, dbPort, dbName, dbUser, dbPassword, dbCaFile } = settings
  const wanted = { dbHost, dbPort, dbName, dbUser, dbPassword, dbCaFile }
  const config = loadConfig<Pick<DatabaseConfig, keyof typeof wanted>>(wanted, process.env)
  const target = {
    host: config.dbHost,
    port: config.dbPort,
    name: config.dbName,
    user: config.dbUser,
    password: config.dbPassword,
    caFile: config.dbCaFile,
  }
  const files = await migrate(target, service, print)
  print(`[migrate] ${config.dbName}: ${files === 0 ? 'nothing to do' : `${files} applied`}`)
  print('[migrate] done')
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}
