import type { ChassisMetrics } from '@order-saga/chassis'
import { Counter } from 'prom-client'
import { type MailKind, mailKinds } from './domain/mail.ts'

/** @returns a function that counts one mail by kind and result */
export function createNotificationMetrics({ registry }: ChassisMetrics): (kind: MailKind, result: string) => void {
  const notifications = new Counter({
    name: 'notifications_total',
    help: 'Mails by kind and result: sent, rejected (permanently, by the mail server), skipped (no mail to send); sum over pods.',
    labelNames: ['kind', 'result'],
    registers: [registry],
  })
  for (const kind of Object.values(mailKinds)) {
    for (const result of ['sent', 'rejected', 'skipped']) notifications.inc({ kind, result }, 0)
  }
  return (kind, result) => notifications.inc({ kind, result })
}
