/** Names of the broker's objects that are derived from the name of a service's queue. */

export const deadLetterQueue = (queue: string): string => `${queue}.dlq`
export const retryQueue = (queue: string, delayMs: number): string => `${queue}.retry.${delayMs}`
export const secondaryQueue = (queue: string, name: string): string => `${queue}.${name}`

/**
 * The service's own direct exchange, which reaches only its own queues, by their names: retries, messages for a secondary
 * queue, dead letters and replays are published to it.
 */
export const ownExchange = (queue: string): string => `${queue}.direct`
