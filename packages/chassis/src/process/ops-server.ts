import { createServer, type Server } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import { createTerminus, HealthCheckError } from '@godaddy/terminus'
import type { Registry } from 'prom-client'
import { messageOf } from '../core/errors.ts'
import type { Log } from '../core/log.ts'

export interface OpsServerOptions {
  readonly port: number
  readonly registry: Registry
  readonly log: Log
  /** Resolves to the reasons why this process should get no work; empty when it is ready. */
  readonly notReady: () => Promise<readonly string[]>
  /** Problems that make the process no less ready, because another process would have them too; in the body of /readyz. */
  readonly warnings?: () => readonly string[]
  /** Everything that is to be done on SIGTERM or SIGINT, within `shutdownTimeoutMs`. */
  readonly shutdown: () => Promise<void>
  readonly shutdownTimeoutMs: number
}

/** Less than the timeoutSeconds of the readiness probe, 3 in the chart, so that the reason is answered. */
const checkLimitMs = 2_000

/**
 * `/healthz` (the process turns its loop), `/readyz` (it can do its work), `/metrics`, and the process's end: terminus
 * turns readiness to 503 on the signal, the service drains, then the process exits, with 0 if everything completed in
 * time, else with 1. Liveness stays 200 while draining and never asks a dependency: restarting a process does not bring
 * back its database.
 * @throws when the port is taken
 */
export async function startOpsServer(options: OpsServerOptions): Promise<Server> {
  const { registry, log } = options
  const server = createServer((request, response) => {
    // Not by `new URL`: it throws for invalid URLs such as `//`.
    const [path] = (request.url ?? '').split('?')
    if (path === '/healthz') {
      response.writeHead(200, { 'content-type': 'application/json' }).end('{"status":"ok"}')
    } else if (path === '/metrics') {
      registry.metrics().then(
        (text) => response.writeHead(200, { 'content-type': registry.contentType }).end(text),
        (error: unknown) => response.writeHead(500).end(messageOf(error)),
      )
    } else {
      const problem = {
        type: 'about:blank',
        title: 'Not Found',
        status: 404,
        detail: 'Here are /healthz, /readyz and /metrics.',
      }
      response.writeHead(404, { 'content-type': 'application/problem+json' }).end(JSON.stringify(problem))
    }
  })
  createTerminus(server, {
    signals: ['SIGTERM', 'SIGINT'],
    useExit0: true,
    timeout: 1_000,
    healthChecks: {
      '/readyz': async () => {
        const late = delay(checkLimitMs, [`no answer within ${checkLimitMs} ms`], { ref: false })
        const reasons = await Promise.race([options.notReady(), late])
        const warnings = options.warnings?.() ?? []
        if (reasons.length > 0) throw new HealthCheckError('not ready', [...reasons, ...warnings])
        // Without a value terminus answers its short text.
        return warnings.length > 0 ? warnings : undefined
      },
    },
    beforeShutdown: async () => {
      log.info('stopping')
      const limit = setTimeout(() => {
        log.error(
          { limitMs: options.shutdownTimeoutMs },
          'not stopped within the time limit: what is unfinished will be repeated elsewhere',
        )
        process.exit(1)
      }, options.shutdownTimeoutMs)
      try {
        await options.shutdown()
      } catch (error) {
        log.error({ reason: messageOf(error) }, 'stopping failed')
        throw error
      } finally {
        clearTimeout(limit)
      }
      log.info('stopped')
    },
    logger: (message, error) => log.debug({ reason: messageOf(error) }, message),
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(options.port, resolve)
  })
  return server
}
