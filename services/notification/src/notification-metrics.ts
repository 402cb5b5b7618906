import type { ChassisMetrics } from '@order-saga/chassis'
import { Counter } from 'prom-client'
import type { MailKind } from './domain/mail.ts'

/** @returns what counts one mail by kind and result */
export function createNotificationMetrics({ registry }: ChassisMetrics): (kind: MailKind, result: string) => void {
  const notifications = new Counter({
    name: 'notifications_total',
    help: 'Mails by kind and result: sent, rejected (by the mail server, for good), skipped (nothing to say); sum over pods.',
    labelNames: ['kind', 'result'],
    registers: [registry],
  })
  return (kind, result) => notifications.inc({ kind, result })
}
