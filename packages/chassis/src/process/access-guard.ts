import type { Middleware } from 'koa'
import { denialReasons } from '../http/access/access-denied.ts'
import type { Caller } from '../http/access/caller.ts'
import { CallerLimit } from '../http/access/caller-limit.ts'
import { type AccessRules, requireAccess, SecurityEvents } from '../http/access/require-access.ts'
import { type IsOwner, keysRefreshMs, TokenVerifier } from '../http/access/token-verifier.ts'
import { messageOf } from '../core/errors.ts'
import type { AccessConfig } from './access-settings.ts'
import type { Service } from './service.ts'

/** The address on which the API listens. */
interface Listening {
  readonly httpHost: string
}

/**
 * The check of the callers of a service's API; undefined with `AUTH_MODE=none`, which logs a warning when the API listens
 * beyond this machine.
 */
export function accessGuard(
  service: Pick<Service, 'log' | 'metrics' | 'now' | 'every'>,
  config: AccessConfig & Listening & { readonly rateLimitPerCaller: number },
  rules: AccessRules,
  isOwner: IsOwner,
): Middleware | undefined {
  if (config.authMode === 'none') {
    countFromZero(service)
    if (!isLoopback(config.httpHost)) {
      service.log.warn('AUTH_MODE is none: every client that reaches the port may read and change everything')
    }
    return undefined
  }
  const verifier = followKeys(service, config, isOwner)
  const { rateLimitPerCaller } = config
  const limit = rateLimitPerCaller === 0 ? undefined : new CallerLimit(rateLimitPerCaller)
  return accessCheck(service, (token) => verifier.verify(token), rules, limit)
}

/** A check that accepts the callers that `verify` identifies and that the rules allow; denials are recorded. */
export function accessCheck(
  service: Pick<Service, 'log' | 'metrics'>,
  verify: (token: string) => Promise<Caller>,
  rules: AccessRules,
  limit?: CallerLimit,
): Middleware {
  countFromZero(service)
  return requireAccess({ verify, rules, events: new SecurityEvents(service.log, service.metrics.accessDenied), limit })
}

/** A verifier whose keys are fetched at start and periodically. */
export function followKeys(
  service: Pick<Service, 'log' | 'now' | 'every'>,
  config: AccessConfig,
  isOwner: IsOwner,
): TokenVerifier {
  const verifier = tokenVerifier(config, service.now, isOwner)
  service.every('token-keys', keysRefreshMs, async () => {
    await verifier.refresh().catch((error: unknown) => {
      service.log.warn({ reason: messageOf(error) }, 'the keys of the token issuer could not be fetched')
    })
  })
  return verifier
}

/** A verifier that fetches the keys with the first token. */
export function tokenVerifier(config: AccessConfig, now: () => Date, isOwner: IsOwner): TokenVerifier {
  const rules = {
    issuer: config.authIssuer,
    audience: config.authAudience,
    jwksUrl: config.authJwksUrl,
    algorithms: config.authAlgorithms,
    clockToleranceMs: config.authClockToleranceMs,
    ownerClaim: config.authOwnerClaim,
    isOwner,
  }
  return new TokenVerifier(rules, now)
}

/** Whether only this machine reaches what listens there. */
export function isLoopback(host: string): boolean {
  return /^(localhost|127(\.\d+){3}|::1|::ffff:127(\.\d+){3})$/i.test(host)
}

function countFromZero({ metrics }: Pick<Service, 'metrics'>): void {
  for (const reason of denialReasons) metrics.accessDenied.inc({ reason }, 0)
}
