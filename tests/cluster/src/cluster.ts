import { command, type CommandOptions } from './command.ts'

export interface Pod {
  readonly metadata: { readonly name: string; readonly uid: string; readonly deletionTimestamp?: string }
  readonly status: {
    readonly phase: string
    readonly conditions?: readonly { readonly type: string; readonly status: string }[]
    readonly containerStatuses?: readonly { readonly restartCount: number }[]
  }
}

export interface Deployment {
  readonly spec: { readonly replicas: number }
  readonly status: { readonly replicas?: number; readonly readyReplicas?: number }
}

export function isReady({ metadata, status }: Pod): boolean {
  const ready = status.conditions?.some(({ type, status: value }) => type === 'Ready' && value === 'True') ?? false
  return ready && metadata.deletionTimestamp === undefined
}

/** One namespace of the cluster the kubeconfig points at. */
export class Cluster {
  readonly namespace: string

  constructor(namespace: string) {
    this.namespace = namespace
  }

  /** kubectl in this namespace; resolves with its output. */
  kubectl(args: readonly string[], options: CommandOptions = {}): Promise<string> {
    return command('kubectl', ['--namespace', this.namespace, ...args], options)
  }

  async get<T>(kind: string, name: string): Promise<T> {
    return JSON.parse(await this.kubectl(['get', kind, name, '--output=json'])) as T
  }

  async list<T>(kind: string, selector: string): Promise<readonly T[]> {
    const text = await this.kubectl(['get', kind, `--selector=${selector}`, '--output=json'])
    return (JSON.parse(text) as { items: T[] }).items
  }

  async apply(object: object): Promise<void> {
    await this.kubectl(['apply', '--server-side', '--filename=-'], { input: JSON.stringify(object) })
  }

  /** Creates a namespace that enforces the Pod Security Standard `restricted`. */
  async create(): Promise<void> {
    const levels = ['enforce', 'warn', 'audit'].map((mode) => [`pod-security.kubernetes.io/${mode}`, 'restricted'])
    const metadata = { name: this.namespace, labels: Object.fromEntries(levels) as Record<string, string> }
    await this.apply({ apiVersion: 'v1', kind: 'Namespace', metadata })
  }

  async remove(): Promise<void> {
    await this.kubectl(['delete', 'namespace', this.namespace, '--ignore-not-found', '--timeout=180s'], {
      limitMs: 200_000,
    })
  }

  async exists(): Promise<boolean> {
    const found = await this.kubectl(['get', 'namespace', this.namespace, '--ignore-not-found', '--output=name'])
    return found.trim() !== ''
  }
}
