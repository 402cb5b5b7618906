import { type ServiceName, services } from '@order-saga/contracts'
import { testServers } from '@order-saga/dev'
import { FaultProxy } from '../support/fault-proxy.ts'
import { type MailServer, startMailServer } from '../support/mail/mail-server.ts'
import { type Provider, startProvider } from '../support/provider/provider.ts'
import { decliningLedger } from '../support/flows.ts'
import type { Environment } from '../support/service-process.ts'
import { System } from '../support/system.ts'
import { type LinkName, links, maxSilenceMs } from './faults.ts'
import { MailLog } from './mail-log.ts'

const sagaTimeoutMs = 20_000
/** Charges that take effect after the deadline of their order. */
const lateEffectMs = sagaTimeoutMs + 1_000
const lateRatio = 0.04
/** The longest delay of a charge until it is final (docs/payment-provider.md). */
const settleMs = lateEffectMs + maxSilenceMs
const refundRetryMs = 5_000

/** The four services with a fault proxy on every connection, a fake provider and a fake mail server. */
export class ChaosEnvironment {
  readonly system: System
  readonly provider: Provider
  readonly mailServer: MailServer
  readonly mails: MailLog
  readonly links: Readonly<Record<LinkName, FaultProxy>>

  private constructor(parts: Pick<ChaosEnvironment, 'system' | 'provider' | 'mailServer' | 'links'>) {
    this.system = parts.system
    this.provider = parts.provider
    this.mailServer = parts.mailServer
    this.mails = new MailLog(parts.mailServer)
    this.links = parts.links
  }

  static async start(): Promise<ChaosEnvironment> {
    const [rabbitMq, postgres] = await Promise.all([testServers().rabbitMq(), testServers().postgres()])
    const ledger = decliningLedger()
    const [provider, mailServer] = await Promise.all([startProvider({ ledger }), startMailServer()])
    provider.misbehave({ operation: 'charge', share: lateRatio }, { answer: 'hang', effectAfterMs: lateEffectMs })
    const ports: Partial<Record<string, number>> = {
      broker: rabbitMq.port,
      database: postgres.port,
      provider: portOf(provider.url),
      mail: portOf(mailServer.url),
    }
    const proxies: Partial<Record<LinkName, FaultProxy>> = {}
    for (const link of links) {
      const port = ports[link.split('-')[1] ?? '']
      if (port !== undefined) proxies[link] = await FaultProxy.start(port)
    }
    const environment = (service: ServiceName): Environment => {
      const port = (to: string): number => proxies[`${service}-${to}` as LinkName]?.port ?? 0
      return {
        RABBITMQ_URL: proxies[`${service}-broker`]?.through(rabbitMq.url) ?? '',
        ...(service === 'notification'
          ? { SMTP_URL: `smtp://127.0.0.1:${port('mail')}` }
          : { DB_PORT: port('database') }),
        ...(service === 'order' && { SAGA_TIMEOUT_MS: sagaTimeoutMs, REFUND_RETRY_MS: refundRetryMs }),
        ...(service === 'payment' && {
          PAYMENT_GATEWAY_URL: `http://127.0.0.1:${port('provider')}`,
          PAYMENT_SETTLE_MS: settleMs,
          PAYMENT_SWEEP_INTERVAL_MS: 500,
        }),
      }
    }
    const envOf = Object.fromEntries(services.map((service) => [service, environment(service)]))
    const system = await System.start({ provider, mailServer, envOf })
    proxies['client-order'] = await FaultProxy.start(system.shop.port)
    return new ChaosEnvironment({ system, provider, mailServer, links: proxies as Record<LinkName, FaultProxy> })
  }

  /** The order API for customers, through its fault proxy. */
  get orderUrl(): string {
    return `http://127.0.0.1:${this.links['client-order'].port}`
  }

  async stop(): Promise<void> {
    try {
      await this.system.stop()
    } finally {
      await Promise.all(Object.values(this.links).map((proxy) => proxy.close()))
      await Promise.all([this.provider.stop(), this.mailServer.stop()])
    }
  }
}

const portOf = (url: string): number => Number(new URL(url).port)
