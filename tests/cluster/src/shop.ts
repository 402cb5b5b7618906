import { randomBytes } from 'node:crypto'
import { waitUntil } from '@order-saga/dev'
import { Cluster, type Deployment, isReady, type Pod } from './cluster.ts'
import { PortForward } from './port-forward.ts'
import { Release, type ReleaseStatus, type Values } from './release.ts'

export type Service = 'order' | 'payment' | 'inventory' | 'notification'
export type Store = 'order' | 'payment' | 'inventory'

interface Job {
  readonly status: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] }
}

const upgradeLimitMs = 600_000
const podLimitMs = 180_000
const auditLimitMs = 180_000
const auditAttempts = 3

/** The order system in its own namespace, with the operations of the steps. */
export class Shop {
  readonly cluster: Cluster
  readonly release: Release
  #forward: PortForward | undefined

  constructor(namespace: string, valuesFiles: readonly string[], name = 'shop') {
    this.cluster = new Cluster(namespace)
    this.release = new Release(this.cluster, name, valuesFiles)
  }

  nameOf(part: string): string {
    return `${this.release.name}-${part}`
  }

  async upgrade(values: Values, chart?: string): Promise<ReleaseStatus> {
    await this.release.upgrade(values, upgradeLimitMs, chart)
    return this.release.status()
  }

  async rollback(revision: number): Promise<ReleaseStatus> {
    await this.release.rollback(revision, upgradeLimitMs)
    return this.release.status()
  }

  /** Base URL of the order API, on the loopback address. */
  async orderUrl(): Promise<string> {
    this.#forward ??= await PortForward.open(this.cluster, `service/${this.nameOf('order')}`, 3000)
    return this.#forward.url
  }

  async close(): Promise<void> {
    await this.#forward?.close()
    this.#forward = undefined
  }

  deployment(service: Service): Promise<Deployment> {
    return this.cluster.get<Deployment>('deployment', this.nameOf(service))
  }

  pods(component: string): Promise<readonly Pod[]> {
    return this.cluster.list<Pod>(
      'pods',
      `app.kubernetes.io/instance=${this.release.name},app.kubernetes.io/component=${component}`,
    )
  }

  async scale(service: Service, replicas: number): Promise<void> {
    await this.cluster.kubectl(['scale', `deployment/${this.nameOf(service)}`, `--replicas=${replicas}`])
    await waitUntil(async () => (await this.pods(service)).filter(isReady).length === replicas, {
      what: `${replicas} pods of ${service}`,
      limitMs: podLimitMs,
      intervalMs: 500,
    })
    if (replicas > 0) return
    await waitUntil(async () => (await this.pods(service)).length === 0, {
      what: `the last pod of ${service} to be gone`,
      limitMs: podLimitMs,
      intervalMs: 500,
    })
  }

  async databasePods(store: Store): Promise<readonly Pod[]> {
    return this.cluster.list<Pod>('pods', `cnpg.io/cluster=${this.nameOf(`${store}-db`)},cnpg.io/podRole=instance`)
  }

  async primaryOf(store: Store): Promise<string> {
    const cluster = await this.cluster.get<{ status: { currentPrimary?: string } }>(
      'clusters.postgresql.cnpg.io',
      this.nameOf(`${store}-db`),
    )
    if (cluster.status.currentPrimary === undefined) throw new Error(`The ${store} database has no primary.`)
    return cluster.status.currentPrimary
  }

  /** Runs a query in a service's database, as its superuser and from inside its pod. */
  async sql(store: Store, query: string): Promise<string> {
    const psql = ['psql', '--no-psqlrc', '--dbname', `${store}_db`, '--tuples-only', '--no-align', '--command', query]
    return (await this.#inPrimary(store, psql)).trim()
  }

  /** A dump of a service's database that recreates it. */
  async dump(store: Store): Promise<string> {
    return this.#inPrimary(store, ['pg_dump', '--clean', '--if-exists', '--dbname', `${store}_db`])
  }

  /** Runs statements in a service's database: all of them or none. */
  async restore(store: Store, statements: string): Promise<void> {
    const psql = ['psql', '--no-psqlrc', '--quiet', '--single-transaction', '--set=ON_ERROR_STOP=1']
    await this.#inPrimary(store, [...psql, '--dbname', `${store}_db`], statements)
  }

  async purgeQueues(): Promise<void> {
    for (const [queue = ''] of await this.brokerTable('list_queues', 'name')) {
      await this.#brokerCommand('purge_queue', queue)
    }
  }

  /** The rows of a table of rabbitmqctl. */
  async brokerTable(command: string, ...columns: string[]): Promise<readonly (readonly string[])[]> {
    const table = await this.#brokerCommand(command, '--no-table-headers', ...columns)
    return table
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => line.split('\t'))
  }

  #brokerCommand(...args: string[]): Promise<string> {
    return this.cluster.kubectl(['exec', this.nameOf('rabbitmq-0'), '--', 'rabbitmqctl', '--quiet', ...args])
  }

  async #inPrimary(store: Store, program: readonly string[], input = ''): Promise<string> {
    const pod = await this.primaryOf(store)
    return this.cluster.kubectl(['exec', '--stdin', pod, '--container=postgres', '--', ...program], { input })
  }

  /** Deletes a pod at once, and waits until one of the same name is ready again. Resolves with the milliseconds it took. */
  async killPod(name: string): Promise<number> {
    const { metadata } = await this.cluster.get<Pod>('pod', name)
    const begun = performance.now()
    await this.cluster.kubectl(['delete', 'pod', name, '--grace-period=1', '--wait=false'])
    await waitUntil(
      async () => {
        const pod = await this.cluster.get<Pod>('pod', name)
        return pod.metadata.uid !== metadata.uid && isReady(pod)
      },
      { what: `${name} to be back`, limitMs: podLimitMs, intervalMs: 250 },
    )
    return performance.now() - begun
  }

  /** The audit of the whole history, from inside the cluster; resolves with its verdict. */
  async audit(): Promise<string> {
    for (let attempt = 1; ; attempt += 1) {
      const { succeeded, report } = await this.#runAudit()
      if (succeeded) return report.split('\n').at(-1) ?? ''
      // A database that does not respond in time was not audited.
      const completed = !report.startsWith('The audit could not be done')
      if (completed || attempt === auditAttempts) throw new Error(`The audit is not clean:\n${report}`)
    }
  }

  async #runAudit(): Promise<{ succeeded: boolean; report: string }> {
    const job = `audit-${randomBytes(3).toString('hex')}`
    await this.cluster.kubectl(['create', 'job', job, `--from=cronjob/${this.nameOf('audit')}`])
    const ended = await waitUntil(
      async () => {
        const { status } = await this.cluster.get<Job>('job', job)
        return status.conditions?.find(
          ({ type, status: value }) => value === 'True' && /^(Complete|Failed)$/.test(type),
        )
      },
      { what: 'the audit', limitMs: auditLimitMs, intervalMs: 500 },
    )
    return {
      succeeded: ended.type === 'Complete',
      report: (await this.cluster.kubectl(['logs', `job/${job}`])).trim(),
    }
  }
}
