import { call } from './call.ts'

/** The metrics of a service, read from its /metrics. */
export class Metrics {
  readonly #text: string

  private constructor(text: string) {
    this.#text = text
  }

  static async read(opsUrl: string): Promise<Metrics> {
    return new Metrics(String((await call(`${opsUrl}/metrics`)).body))
  }

  /** The sum over all series of the metric that carry these labels. */
  sum(metric: string, labels: Readonly<Record<string, string>> = {}): number {
    const wanted = Object.entries(labels).map(([name, value]) => `${name}="${value}"`)
    const series = this.#text
      .split('\n')
      .filter((line) => line.startsWith(`${metric}{`) || line.startsWith(`${metric} `))
    return series
      .filter((line) => wanted.every((label) => line.includes(label)))
      .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0)
  }
}
