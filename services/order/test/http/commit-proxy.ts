import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

/** The fate of the next COMMIT: it never arrives, its answer never arrives, or it waits. */
export type CommitFault = 'lost' | 'unanswered' | 'held'

/** A commit is a statement like others: its text when a connection prepares it, afterwards its name. */
const isCommit = (chunk: Buffer): boolean => chunk.includes('COMMIT\0') || chunk.includes('\0commit\0')

/** A way to PostgreSQL on which one COMMIT can go wrong. */
export class CommitProxy {
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  #fault: CommitFault | undefined
  #held: (() => void) | undefined

  private constructor(target: number) {
    this.#server = createServer((client) => this.#join(client, connect(target, '127.0.0.1')))
  }

  static async to(port: number): Promise<CommitProxy> {
    const proxy = new CommitProxy(port)
    proxy.#server.listen(0, '127.0.0.1')
    await once(proxy.#server, 'listening')
    return proxy
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  /** Whether a COMMIT is waiting to be let go. */
  get holds(): boolean {
    return this.#held !== undefined
  }

  next(fault: CommitFault): void {
    this.#fault = fault
  }

  letGo(): void {
    this.#held?.()
    this.#held = undefined
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    this.#server.close()
    await once(this.#server, 'close')
  }

  #join(client: Socket, server: Socket): void {
    let unanswered = false
    const end = (): void => {
      client.destroy()
      server.destroy()
    }
    for (const socket of [client, server]) {
      this.#sockets.add(socket)
      socket.on('error', end).on('close', () => {
        this.#sockets.delete(socket)
        end()
      })
    }
    client.on('data', (chunk) => {
      const fault = isCommit(chunk) ? this.#fault : undefined
      if (fault !== undefined) this.#fault = undefined
      if (fault === 'lost') return end()
      unanswered ||= fault === 'unanswered'
      if (fault === 'held') this.#held = () => void server.write(chunk)
      else server.write(chunk)
    })
    server.on('data', (chunk) => {
      if (unanswered && chunk.includes('COMMIT\0')) end()
      else client.write(chunk)
    })
  }
}
