import { personalFields } from '@order-saga/contracts'
import { type DestinationStream, type Logger, pino } from 'pino'

export type Log = Logger

const secret = ['payload', 'password', ...personalFields]

/**
 * JSON lines on standard output, one per thing worth knowing. Fields are ids and names; payloads, addresses and secrets
 * have no place in a log, so the names under which they travel are removed should one slip in.
 */
export function createLog(service: string, level: string, destination?: DestinationStream): Log {
  const options = {
    level,
    base: { service },
    timestamp: pino.stdTimeFunctions.isoTime,
    redact: { paths: [...secret, ...secret.map((field) => `*.${field}`)], remove: true },
  }
  return pino(options, destination ?? standardOutput())
}

/**
 * Not pino's own writer: when the reader of its lines has gone, that one repeats its last write for ever, and a process
 * whose supervisor died would never end. Lines that nobody reads are dropped.
 */
function standardOutput(): DestinationStream {
  process.stdout.on('error', () => undefined)
  return process.stdout
}
