import {
  apiPort,
  type CommonConfig,
  commonSettings,
  ConfigurationError,
  databaseSettings,
  httpHost,
  loadConfig,
  oneOf,
  optionalText,
  type Setting,
} from '@order-saga/chassis'
import { type OperatorsConfig, operatorSettings, type StoresConfig, storeSettings } from './store-config.ts'

export interface ConsoleConfig extends StoresConfig, OperatorsConfig, Omit<CommonConfig, 'topology' | 'prefetch'> {
  httpHost: string
  port: number
  console: 'read-only' | 'full'
  adminToken: string
  maxClockSkewMs: number
}

const { topology: _topology, prefetch: _prefetch, ...common } = commonSettings

/** Settings of the console: it declares no queues, consumes no messages, and reads the databases as the audit does. */
export const consoleSettings: { [K in keyof ConsoleConfig]: Setting<ConsoleConfig[K]> } = {
  ...common,
  ...storeSettings,
  ...operatorSettings,
  maxClockSkewMs: databaseSettings('order_db').maxClockSkewMs,
  httpHost,
  port: apiPort({ default: 3002, doc: 'Port of the console.' }),
  console: oneOf({
    env: 'CONSOLE',
    default: 'read-only',
    values: ['read-only', 'full'],
    doc: 'Whether the console is read-only or may replay and discard dead letters.',
  }),
  adminToken: optionalText({
    env: 'ADMIN_TOKEN',
    sensitive: true,
    doc: 'Token that requests to the console must carry, also for reading; required with CONSOLE=full, at least 16 characters.',
  }),
}

/** The `b64token` of RFC 6750, with a length that cannot be guessed. */
const usableToken = /^[A-Za-z0-9._~+/-]{16,512}=*$/

/** @throws ConfigurationError also for conflicting settings */
export function loadConsoleConfig(environment: NodeJS.ProcessEnv): ConsoleConfig {
  const config = loadConfig<ConsoleConfig>(consoleSettings, environment)
  if (config.adminToken !== '' && !usableToken.test(config.adminToken)) {
    throw new ConfigurationError('ADMIN_TOKEN must have at least 16 characters, all of them letters, digits or ._~+/-.')
  }
  if (config.console === 'full' && config.adminToken === '') {
    throw new ConfigurationError(
      'ADMIN_TOKEN must be set when CONSOLE is full: without it every client could change the system.',
    )
  }
  return config
}
