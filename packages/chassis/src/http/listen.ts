import { once } from 'node:events'
import type { Server } from 'node:http'
import { ConfigurationError } from '../core/config.ts'

export interface ListenAddress {
  /** An IP address of this machine, 0.0.0.0, ::, or localhost. */
  readonly host: string
  readonly port: number
}

/** The host is well-formed, and this machine does not have it, or not the protocol it belongs to. */
const notOfThisMachine = new Set(['EADDRNOTAVAIL', 'EAFNOSUPPORT', 'EINVAL', 'ENOTFOUND', 'EAI_AGAIN'])

/**
 * Listens at an address.
 * @param variable the setting of the host
 * @throws ConfigurationError that names the variable, when this machine does not have the host
 * @throws Error when the port is taken
 */
export async function listen(server: Server, { host, port }: ListenAddress, variable: string): Promise<void> {
  try {
    server.listen(port, host)
    await once(server, 'listening')
  } catch (error) {
    if (!notOfThisMachine.has((error as NodeJS.ErrnoException).code ?? '')) throw error
    throw new ConfigurationError(`${variable} must be an address of this machine, but is ${JSON.stringify(host)}.`)
  }
}
