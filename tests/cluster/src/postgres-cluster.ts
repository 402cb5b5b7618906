import { waitUntil } from '@order-saga/dev'
import { type Cluster, isReady, type Pod } from './cluster.ts'

interface PostgresStatus {
  readonly status: { readonly currentPrimary?: string; readonly readyInstances?: number }
}

const readyLimitMs = 420_000

/** Sends a signal to every process of the server in a pod, the postmaster included. */
const signalAll = `for f in /proc/[0-9]*/comm; do
  read -r name <"$f" && [ "$name" = postgres ] && pid=\${f%/comm} && kill -"$0" "\${pid#/proc/}"
done 2>/dev/null; true`

/** A CloudNativePG Cluster, its instances and their processes. */
export class PostgresCluster {
  readonly name: string
  readonly #cluster: Cluster
  readonly #database: string

  constructor(cluster: Cluster, name: string, database: string) {
    this.#cluster = cluster
    this.name = name
    this.#database = database
  }

  async primary(): Promise<string> {
    const { status } = await this.#cluster.get<PostgresStatus>('clusters.postgresql.cnpg.io', this.name)
    if (status.currentPrimary === undefined) throw new Error(`${this.name} has no primary.`)
    return status.currentPrimary
  }

  async standbys(): Promise<string[]> {
    const primary = await this.primary()
    const pods = await this.#cluster.list<Pod>('pods', `cnpg.io/cluster=${this.name},cnpg.io/podRole=instance`)
    return pods.map(({ metadata }) => metadata.name).filter((name) => name !== primary)
  }

  /** Waits until the primary and all standbys are ready and the standbys receive its WAL. */
  async healthy(instances: number): Promise<void> {
    await waitUntil(
      async () => {
        const { status } = await this.#cluster.get<PostgresStatus>('clusters.postgresql.cnpg.io', this.name)
        if (status.readyInstances !== instances) return false
        const primary = await this.primary()
        const pod = await this.#cluster.get<Pod>('pod', primary)
        if (!isReady(pod)) return false
        const count = await this.sql(primary, "SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'")
        return count === String(instances - 1)
      },
      { what: `${instances} instances of ${this.name}`, limitMs: readyLimitMs, intervalMs: 1000 },
    )
  }

  /** Whether the operator has chosen this instance, and it is promoted. */
  async isPrimary(pod: string): Promise<boolean> {
    if ((await this.primary()) !== pod) return false
    return (await this.sql(pod, 'SELECT pg_is_in_recovery()').catch(() => 't')) === 'f'
  }

  async sql(pod: string, query: string): Promise<string> {
    const psql = ['psql', '--no-psqlrc', '--dbname', this.#database, '--tuples-only', '--no-align', '--command', query]
    return (await this.#cluster.kubectl(['exec', pod, '--container=postgres', '--', ...psql])).trim()
  }

  /** SIGSTOP or SIGCONT for the processes of the server; its container and the operator's process in it keep running. */
  async signal(pod: string, signal: 'STOP' | 'CONT'): Promise<void> {
    await this.#cluster.kubectl(['exec', pod, '--container=postgres', '--', 'bash', '-c', signalAll, signal])
  }
}
