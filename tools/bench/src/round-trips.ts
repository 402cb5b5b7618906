import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const run = promisify(execFile)

/**
 * Requests received by the server on a loopback port since its open connections were made: each batch of statements is one
 * segment. Uses `ss` (package iproute2).
 */
export async function readRoundTrips(port: number): Promise<number> {
  const { stdout } = await run('ss', ['-tinH', 'state', 'established', `sport = :${port}`])
  return segmentsIn(stdout)
}

/** The sum of `data_segs_in` of all sockets: segments received with data. */
export function segmentsIn(sockets: string): number {
  return [...sockets.matchAll(/\bdata_segs_in:(\d+)/g)].reduce((sum, [, count]) => sum + Number(count), 0)
}
