import type { Server } from 'node:http'
import type { Socket } from 'node:net'

/**
 * Bounds the connections of a server by closing others for a new one: the oldest without a request in flight, else the
 * oldest. Node's `maxConnections` closes the new one instead, so a client that holds all connections would keep the liveness
 * probe out, and the platform would restart the process.
 */
export function limitConnections(server: Server, limit: number): void {
  const waiting = new Set<Socket>()
  const answering = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    if (waiting.size + answering.size >= limit) {
      const [oldest] = waiting.size > 0 ? waiting : answering
      if (oldest !== undefined) {
        waiting.delete(oldest)
        answering.delete(oldest)
        oldest.destroy()
      }
    }
    waiting.add(socket)
    socket.once('close', () => {
      waiting.delete(socket)
      answering.delete(socket)
    })
  })
  server.prependListener('request', ({ socket }, response) => {
    if (!waiting.delete(socket)) return
    answering.add(socket)
    response.once('close', () => {
      if (answering.delete(socket) && !socket.destroyed) waiting.add(socket)
    })
  })
}
