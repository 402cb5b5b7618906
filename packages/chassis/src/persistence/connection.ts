import { readFileSync } from 'node:fs'
import type { ClientConfig } from './pg.ts'

/** Where a database is, and who logs in. */
export interface DatabaseAddress {
  readonly host: string
  readonly port: number
  readonly name: string
  readonly user: string
  readonly password: string
  /** File with the certificate of the authority that signed the server's; empty for no TLS. Read at each connect: it is renewed. */
  readonly caFile: string
}

/**
 * The connection parameters of pg, without any of the session: a pooler refuses parameters that it does not know, so
 * `establishSession` sets them after the connect.
 */
export function connectionConfig(address: DatabaseAddress, applicationName: string, connectMs: number): ClientConfig {
  const { host, port, name, user, password, caFile } = address
  return {
    host,
    port,
    database: name,
    user,
    // A function, because pg reads the file ~/.pgpass where the password is empty.
    password: () => password,
    ssl: caFile === '' ? false : trusting(caFile),
    application_name: applicationName,
    connectionTimeoutMillis: connectMs,
    keepAlive: true,
  }
}

/** TLS that trusts one authority. pg reads `ca` at each connect; a file that is just being replaced must not throw there. */
function trusting(caFile: string): { readonly ca: string; readonly rejectUnauthorized: true } {
  let ca = readFileSync(caFile, 'utf8')
  return {
    rejectUnauthorized: true,
    get ca() {
      try {
        ca = readFileSync(caFile, 'utf8')
      } catch {
        // The one read before is still good, or the handshake says that it is not.
      }
      return ca
    },
  }
}
