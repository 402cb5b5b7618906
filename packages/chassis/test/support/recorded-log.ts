import { createLog, type Log } from '../../src/core/log.ts'

export interface LogLine {
  readonly level: string
  readonly msg: string
  readonly [field: string]: unknown
}

const names: Record<number, string> = { 20: 'debug', 30: 'info', 40: 'warn', 50: 'error', 60: 'fatal' }

/** A log whose lines a test can read. `TEST_LOG=1` prints them too, for the search after a failure. */
export function recordedLog(lines: LogLine[] = []): { log: Log; lines: LogLine[] } {
  const log = createLog('test', 'debug', {
    write: (text) => {
      const line = JSON.parse(text) as Record<string, unknown>
      lines.push({ ...line, level: names[Number(line['level'])] ?? '', msg: String(line['msg']) })
      if (process.env['TEST_LOG'] !== undefined) process.stderr.write(text)
    },
  })
  return { log, lines }
}
