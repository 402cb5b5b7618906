import type { History } from '../history.ts'

/** Finds dead letters other than the injected malformed messages. */
export function checkDeadLetters({ deadLetters, malformed }: History): string[] {
  const injected = new Set(malformed.map(({ messageId }) => messageId))
  return deadLetters
    .filter(({ messageId }) => !injected.has(messageId))
    .map(({ service, messageId, reason }) => `${service} dead-lettered ${messageId}: ${reason}`)
}
