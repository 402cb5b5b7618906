import {
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
import { databaseSources, type StoresConfig, storeSettings } from './store-config.ts'

type Queues = Pick<CommonConfig, 'orderQueue' | 'paymentQueue' | 'inventoryQueue' | 'notificationQueue'>

export interface AuditConfig extends Queues, StoresConfig {
  rabbitmqUrl: string
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

/** Settings of the audit; those of the services that it must know have the same names and defaults here. */
export const auditSettings: { [K in keyof AuditConfig]: Setting<AuditConfig[K]> } = {
  ...storeSettings,
  rabbitmqUrl: commonSettings.rabbitmqUrl,
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
    doc: 'What looks wrong is looked at again this much later; only what has not moved meanwhile is judged.',
  }),
  toleranceMs: milliseconds({
    env: 'AUDIT_TOLERANCE_MS',
    default: defaultOptions.toleranceMs,
    min: 0,
    max: 24 * longestMs,
    doc: 'How long after it was due a thing may still be on its way: deadline check, delivery, all retries.',
  }),
  statementTimeoutMs: milliseconds({
    env: 'AUDIT_STATEMENT_TIMEOUT_MS',
    default: defaultOptions.statementTimeoutMs,
    min: 100,
    max: longestMs,
    doc: 'Longest one statement of the audit may run.',
  }),
  allowDeadLetters: allowed('AUDIT_ALLOW_DEAD_LETTERS', 'Dead letters that are known and accepted.'),
  allowParkedEvents: allowed('AUDIT_ALLOW_PARKED_EVENTS', 'Parked events that are known and accepted.'),
  clientLog: optionalText({
    env: 'AUDIT_CLIENT_LOG',
    doc: 'File with what clients were answered, a JSON object per line; without it invariant 6 is not checked.',
  }),
}

export interface AuditExporterConfig
  extends AuditConfig, Pick<CommonConfig, 'opsPort' | 'logLevel' | 'shutdownTimeoutMs'> {
  intervalMs: number
}

const { opsPort, logLevel, shutdownTimeoutMs } = commonSettings

export const auditExporterSettings: { [K in keyof AuditExporterConfig]: Setting<AuditExporterConfig[K]> } = {
  ...auditSettings,
  opsPort,
  logLevel,
  shutdownTimeoutMs,
  intervalMs: milliseconds({
    env: 'AUDIT_INTERVAL_MS',
    default: 900_000,
    min: 1_000,
    doc: 'From the end of one audit to the start of the next; at least nine times the duration of the last one.',
  }),
}

export function auditSources(config: AuditConfig): AuditSources {
  return {
    ...databaseSources(config),
    broker: { url: config.rabbitmqUrl, queues: config, retryDelaysMs: config.retryDelaysMs },
    clientAnswers: config.clientLog === '' ? undefined : readClientLog(config.clientLog),
  }
}

function allowed(env: string, doc: string): Setting<number> {
  return integer({ env, default: 0, min: 0, max: 1_000_000_000, doc })
}
