/** The requested page of a list: `before` is the id that the page comes after in a list sorted newest first. */
export interface Page {
  readonly before: string
  readonly limit: number
}

const defaultLimit = 20
const newest = 'ffffffff-ffff-ffff-ffff-ffffffffffff'

/** Reads the query parameters of a list; their form has been checked by the schema. */
export function pageOf({ limit, cursor }: { limit?: string | undefined; cursor?: string | undefined }): Page {
  return {
    before: cursor === undefined ? newest : idOf(cursor),
    limit: limit === undefined ? defaultLimit : Number(limit),
  }
}

/**
 * Cuts a list that was read with one row more than the page holds. The cursor is the last id of the page, so pages stay
 * as they are while rows are added in front of them.
 */
export function cut<T>(
  rows: readonly T[],
  { limit }: Page,
  id: (row: T) => string,
): { rows: T[]; nextCursor: string | null } {
  const page = rows.slice(0, limit)
  const last = page.at(-1)
  return { rows: page, nextCursor: rows.length > limit && last !== undefined ? cursorOf(id(last)) : null }
}

/** A bound above every UUIDv7 of that millisecond or an earlier one (RFC 9562, section 5.7: 48 bits of Unix time). */
export function idAfter(ms: number): string {
  const time = Math.max(0, ms + 1)
    .toString(16)
    .padStart(12, '0')
  return `${time.slice(0, 8)}-${time.slice(8)}-0000-0000-000000000000`
}

function cursorOf(id: string): string {
  return Buffer.from(id.replaceAll('-', ''), 'hex').toString('base64url')
}

function idOf(cursor: string): string {
  const hex = Buffer.from(cursor, 'base64url').toString('hex')
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
}
