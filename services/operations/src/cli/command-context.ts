import { AccessDenied, brokerUrl, checkRule, type Publisher, tokenVerifier } from '@order-saga/chassis'
import { isCustomerId, type QueueNames } from '@order-saga/contracts'
import type { OpenBreaker } from '@order-saga/order'
import type { ChannelModel } from 'amqplib'
import type { MoveSources } from '../inspect/dead-letters/move.ts'
import { readBreakers } from '../inspect/breakers.ts'
import type { InspectSources } from '../inspect/store.ts'
import type { Store } from '../inspect/store.ts'
import { type StoreName, storeNames } from '../inspect/stores.ts'
import { bindingSet, ManagementApi } from '../inspect/topology/management.ts'
import { opsUrls } from '../ops-config.ts'
import { identifiesOperators, identifyBy, operatorRule } from '../operators/identify-operator.ts'
import { openStores } from '../store-config.ts'
import type { SagaConfig } from '../saga-config.ts'
import { OperatorBroker, quietLog } from './operator-broker.ts'
import { UsageError } from './result.ts'

export interface CommandContextOptions {
  readonly config: SagaConfig
  readonly now: () => Date
  readonly progress: (line: string) => void
  /** Aborted when the user stops the command: the change in progress is completed, no further one is started. */
  readonly signal: AbortSignal
}

/** The servers of a subcommand, each connected at its first use. */
export class CommandContext implements InspectSources, MoveSources {
  readonly config: SagaConfig
  readonly now: () => Date
  readonly progress: (line: string) => void
  readonly signal: AbortSignal
  readonly databases: Readonly<Record<StoreName, Store>>
  #broker: Promise<OperatorBroker> | undefined

  constructor({ config, now, progress, signal }: CommandContextOptions) {
    this.config = config
    this.now = now
    this.progress = progress
    this.signal = signal
    this.databases = openStores(config, 'saga', quietLog)
  }

  get management(): ManagementApi | undefined {
    const { rabbitmqManagementUrl: url } = this.config
    return url === '' ? undefined : new ManagementApi(url, brokerUrl(this.config))
  }

  async bindings(): Promise<ReadonlySet<string> | undefined> {
    return await bindingSet(this.management, this.config.exchange)
  }

  async breakers(): Promise<readonly OpenBreaker[]> {
    return await readBreakers(opsUrls(this.config), this.now())
  }

  get queues(): QueueNames {
    return this.config
  }

  /**
   * The operator whose token is in OPERATOR_TOKEN.
   * @throws UsageError when there is none, or it is not accepted; DependencyUnavailable without the keys of the issuer
   */
  async operator(): Promise<string> {
    const { config } = this
    if (!identifiesOperators(config)) {
      throw new UsageError('Changes need an operator: set OPERATOR_TOKENS, or AUTH_MODE to jwt, and OPERATOR_TOKEN.')
    }
    if (config.operatorToken === '') throw new UsageError('OPERATOR_TOKEN is missing: set it to your own token.')
    const verifier = config.authMode === 'jwt' ? tokenVerifier(config, this.now, isCustomerId) : undefined
    try {
      const caller = await identifyBy(config, verifier)(config.operatorToken)
      checkRule(caller, operatorRule)
      return caller.subject
    } catch (error) {
      if (error instanceof AccessDenied) throw new UsageError(`OPERATOR_TOKEN is refused: ${error.message}`)
      throw error
    }
  }

  async broker(): Promise<ChannelModel> {
    return (await this.#connected()).model
  }

  async publisher(): Promise<Publisher> {
    return (await this.#connected()).publisher
  }

  async close(): Promise<void> {
    await Promise.all([
      ...storeNames.map((store) => this.databases[store].close()),
      this.#broker?.then(
        (broker) => broker.close(),
        () => undefined,
      ),
    ])
  }

  async #connected(): Promise<OperatorBroker> {
    return await (this.#broker ??= OperatorBroker.connect(brokerUrl(this.config)))
  }
}
