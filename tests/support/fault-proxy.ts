import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

interface Link {
  readonly client: Socket
  readonly upstream: Socket
  /** Bytes of the server that may still pass before the link is reset. */
  replyBytesLeft: number
}

/** Delayed chunks to a socket, and the time when the last chunk is due. */
interface Late {
  readonly chunks: Buffer[]
  dueAt: number
}

/**
 * A TCP proxy on 127.0.0.1 that injects network faults: it forwards bytes, optionally delayed, withholds them silently,
 * resets connections, or refuses them. Its port does not change.
 */
export class FaultProxy {
  readonly #target: number
  readonly #links = new Set<Link>()
  readonly #late = new WeakMap<Socket, Late>()
  #server: Server | undefined
  #port = 0
  #silent = false
  #delayMs = 0
  #replyBytes = Number.POSITIVE_INFINITY
  #resets = 0
  #replied = 0
  #cut: { text: string; done: () => void } | undefined
  #silenceAfter: string | undefined

  private constructor(target: number) {
    this.#target = target
  }

  static async start(targetPort: number): Promise<FaultProxy> {
    const proxy = new FaultProxy(targetPort)
    await proxy.accept()
    return proxy
  }

  get port(): number {
    return this.#port
  }

  /** The URL with this proxy's address in place of the server's. */
  through(url: string): string {
    const changed = new URL(url)
    changed.host = `127.0.0.1:${this.#port}`
    return changed.toString()
  }

  get connections(): number {
    return this.#links.size
  }

  /** Bytes that came from the server, on all connections together. */
  get replied(): number {
    return this.#replied
  }

  /** How many connections it has reset. */
  get resets(): number {
    return this.#resets
  }

  /** Ends every fault and forwards the withheld bytes. */
  pass(): void {
    this.#silent = false
    this.#silenceAfter = undefined
    this.#delayMs = 0
    this.#replyBytes = Number.POSITIVE_INFINITY
    for (const link of this.#links) {
      const { client, upstream } = link
      // Closes links of which one side was closed during the silence.
      if (client.destroyed || upstream.destroyed) this.#endLink(link)
      else for (const socket of [client, upstream]) socket.resume()
    }
  }

  /** Forwards and closes nothing; new connections are accepted and receive nothing. */
  silence(): void {
    this.#silent = true
    for (const { client, upstream } of this.#links) for (const socket of [client, upstream]) socket.pause()
  }

  /** Becomes silent after forwarding a reply that contains the text. */
  silenceAfter(text: string): void {
    this.#silenceAfter = text
  }

  delay(ms: number): void {
    this.#delayMs = ms
  }

  /** Resets every open connection, on both sides. */
  reset(): void {
    for (const link of this.#links) this.#resetLink(link)
  }

  /** Each connection made from now on is reset after that many bytes from the server. */
  resetAfter(replyBytes: number): void {
    this.#replyBytes = replyBytes
  }

  /** Withholds the next reply that contains the text and resets its connection. Resolves when that has happened. */
  async cutReply(text: string): Promise<void> {
    await new Promise<void>((done) => (this.#cut = { text, done }))
  }

  /** Resets what is open and refuses new connections, until `accept`. */
  async refuse(): Promise<void> {
    this.reset()
    const server = this.#server
    this.#server = undefined
    if (server === undefined) return
    server.close()
    await once(server, 'close')
  }

  async accept(): Promise<void> {
    if (this.#server !== undefined) return
    this.#server = createServer({ noDelay: true }, (client) => this.#link(client))
    this.#server.listen(this.#port, '127.0.0.1')
    await once(this.#server, 'listening')
    this.#port = (this.#server.address() as AddressInfo).port
  }

  async close(): Promise<void> {
    await this.refuse()
  }

  #link(client: Socket): void {
    const upstream = connect({ port: this.#target, host: '127.0.0.1', noDelay: true })
    const link = { client, upstream, replyBytesLeft: this.#replyBytes }
    this.#links.add(link)
    client.on('data', (chunk: Buffer) => this.#forward(chunk, upstream))
    upstream.on('data', (chunk: Buffer) => this.#reply(link, chunk))
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      socket.on('error', () => undefined)
      socket.on('end', () => this.#afterLate(other, () => other.end()))
      socket.on('close', () => {
        // A silent network does not deliver the FIN or RST of the other side.
        if (!this.#silent) this.#endLink(link)
      })
      if (this.#silent) socket.pause()
    }
  }

  #reply(link: Link, chunk: Buffer): void {
    this.#replied += chunk.length
    if (this.#cut !== undefined && chunk.includes(this.#cut.text)) {
      this.#resetLink(link)
      this.#cut.done()
      this.#cut = undefined
      return
    }
    const passing = chunk.subarray(0, Math.max(0, link.replyBytesLeft))
    link.replyBytesLeft -= chunk.length
    if (passing.length > 0) this.#forward(passing, link.client)
    if (this.#silenceAfter !== undefined && passing.includes(this.#silenceAfter)) this.silence()
    // After the bytes before it, which a reset would overtake.
    if (link.replyBytesLeft < 0) setImmediate(() => this.#resetLink(link))
  }

  /** Delayed chunks keep their order, also when the delay changes or ends while they wait. */
  #forward(chunk: Buffer, to: Socket): void {
    const now = performance.now()
    const late = this.#late.get(to) ?? { chunks: [], dueAt: 0 }
    const dueAt = Math.max(now + this.#delayMs, late.dueAt)
    if (dueAt <= now && late.chunks.length === 0) {
      to.write(chunk)
      return
    }
    this.#late.set(to, late)
    late.dueAt = dueAt
    late.chunks.push(chunk)
    // Each timer passes on the oldest chunk, so that no order of timers can change that of the bytes.
    setTimeout(() => to.write(late.chunks.shift() ?? ''), dueAt - now)
  }

  #afterLate(to: Socket, act: () => void): void {
    const leftMs = (this.#late.get(to)?.dueAt ?? 0) - performance.now()
    if (leftMs <= 0) act()
    else setTimeout(act, leftMs + 1)
  }

  #endLink(link: Link): void {
    this.#links.delete(link)
    link.client.destroy()
    link.upstream.destroy()
  }

  #resetLink(link: Link): void {
    if (!this.#links.delete(link)) return
    this.#resets += 1
    link.client.resetAndDestroy()
    link.upstream.resetAndDestroy()
  }
}
