import { Type } from 'typebox'

/** The production `date-time` of RFC 3339, section 5.6, with at most nanoseconds; `T` and `Z` may be in lower case. */
const dateTime = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?:Z|([+-])(\d\d):(\d\d))$/i
/** The instants whose year has four digits in UTC. PostgreSQL has no year 0. */
const earliest = Date.parse('0001-01-01T00:00:00.000Z')
const latest = Date.parse('9999-12-31T23:59:59.999Z')

/**
 * Reads a date-time of RFC 3339, cut to milliseconds. The only way in which the system reads a date-time from outside.
 * @returns undefined for a text that is not an instant: February 30, hour 24, offset +24:00, a leap second (which neither
 * JavaScript nor PostgreSQL can express), or a year outside 1 to 9999 in UTC
 */
export function instantOf(text: string): Date | undefined {
  const match = dateTime.exec(text)
  if (match === null) return undefined
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match.slice(1, 7).map(Number)
  const [fraction = '', sign, offsetHour = '0', offsetMinute = '0'] = match.slice(7)
  if (hour > 23 || minute > 59 || second > 59 || Number(offsetHour) > 23 || Number(offsetMinute) > 59) return undefined
  const local = new Date(0)
  // Not by the constructor, which takes the years 0 to 99 for those of the twentieth century.
  local.setUTCFullYear(year, month - 1, day)
  if (local.getUTCMonth() !== month - 1 || local.getUTCDate() !== day) return undefined
  local.setUTCHours(hour, minute, second, Number(fraction.slice(0, 3).padEnd(3, '0')))
  const offsetMs = (Number(offsetHour) * 60 + Number(offsetMinute)) * 60_000
  const ms = local.getTime() + (sign === '-' ? offsetMs : -offsetMs)
  return ms >= earliest && ms <= latest ? new Date(ms) : undefined
}

/** A text that `instantOf` reads; the format is registered in validation.ts. */
export const Instant = Type.String({ format: 'date-time', description: 'an instant of RFC 3339 with its offset' })
