/**
 * The time of the system, but at least 1 ms after the previous one: writes that follow each other within a millisecond, as
 * no failover lets two processes do, keep different times.
 */
export function increasingClock(): () => Date {
  let last = 0
  return () => {
    last = Math.max(last + 1, Date.now())
    return new Date(last)
  }
}
