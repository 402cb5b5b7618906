interface ApiResponse<T> {
  readonly status: 'success' | 'error'
  readonly data: T
  readonly error?: string
}

interface Matrix {
  readonly result: readonly { readonly values: readonly (readonly [number, string])[] }[]
}

export interface LoadedRule {
  readonly name: string
  readonly query: string
  readonly health: string
  readonly lastError?: string
  readonly type: 'alerting' | 'recording'
  readonly group: string
}

const limitMs = 20_000
const step = 15

/** The HTTP API of Prometheus. Every method throws with the message of Prometheus when a query is refused. */
export class Prometheus {
  readonly #url: string

  constructor(url: string) {
    this.#url = url
  }

  /** The number of finite samples of a query in the last seconds. */
  async samples(query: string, seconds: number): Promise<number> {
    const end = Date.now() / 1000
    const range = { query, start: String(end - seconds), end: String(end), step: String(step) }
    const { result } = await this.#get<Matrix>('/api/v1/query_range', range)
    return result.flatMap(({ values }) => values).filter(([, value]) => Number.isFinite(Number(value))).length
  }

  async labelValues(label: string, selector: string): Promise<readonly string[]> {
    return await this.#get<readonly string[]>(`/api/v1/label/${label}/values`, { 'match[]': selector })
  }

  /** The loaded rules with their health. */
  async rules(): Promise<LoadedRule[]> {
    const { groups } = await this.#get<{ groups: { name: string; rules: Omit<LoadedRule, 'group'>[] }[] }>(
      '/api/v1/rules',
      {},
    )
    return groups.flatMap(({ name, rules }) => rules.map((rule) => ({ ...rule, group: name })))
  }

  async #get<T>(path: string, parameters: Readonly<Record<string, string>>): Promise<T> {
    const response = await fetch(`${this.#url}${path}?${new URLSearchParams(parameters).toString()}`, {
      signal: AbortSignal.timeout(limitMs),
    })
    const body = (await response.json()) as ApiResponse<T>
    if (body.status !== 'success') throw new Error(body.error ?? `${response.status} of ${path}`)
    return body.data
  }
}
