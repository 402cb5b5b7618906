import { createHash } from 'node:crypto'
import type { DeadLetter } from './dead-letter.ts'

/** Dead letters with the same event, queue and cause. */
export interface DeadLetterGroup {
  /** Digest of what they have in common: the same in every listing. */
  readonly group: string
  readonly event: string
  readonly queue: string
  /** The reason without ids and numbers. */
  readonly reason: string
  readonly count: number
  readonly first: Date | null
  readonly last: Date | null
}

type Grouped = Pick<DeadLetter, 'event' | 'queue' | 'reason'>

const uuids = /[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}/gi
/** A word with a digit is a number or an id. */
const numbers = /[\p{L}\p{N}_-]*\p{N}[\p{L}\p{N}_-]*/gu
const reasonLimit = 300

/** The reason without what differs between messages of one cause: ids and numbers. */
export function normalizedReason(reason: string): string {
  return reason
    .replaceAll(uuids, '<id>')
    .replaceAll(numbers, '<n>')
    .replaceAll(/<n>(?:[.,:/]<n>)+/g, '<n>')
    .replaceAll(/\s+/g, ' ')
    .trim()
    .slice(0, reasonLimit)
}

export function groupOf({ event, queue, reason }: Grouped): string {
  const common = JSON.stringify([event, queue, normalizedReason(reason)])
  return createHash('sha256').update(common).digest('hex').slice(0, 12)
}

/** The groups, the largest first. */
export function groupsOf(letters: readonly DeadLetter[]): DeadLetterGroup[] {
  const groups = new Map<string, DeadLetterGroup>()
  for (const letter of letters) {
    const { event, queue, reason, deadLetteredAt: at = null } = letter
    const group = groupOf(letter)
    const known = groups.get(group)
    groups.set(group, {
      group,
      event,
      queue,
      reason: normalizedReason(reason),
      count: (known?.count ?? 0) + 1,
      first: earlier(known?.first ?? null, at),
      last: later(known?.last ?? null, at),
    })
  }
  return [...groups.values()].toSorted((one, other) => other.count - one.count)
}

const earlier = (one: Date | null, other: Date | null): Date | null =>
  one === null || (other !== null && other < one) ? other : one
const later = (one: Date | null, other: Date | null): Date | null =>
  one === null || (other !== null && other > one) ? other : one
