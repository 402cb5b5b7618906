import type { History } from '../history.ts'
import { eventIdOf } from './ghosts.ts'

/** Events that call for a mail and got none. More than one is allowed: mails go out at least once. */
export function checkMails({ events, mails }: History): string[] {
  const sent = new Set(mails.map(({ messageId }) => eventIdOf(messageId)))
  return events
    .filter(({ mailTo, eventId, published }) => mailTo !== null && published && !sent.has(eventId))
    .map(({ mailTo, name, eventId }) => `${mailTo} was never told of ${name} ${eventId}`)
}

/** Mails that went out more often than once. */
export function repeatedMails({ mails }: History): number {
  return mails.length - new Set(mails.map(({ messageId }) => messageId)).size
}
