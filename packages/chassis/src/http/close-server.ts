import type { Server } from 'node:http'
import { Server as NetServer } from 'node:net'

/** How long a connection that its client keeps open may stay idle before it is closed. */
const idleGraceMs = 1_000
const mostTurns = 1_000

/**
 * Takes no new connections and resolves when those that were made have ended, without a request that fails: each is
 * answered, with `Connection: close`, so that its client goes elsewhere. An idle connection is not closed at once, because
 * a request may be on its way to it.
 */
export async function closeServer(server: Server): Promise<void> {
  if (!server.listening) return
  server.prependListener('request', (_request, response) => response.setHeader('connection', 'close'))
  await takeQueued(server)
  // Not the HTTP server's own `close`: it closes idle connections at once.
  const closed = new Promise<void>((resolve) => NetServer.prototype.close.call(server, () => resolve()))
  const grace = setTimeout(() => {
    // Timers come before input: a request that has come meanwhile is read first.
    void turn().then(() => server.closeIdleConnections())
  }, idleGraceMs)
  await closed
  clearTimeout(grace)
}

/**
 * Clients believe in connections as soon as the kernel has made them, and a server that stops listening resets those it
 * has not taken. It takes one with each turn of the loop: this waits for a turn that has found none.
 */
async function takeQueued(server: Server): Promise<void> {
  let taken = true
  const note = (): void => {
    taken = true
  }
  server.on('connection', note)
  for (let turns = 0; taken && turns < mostTurns; turns += 1) {
    taken = false
    await turn()
  }
  server.off('connection', note)
}

/** Resolves when all input that is there has been taken. */
async function turn(): Promise<void> {
  await new Promise((turned) => setImmediate(turned))
}
