import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The folder of this checkout. The same from the sources and from the compiled files: both lie equally deep. */
export const checkout = fileURLToPath(new URL('../../..', import.meta.url))

/** Where runs keep what they need while they last. */
export const localFolder = join(checkout, '.local')

/** A service's compiled program: `main` runs it, `migrate-main` migrates its database, `audit-main` audits. */
export function program(service: string, name: string): string {
  return join(checkout, 'services', service, 'dist', `${name}.js`)
}

/** The compiled program of the local issuer of tokens. */
export const issuerProgram = join(checkout, 'tools', 'dev', 'dist', 'issuer-main.js')
