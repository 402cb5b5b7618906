import {
  checkedText,
  hostProblem,
  type Log,
  optionalText,
  serverPort,
  type Setting,
  text,
  url,
} from '@order-saga/chassis'
import { Store } from './inspect/store.ts'
import { type DatabaseSource, type Login, type StoreName, storeNames } from './inspect/stores.ts'

type TextPart = 'Host' | 'Name' | 'User' | 'Password' | 'CaFile'
type OperatorPart = 'OperatorUser' | 'OperatorPassword'
type RuntimePart = 'RuntimeUser' | 'RuntimePassword'
export type StoresConfig = Record<`${StoreName}Db${'Url' | TextPart}`, string> & Record<`${StoreName}DbPort`, number>
/** Who changes something, for the programs that do. */
export type OperatorsConfig = Record<`${StoreName}Db${OperatorPart}`, string>

/** Who previews a reaction: the services' own users. */
export type RuntimesConfig = Record<`${StoreName}Db${RuntimePart}`, string>

export const storeSettings = Object.fromEntries(storeNames.flatMap((store) => Object.entries(settingsOf(store)))) as {
  [K in keyof StoresConfig]: Setting<StoresConfig[K]>
}

export const operatorSettings = loginSettings(
  'Operator',
  (store) => `User for operator acts in the ${store} database: the operator role; without it the user for reading.`,
) as Record<keyof OperatorsConfig, Setting<string>>

export const runtimeSettings = loginSettings(
  'Runtime',
  (store) =>
    `User for previews in the ${store} database: the runtime role of the service; without it that for operator acts, which may not write all.`,
) as Record<keyof RuntimesConfig, Setting<string>>

function loginSettings(role: string, docOf: (store: StoreName) => string): Record<string, Setting<string>> {
  return Object.fromEntries(
    storeNames.flatMap((store) => {
      const env = `${store}_${role}_DB`.toUpperCase()
      return [
        [`${store}Db${role}User`, optionalText({ env: `${env}_USER`, doc: docOf(store) })],
        [
          `${store}Db${role}Password`,
          optionalText({ env: `${env}_PASSWORD`, sensitive: true, doc: 'Its password as it is.' }),
        ],
      ]
    }),
  )
}

function settingsOf(store: StoreName): Record<string, Setting<string> | Setting<number>> {
  const env = `${store.toUpperCase()}_DB`
  const unlessUrl = `unless ${env}_URL is set.`
  return {
    [`${store}DbUrl`]: url({
      env: `${env}_URL`,
      default: `postgres://postgres@localhost:5432/${store}_db`,
      schemes: ['postgres', 'postgresql'],
      doc: `Database of the ${store} service, for reading: the reader role is sufficient. Percent-encode reserved characters.`,
    }),
    [`${store}DbHost`]: checkedText({
      env: `${env}_HOST`,
      default: 'localhost',
      check: hostProblem,
      doc: `Host of the ${store} database, ${unlessUrl}`,
    }),
    [`${store}DbPort`]: serverPort({ env: `${env}_PORT`, default: 5432, doc: `Its port, ${unlessUrl}` }),
    [`${store}DbName`]: text({ env: `${env}_NAME`, default: `${store}_db`, doc: `Its name, ${unlessUrl}` }),
    [`${store}DbUser`]: text({ env: `${env}_USER`, default: 'postgres', doc: `User of it, ${unlessUrl}` }),
    [`${store}DbPassword`]: optionalText({
      env: `${env}_PASSWORD`,
      sensitive: true,
      doc: `The user's password as it is, ${unlessUrl}`,
    }),
    [`${store}DbCaFile`]: optionalText({
      env: `${env}_CA_FILE`,
      doc: `File with the certificate authority of the ${store} database server, as DB_CA_FILE.`,
    }),
  }
}

export function databaseSources(config: StoresConfig): Record<StoreName, DatabaseSource> {
  return ofEach((store) => {
    const caFile = config[`${store}DbCaFile`]
    const address = config[`${store}DbUrl`]
    // The default URL and the defaults of the other settings are the same database.
    if (address !== storeSettings[`${store}DbUrl`].default) return { url: address, caFile }
    return {
      host: config[`${store}DbHost`],
      port: config[`${store}DbPort`],
      name: config[`${store}DbName`],
      user: config[`${store}DbUser`],
      password: config[`${store}DbPassword`],
      caFile,
    }
  })
}

export function openStores(
  config: StoresConfig & OperatorsConfig & Partial<RuntimesConfig>,
  program: string,
  log: Log,
): Record<StoreName, Store> {
  const sources = databaseSources(config)
  return ofEach(
    (store) =>
      new Store({
        store,
        source: sources[store],
        operator: loginOf(config[`${store}DbOperatorUser`], config[`${store}DbOperatorPassword`]),
        runtime: loginOf(config[`${store}DbRuntimeUser`], config[`${store}DbRuntimePassword`]),
        program,
        log,
      }),
  )
}

const loginOf = (user = '', password = ''): Login | undefined => (user === '' ? undefined : { user, password })

export function ofEach<T>(make: (store: StoreName) => T): Record<StoreName, T> {
  return { order: make('order'), payment: make('payment'), inventory: make('inventory') }
}
