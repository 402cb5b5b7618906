import { personalFields } from '@order-saga/contracts'
import { type DestinationStream, type Logger, pino } from 'pino'

export type Log = Logger

const secret = ['payload', 'password', ...personalFields]

/**
 * A logger that writes JSON lines to standard output. Fields are ids and names; as a safeguard the fields that can hold
 * payloads, addresses and secrets are removed.
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
 * Not pino's own destination: after EPIPE it retries its last write for ever, so a process whose supervisor has exited
 * would never exit. Here such lines are dropped.
 */
function standardOutput(): DestinationStream {
  process.stdout.on('error', () => undefined)
  return process.stdout
}
