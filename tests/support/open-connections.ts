import { Agent } from 'node:http'
import { connect, type NetConnectOpts, type Socket } from 'node:net'

/**
 * Keep-alive connections of a client. While held, it opens no new ones, as behind a load balancer that has removed a
 * terminating process: requests without an open connection wait.
 */
export class OpenConnections {
  readonly agent: Agent
  readonly #waiting: (() => void)[] = []
  #held = false
  #port: number | undefined

  constructor(count: number) {
    this.agent = new Agent({ keepAlive: true, maxSockets: count })
    this.agent.createConnection = (options, made) => {
      const make = (): Socket => {
        const to = this.#port === undefined ? {} : { port: this.#port }
        const socket = connect({ ...options, ...to } as NetConnectOpts)
        made?.(null, socket)
        return socket
      }
      if (!this.#held) return make()
      this.#waiting.push(make)
      return undefined
    }
  }

  /** New connections go to that port, as when the load balancer has taken a process out; those that are open stay. */
  divert(port: number | undefined): void {
    this.#port = port
  }

  hold(): void {
    this.#held = true
  }

  release(): void {
    this.#held = false
    for (const make of this.#waiting.splice(0)) make()
  }

  close(): void {
    this.agent.destroy()
  }
}
