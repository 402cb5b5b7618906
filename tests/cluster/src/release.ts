import { fileURLToPath } from 'node:url'
import type { Cluster } from './cluster.ts'
import { command } from './command.ts'

export type Values = { readonly [key: string]: string | number | boolean | null | Values | readonly Values[] }

const ownChart = fileURLToPath(new URL('../../../charts/order-saga', import.meta.url))
/** Longer than Helm's own timeout, so that Helm reports the timeout. */
const slackMs = 30_000

export interface ReleaseStatus {
  readonly revision: number
  readonly status: string
  readonly description: string
}

/** A release of the chart; values are kept until they are set again. */
export class Release {
  readonly name: string
  readonly #cluster: Cluster
  readonly #files: readonly string[]
  readonly #history = new Map<number, Values>()
  #values: Values = {}

  /** @param files values files of the chart, by their names */
  constructor(cluster: Cluster, name: string, files: readonly string[]) {
    this.#cluster = cluster
    this.name = name
    this.#files = files
  }

  /** Installs the chart or upgrades to it, and waits until all of it is ready. The chart is this checkout's unless given. */
  async upgrade(values: Values, limitMs: number, chart = ownChart): Promise<void> {
    const merged = merge(this.#values, values)
    const files = this.#files.map((file) => `--values=${chart}/${file}`)
    await this.#helm(
      ['upgrade', '--install', this.name, chart, ...files, '--values=-', ...waits(limitMs)],
      limitMs,
      merged,
    )
    this.#values = merged
    this.#history.set((await this.status()).revision, merged)
  }

  /** Rolls back to an earlier revision, including its values. */
  async rollback(revision: number, limitMs: number): Promise<void> {
    await this.#helm(['rollback', this.name, String(revision), ...waits(limitMs)], limitMs)
    this.#values = this.#history.get(revision) ?? {}
  }

  /** Runs the chart's own tests; resolves with what they printed. */
  test(limitMs: number): Promise<string> {
    return this.#helm(['test', this.name, '--logs', `--timeout=${limitMs / 1000}s`], limitMs)
  }

  async uninstall(limitMs: number): Promise<void> {
    await this.#helm(['uninstall', this.name, '--wait', `--timeout=${limitMs / 1000}s`], limitMs)
  }

  async status(): Promise<ReleaseStatus> {
    const { version, info } = JSON.parse(await this.#helm(['status', this.name, '--output=json'], 0)) as {
      version: number
      info: Omit<ReleaseStatus, 'revision'>
    }
    return { revision: version, ...info }
  }

  /** Helm 4 names what was not ready in time; Helm 3 only reports the timeout. */
  async saysWhatFailed(): Promise<boolean> {
    return !(await this.#helm(['version', '--template={{ .Version }}'], 0)).startsWith('v3.')
  }

  #helm(args: readonly string[], limitMs: number, values?: Values): Promise<string> {
    return command(process.env['HELM'] ?? 'helm', ['--namespace', this.#cluster.namespace, ...args], {
      limitMs: limitMs + slackMs,
      ...(values && { input: JSON.stringify(values) }),
    })
  }
}

/** The chart's sub-charts are folders beside it; packing them needs no network. */
export async function packSubcharts(chart = ownChart): Promise<void> {
  await command(process.env['HELM'] ?? 'helm', ['dependency', 'build', '--skip-refresh', chart])
}

function waits(limitMs: number): string[] {
  return ['--wait', '--wait-for-jobs', `--timeout=${limitMs / 1000}s`]
}

function merge(base: Values, over: Values): Values {
  const merged: Record<string, Values[string]> = { ...base }
  for (const [key, value] of Object.entries(over)) {
    const before = merged[key]
    merged[key] = isObject(before) && isObject(value) ? merge(before, value) : value
  }
  return merged
}

function isObject(value: unknown): value is Values {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
