import {
  apiPort,
  type CommonConfig,
  commonSettings,
  ConfigurationError,
  databaseSettings,
  httpHost,
  isLoopback,
  loadConfig,
  oneOf,
  optionalText,
  type Setting,
} from '@order-saga/chassis'
import { identifiesOperators } from './operators/identify-operator.ts'
import { type IdentityConfig, identitySettings } from './operators/identity-settings.ts'
import { type OpsConfig, opsSettings } from './ops-config.ts'
import { type ManagementConfig, managementSettings } from './saga-config.ts'
import { type OperatorsConfig, operatorSettings, type StoresConfig, storeSettings } from './store-config.ts'

export interface ConsoleConfig
  extends
    StoresConfig,
    OperatorsConfig,
    IdentityConfig,
    ManagementConfig,
    OpsConfig,
    Omit<CommonConfig, 'topology' | 'prefetch'> {
  httpHost: string
  port: number
  console: 'read-only' | 'full'
  runbooksUrl: string
  maxClockSkewMs: number
}

const { topology: _topology, prefetch: _prefetch, ...common } = commonSettings

/** Settings of the console: it declares no queues, consumes no messages, and reads the databases as the audit does. */
export const consoleSettings: { [K in keyof ConsoleConfig]: Setting<ConsoleConfig[K]> } = {
  ...common,
  ...storeSettings,
  ...managementSettings,
  ...opsSettings,
  ...operatorSettings,
  ...identitySettings,
  maxClockSkewMs: databaseSettings('order_db').maxClockSkewMs,
  httpHost,
  port: apiPort({ default: 3002, doc: 'Port of the console.' }),
  console: oneOf({
    env: 'CONSOLE',
    default: 'read-only',
    values: ['read-only', 'full'],
    doc: 'Whether the console is read-only or may replay and discard dead letters and release parked events, which requires OPERATOR_TOKENS or AUTH_MODE=jwt.',
  }),
  runbooksUrl: optionalText({
    env: 'RUNBOOKS_URL',
    doc: 'Base URL of docs/runbooks for the links of the console; without it the page names the files.',
  }),
}

/** @throws ConfigurationError also for conflicting settings, and for an anonymous console that others can reach */
export function loadConsoleConfig(environment: NodeJS.ProcessEnv): ConsoleConfig {
  const config = loadConfig<ConsoleConfig>(consoleSettings, environment)
  if (config.runbooksUrl !== '' && !/^https?:\/\/\S+$/.test(config.runbooksUrl)) {
    throw new ConfigurationError('RUNBOOKS_URL must be an http or https URL.')
  }
  if (environment['ADMIN_TOKEN']) {
    throw new ConfigurationError(
      'ADMIN_TOKEN is not supported any more: give each operator a token in OPERATOR_TOKENS.',
    )
  }
  if (identifiesOperators(config)) return config
  if (config.console === 'full') {
    throw new ConfigurationError(
      'OPERATOR_TOKENS must be set, or AUTH_MODE be jwt, when CONSOLE is full: every client could change the system.',
    )
  }
  if (!isLoopback(config.httpHost)) {
    throw new ConfigurationError(
      'OPERATOR_TOKENS must be set, or AUTH_MODE be jwt, when the console listens beyond this machine.',
    )
  }
  return config
}
