import type { History } from '../history.ts'
import { eventIdOf } from './orphans.ts'

/** Finds outcomes without a mail. Duplicated mails are allowed: they are sent at least once. */
export function checkMails({ events, mails }: History): string[] {
  const sent = new Set(mails.map(({ messageId }) => eventIdOf(messageId)))
  return events
    .filter(({ mailTo, eventId, published }) => mailTo !== null && published && !sent.has(eventId))
    .map(({ mailTo, name, eventId }) => `no mail to ${mailTo} for ${name} ${eventId}`)
}

/** The number of duplicated mails. */
export function countRepeatedMails({ mails }: History): number {
  return mails.length - new Set(mails.map(({ messageId }) => messageId)).size
}
