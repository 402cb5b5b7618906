import type { Server } from 'node:http'
import { Server as NetServer } from 'node:net'

/** How long an idle keep-alive connection stays open: a request may be in flight to it. Chosen, not measured. */
const idleGraceMs = 1_000
const maxTurns = 1_000

/**
 * Stops listening and resolves when all connections are closed. No request fails: each gets its response, with
 * `Connection: close`, and idle connections are closed after 1 s.
 */
export async function closeServer(server: Server): Promise<void> {
  if (!server.listening) return
  server.prependListener('request', (_request, response) => response.setHeader('connection', 'close'))
  await acceptQueuedConnections(server)
  // Not the HTTP server's own `close`: it closes idle connections at once.
  const closed = new Promise<void>((resolve) => NetServer.prototype.close.call(server, () => resolve()))
  const grace = setTimeout(() => {
    // Timers run before the poll phase of the event loop: requests that have arrived are read first.
    void turn().then(() => server.closeIdleConnections())
  }, idleGraceMs)
  await closed
  clearTimeout(grace)
}

/**
 * The kernel completes a connection before the process accepts it, and resets the queued ones when listening stops. Node
 * accepts at least one per turn of the event loop, so this waits for a turn without a new connection.
 */
async function acceptQueuedConnections(server: Server): Promise<void> {
  let accepted = true
  const onConnection = (): void => {
    accepted = true
  }
  server.on('connection', onConnection)
  for (let turns = 0; accepted && turns < maxTurns; turns += 1) {
    accepted = false
    await turn()
  }
  server.off('connection', onConnection)
}

/** Resolves after the next poll phase of the event loop. */
async function turn(): Promise<void> {
  await new Promise((turned) => setImmediate(turned))
}
