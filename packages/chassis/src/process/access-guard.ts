import type { Middleware } from 'koa'
import { denialReasons } from '../http/access/access-denied.ts'
import { type AccessRules, requireAccess, SecurityEvents } from '../http/access/require-access.ts'
import { keysRefreshMs, TokenVerifier } from '../http/access/token-verifier.ts'
import { messageOf } from '../core/errors.ts'
import type { AccessConfig } from './access-settings.ts'
import type { Service } from './service.ts'

/** The address on which the API listens; undefined stands for all interfaces. */
interface Listening {
  readonly httpHost?: string
}

/**
 * The check of the callers of a service's API; undefined with `AUTH_MODE=none`, which logs a warning when the API listens
 * beyond this machine.
 */
export function accessGuard(
  service: Pick<Service, 'log' | 'metrics' | 'now' | 'every'>,
  config: AccessConfig & Listening,
  rules: AccessRules,
): Middleware | undefined {
  const { log, metrics } = service
  for (const reason of denialReasons) metrics.accessDenied.inc({ reason }, 0)
  if (config.authMode === 'none') {
    if (!isLoopback(config.httpHost)) {
      log.warn('AUTH_MODE is none: every client that reaches the port may read and change everything')
    }
    return undefined
  }
  const verifier = tokenVerifier(service, config)
  const events = new SecurityEvents(log, metrics.accessDenied)
  return requireAccess({ verify: (token) => verifier.verify(token), rules, events })
}

function tokenVerifier(service: Pick<Service, 'log' | 'now' | 'every'>, config: AccessConfig): TokenVerifier {
  const rules = {
    issuer: config.authIssuer,
    audience: config.authAudience,
    jwksUrl: config.authJwksUrl,
    algorithms: config.authAlgorithms,
    clockToleranceMs: config.authClockToleranceMs,
    customerClaim: config.authCustomerClaim,
  }
  const verifier = new TokenVerifier(rules, service.now)
  service.every('token-keys', keysRefreshMs, async () => {
    await verifier.refresh().catch((error: unknown) => {
      service.log.warn({ reason: messageOf(error) }, 'the keys of the token issuer could not be fetched')
    })
  })
  return verifier
}

function isLoopback(host: string | undefined): boolean {
  return host !== undefined && /^(localhost|127(\.\d+){3}|::1|::ffff:127(\.\d+){3})$/i.test(host)
}
