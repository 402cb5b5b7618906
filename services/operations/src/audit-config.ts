import {
  brokerUrl,
  type CommonConfig,
  commonSettings,
  databaseSettings,
  integer,
  milliseconds,
  optionalText,
  type Setting,
} from '@order-saga/chassis'
import { readClientLog } from './audit/client-answers.ts'
import { defaultOptions } from './audit/options.ts'
import type { AuditSources } from './audit/sources.ts'
import { type ManagementConfig, managementSettings } from './management-config.ts'
import { databaseSources, type StoresConfig, storeSettings } from './store-config.ts'

type Queues = Pick<CommonConfig, 'orderQueue' | 'paymentQueue' | 'inventoryQueue' | 'notificationQueue'>

export interface AuditConfig extends Queues, StoresConfig {
  rabbitmqUrl: string
  rabbitmqPassword: string
  retryDelaysMs: readonly number[]
  outboxRetentionMs: number
  inboxRetentionMs: number
  settleMs: number
  toleranceMs: number
  statementTimeoutMs: number
  allowDeadLetters: number
  allowParkedEvents: number
  clientLog: string
}

const { outboxRetentionMs, inboxRetentionMs } = databaseSettings('order_db')
const longestMs = 3_600_000

/** Settings of the audit. Settings of the services have the same names and defaults here. */
export const auditSettings: { [K in keyof AuditConfig]: Setting<AuditConfig[K]> } = {
  ...storeSettings,
  rabbitmqUrl: commonSettings.rabbitmqUrl,
  rabbitmqPassword: commonSettings.rabbitmqPassword,
  orderQueue: commonSettings.orderQueue,
  paymentQueue: commonSettings.paymentQueue,
  inventoryQueue: commonSettings.inventoryQueue,
  notificationQueue: commonSettings.notificationQueue,
  retryDelaysMs: commonSettings.retryDelaysMs,
  outboxRetentionMs,
  inboxRetentionMs,
  settleMs: milliseconds({
    env: 'AUDIT_SETTLE_MS',
    default: defaultOptions.settleMs,
    min: 0,
    max: longestMs,
    doc: 'Time between two reads of a suspected violation; it is reported only when its rows did not change.',
  }),
  toleranceMs: milliseconds({
    env: 'AUDIT_TOLERANCE_MS',
    default: defaultOptions.toleranceMs,
    min: 0,
    max: 24 * longestMs,
    doc: 'Allowed delay of a deadline check, a delivery, or all retries.',
  }),
  statementTimeoutMs: milliseconds({
    env: 'AUDIT_STATEMENT_TIMEOUT_MS',
    default: defaultOptions.statementTimeoutMs,
    min: 100,
    max: longestMs,
    doc: 'Statement timeout of the audit.',
  }),
  allowDeadLetters: allowed('AUDIT_ALLOW_DEAD_LETTERS', 'Accepted number of dead letters.'),
  allowParkedEvents: allowed('AUDIT_ALLOW_PARKED_EVENTS', 'Accepted number of parked events.'),
  clientLog: optionalText({
    env: 'AUDIT_CLIENT_LOG',
    doc: 'File with the responses to clients, one JSON object per line; without it invariant 6 is not checked.',
  }),
}

export interface AuditExporterConfig
  extends
    AuditConfig,
    ManagementConfig,
    Pick<CommonConfig, 'exchange' | 'opsHost' | 'opsPort' | 'logLevel' | 'shutdownTimeoutMs'> {
  intervalMs: number
}

const { exchange, opsHost, opsPort, logLevel, shutdownTimeoutMs } = commonSettings

export const auditExporterSettings: { [K in keyof AuditExporterConfig]: Setting<AuditExporterConfig[K]> } = {
  ...auditSettings,
  ...managementSettings,
  exchange,
  opsHost,
  opsPort,
  logLevel,
  shutdownTimeoutMs,
  intervalMs: milliseconds({
    env: 'AUDIT_INTERVAL_MS',
    default: 900_000,
    min: 1_000,
    doc: 'Minimum pause between two audits; at least nine times the duration of the previous one.',
  }),
}

export function auditSources(config: AuditConfig): AuditSources {
  return {
    ...databaseSources(config),
    broker: { url: brokerUrl(config), queues: config, retryDelaysMs: config.retryDelaysMs },
    clientAnswers: config.clientLog === '' ? undefined : readClientLog(config.clientLog),
  }
}

function allowed(env: string, doc: string): Setting<number> {
  return integer({ env, default: 0, min: 0, max: 1_000_000_000, doc })
}
