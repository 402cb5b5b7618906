import { randomInt } from 'node:crypto'
import { connect, createServer } from 'node:net'

// Below the ports the kernel hands to outgoing connections (32768 and up on Linux, 49152 and up on macOS): a server that
// is down for a moment must find its port still free when it comes back.
const lowest = 15_000
const highest = 30_000

function canListen(port: number, host?: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer()
    probe.once('error', () => resolve(false))
    probe.listen({ port, host, exclusive: true }, () => probe.close(() => resolve(true)))
  })
}

/** True when a server could listen on this port now, be it on the loopback address alone or on all addresses. */
export async function portIsFree(port: number): Promise<boolean> {
  return (await canListen(port, '127.0.0.1')) && (await canListen(port))
}

/**
 * A port nobody listens on. Nothing reserves it: use it at once. Not get-port: that reports a port it has checked as taken
 * for the next 15 s, so `portIsFree` could be asked only once, and each candidate has to be passed to it anyway.
 */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const port = randomInt(lowest, highest)
    if (await portIsFree(port)) return port
  }
  throw new Error(`No free port was found between ${lowest} and ${highest}: end some of the servers on this machine.`)
}

/** True when something accepts connections on this port of 127.0.0.1. */
export function listensOn(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect({ port, host: '127.0.0.1' })
    probe.once('error', () => resolve(false))
    probe.once('connect', () => {
      probe.destroy()
      resolve(true)
    })
  })
}
