import type { History } from '../history.ts'

/** Dead letters beyond those that were injected to become some. */
export function checkDeadLetters({ deadLetters, malformed }: History): string[] {
  const injected = new Set(malformed.map(({ messageId }) => messageId))
  return deadLetters
    .filter(({ messageId }) => !injected.has(messageId))
    .map(({ service, messageId, reason }) => `${service} gave up ${messageId}: ${reason}`)
}
