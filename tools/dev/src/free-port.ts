import { readFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'

/** Outgoing connections get these ports: by default 32768 and up on Linux, 49152 and up on macOS. */
function ephemeralPorts(): readonly [number, number] {
  try {
    const [first = 0, last = 0] = readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8').split('\t').map(Number)
    return [first, last]
  } catch {
    return [32_768, 65_535]
  }
}

/**
 * The ports to choose from: a server that is down for a moment must find its port still free when it comes back, so no
 * outgoing connection may get it. Where the ephemeral ports leave too few, all above 1024.
 */
export function portRange([first, last]: readonly [number, number] = ephemeralPorts()): readonly [number, number] {
  const ranges = [
    [15_000, Math.min(first, 30_000)],
    [1_024, first],
    [last + 1, 65_536],
  ] as const
  return ranges.find(([from, to]) => to - from >= 1_000) ?? [1_024, 65_536]
}

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
 * Where this process begins in the range. The fractional parts of consecutive integers times the golden ratio are far from
 * each other (Knuth, The Art of Computer Programming, volume 3, section 6.4), so processes that start together are too.
 */
const beginning = (process.pid * 0.618_033_988_749_894_9) % 1
let tried = 0

/**
 * A port nobody listens on. Nothing reserves it: use it at once. A process gets no port twice before it has tried the whole
 * range, and processes that choose at the same time get different ones. Not get-port: that reports a port it has checked as
 * taken for the next 15 s, so `portIsFree` could be asked only once, and each candidate has to be passed to it anyway.
 */
export async function freePort(): Promise<number> {
  const [from, to] = portRange()
  const count = to - from
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const port = from + ((Math.floor(beginning * count) + tried) % count)
    tried += 1
    if (await portIsFree(port)) return port
  }
  throw new Error(`No free port was found between ${from} and ${to - 1}: end some of the servers on this machine.`)
}

/** A server's port was taken between its choice and the server's start. */
export class PortInUse extends Error {
  override readonly name = 'PortInUse'
}

/** PostgreSQL, RabbitMQ (its listeners, its distribution port), epmd, Docker and Podman. */
const portTaken =
  /address already in use|eaddrinuse|in use by another node|already a epmd running|port is already allocated/i

/** The error for a server that did not start: `PortInUse` if its log says so. */
export function startFailure(message: string, log: string): Error {
  return portTaken.test(log) ? new PortInUse(message) : new Error(message)
}

const attempts = 5

/** Starts a server that chooses its ports itself, again when one of them was taken meanwhile. */
export async function onFreePorts<T>(start: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await start()
    } catch (error) {
      if (!(error instanceof PortInUse) || attempt === attempts) throw error
    }
  }
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
