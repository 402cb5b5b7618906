import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

/** A TCP connection for raw bytes. */
export class RawClient {
  received = ''
  /** Resolves when the server has closed the connection; rejects when it has reset it. */
  readonly closed: Promise<unknown>
  readonly #socket: Socket

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.setEncoding('utf8').on('data', (text: string) => (this.received += text))
    this.closed = once(socket, 'close')
    this.closed.catch(() => undefined)
  }

  static async connect(port: number): Promise<RawClient> {
    const socket = connect(port, '127.0.0.1')
    await once(socket, 'connect')
    return new RawClient(socket)
  }

  write(text: string): void {
    this.#socket.write(text)
  }
}
