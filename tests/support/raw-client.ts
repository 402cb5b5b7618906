import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

/** A TCP connection for raw bytes. */
export class RawClient {
  received = ''
  /** How the connection broke: a server that closes it with unread bytes resets it. */
  error: Error | undefined
  readonly socket: Socket
  readonly closed: Promise<void>

  constructor(port: number) {
    this.socket = connect(port, '127.0.0.1')
    this.socket.setEncoding('utf8').on('data', (text) => (this.received += String(text)))
    this.socket.on('error', (error) => (this.error = error))
    this.closed = new Promise((resolve) => this.socket.once('close', () => resolve()))
  }

  /** Resolves when there is room for more, or no connection any more. */
  async send(bytes: string | Buffer): Promise<void> {
    if (!this.socket.writable || this.socket.write(bytes)) return
    await Promise.race([once(this.socket, 'drain').catch(() => undefined), this.closed])
  }

  get status(): number | undefined {
    const match = /^HTTP\/1\.1 (\d{3})/.exec(this.received)
    return match === null ? undefined : Number(match[1])
  }

  /** The body of the answer, once it is all there. */
  get problem(): Record<string, unknown> | undefined {
    const [head = '', body = ''] = this.received.split('\r\n\r\n', 2)
    const length = /^content-length: (\d+)$/im.exec(head)?.[1]
    return length !== undefined && Buffer.byteLength(body) >= Number(length)
      ? (JSON.parse(body) as Record<string, unknown>)
      : undefined
  }
}

/** Sends the bytes and resolves when the server has closed the connection. */
export async function exchange(port: number, bytes: string | Buffer): Promise<RawClient> {
  const client = new RawClient(port)
  await client.send(bytes)
  await client.closed
  return client
}
