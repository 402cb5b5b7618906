import { type Log, optionalText, type Setting, url } from '@order-saga/chassis'
import { Store } from './inspect/store.ts'
import { type DatabaseSource, type StoreName, storeNames } from './inspect/stores.ts'

export type StoresConfig = Record<`${StoreName}DbUrl` | `${StoreName}DbCaFile`, string>

export const storeSettings = Object.fromEntries(
  storeNames.flatMap((store): [keyof StoresConfig, Setting<string>][] => {
    const env = `${store.toUpperCase()}_DB`
    return [
      [
        `${store}DbUrl`,
        url({
          env: `${env}_URL`,
          default: `postgres://postgres@localhost:5432/${store}_db`,
          schemes: ['postgres', 'postgresql'],
          doc: `Database of the ${store} service; a role with SELECT is sufficient.`,
        }),
      ],
      [
        `${store}DbCaFile`,
        optionalText({
          env: `${env}_CA_FILE`,
          doc: `File with the certificate authority of the ${store} database server, as DB_CA_FILE.`,
        }),
      ],
    ]
  }),
) as { [K in keyof StoresConfig]: Setting<string> }

export function databaseSources(config: StoresConfig): Record<StoreName, DatabaseSource> {
  return ofEach((store) => ({ url: config[`${store}DbUrl`], caFile: config[`${store}DbCaFile`] }))
}

export function openStores(config: StoresConfig, program: string, log: Log): Record<StoreName, Store> {
  const sources = databaseSources(config)
  return ofEach((store) => new Store(store, sources[store], program, log))
}

export function ofEach<T>(make: (store: StoreName) => T): Record<StoreName, T> {
  return { order: make('order'), payment: make('payment'), inventory: make('inventory') }
}
