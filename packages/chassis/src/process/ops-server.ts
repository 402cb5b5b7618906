import type { Server } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import { createTerminus } from '@godaddy/terminus'
import { Router } from '@koa/router'
import type { Registry } from 'prom-client'
import { messageOf } from '../core/errors.ts'
import type { Log } from '../core/log.ts'
import { createApi } from '../http/api.ts'
import { listen } from '../http/listen.ts'
import { limitConnections } from './connection-limit.ts'

export interface OpsServerOptions {
  readonly host: string
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
/** Prometheus, the kubelet and an operator hold one or two each. Chosen, not measured. */
const connectionLimit = 100
/** For a request to arrive, and for a client to read on; a scrape is one packet and about 100 KB. Chosen, not measured. */
const clientLimitMs = 5_000

/**
 * `/healthz` (the event loop runs), `/readyz` (the process can do its work), `/metrics`, and the shutdown: readiness turns to
 * 503 on the signal, the service drains, then terminus exits the process, with 0 if everything completed in time, else with
 * 1. Liveness stays 200 while draining and does not depend on a dependency: restarting a process does not repair its
 * database. The port has no authentication, so it serves nothing else, and a flood of requests or connections neither
 * multiplies the queries nor keeps the probes out.
 * @throws when the port is taken, or the host is not one of this machine
 */
export async function startOpsServer(options: OpsServerOptions): Promise<Server> {
  const { registry, log } = options
  let stopping = false
  const notReady = shared(() => {
    const late = delay(checkLimitMs, [`no answer within ${checkLimitMs} ms`], { ref: false })
    return Promise.race([options.notReady(), late])
  })
  const metrics = shared(() => registry.metrics())
  const router = new Router()
  router.get('/healthz', (ctx) => {
    ctx.body = { status: 'ok' }
  })
  // Not by terminus's health checks: they match the whole target, its query included.
  router.get('/readyz', async (ctx) => {
    const reasons = stopping ? ['The process is stopping.'] : await notReady()
    const warnings = options.warnings?.() ?? []
    const details = [...reasons, ...warnings]
    ctx.status = reasons.length > 0 ? 503 : 200
    if (reasons.length > 0) ctx.body = { status: 'error', error: details, details }
    else ctx.body = warnings.length > 0 ? { status: 'ok', info: details, details } : { status: 'ok' }
  })
  router.get('/metrics', async (ctx) => {
    ctx.type = registry.contentType
    ctx.body = await metrics()
  })
  const server = createApi({ router, log })
  limitConnections(server, connectionLimit)
  server.headersTimeout = clientLimitMs
  server.requestTimeout = clientLimitMs
  // Of a socket without traffic while a response is sent; between two requests the keep-alive timeout applies.
  server.timeout = clientLimitMs
  createTerminus(server, {
    signals: ['SIGTERM', 'SIGINT'],
    useExit0: true,
    timeout: 1_000,
    beforeShutdown: async () => {
      stopping = true
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
  await listen(server, options, 'OPS_HOST')
  return server
}

/** Overlapping calls share one result. */
function shared<T>(work: () => Promise<T>): () => Promise<T> {
  let running: Promise<T> | undefined
  return () => (running ??= work().finally(() => (running = undefined)))
}
