import { type Log, optionalText, type Setting, url } from '@order-saga/chassis'
import { Store } from './inspect/store.ts'
import { type DatabaseSource, type StoreName, storeNames } from './inspect/stores.ts'

/** Addresses of the three databases. */
export type StoresConfig = Record<`${StoreName}DbUrl` | `${StoreName}DbCaFile`, string>

export const storeSettings = Object.fromEntries(
  storeNames.flatMap((store) => [
    [`${store}DbUrl`, databaseUrl(store)],
    [`${store}DbCaFile`, databaseCaFile(store)],
  ]),
) as { [K in keyof StoresConfig]: Setting<string> }

function databaseUrl(store: StoreName): Setting<string> {
  return url({
    env: `${store.toUpperCase()}_DB_URL`,
    default: `postgres://postgres@localhost:5432/${store}_db`,
    schemes: ['postgres', 'postgresql'],
    doc: `Database of the ${store} service; a role with SELECT is sufficient.`,
  })
}

function databaseCaFile(store: StoreName): Setting<string> {
  return optionalText({
    env: `${store.toUpperCase()}_DB_CA_FILE`,
    doc: `File with the certificate authority of the ${store} database server, as DB_CA_FILE.`,
  })
}

export function databaseSources(config: StoresConfig): Record<StoreName, DatabaseSource> {
  return ofEach((store) => ({ url: config[`${store}DbUrl`], caFile: config[`${store}DbCaFile`] }))
}

/** The three databases; each connects at its first use. */
export function openStores(config: StoresConfig, program: string, log: Log): Record<StoreName, Store> {
  const sources = databaseSources(config)
  return ofEach((store) => new Store({ store, source: sources[store], program, log }))
}

function ofEach<T>(make: (store: StoreName) => T): Record<StoreName, T> {
  return { order: make('order'), payment: make('payment'), inventory: make('inventory') }
}
