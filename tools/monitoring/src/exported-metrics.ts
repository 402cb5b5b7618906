export interface ExportedMetric {
  readonly name: string
  readonly type: string
  /** Undefined when it has no sample at the moment. */
  readonly labels: readonly string[] | undefined
}

/** The metrics in a process's /metrics, with the labels of their samples (without those of a histogram's buckets). */
export function exportedMetrics(text: string): ExportedMetric[] {
  return [...text.matchAll(/^# TYPE (\w+) (\w+)$/gm)].map(([, name = '', type = '']) => {
    const suffix = type === 'histogram' ? '_count' : ''
    const sample = new RegExp(`^${name}${suffix}(?:\\{(.*)\\})? `, 'm').exec(text)
    const labels = [...(sample?.[1] ?? '').matchAll(/(\w+)="/g)].map(([, label]) => label ?? '')
    return { name, type, labels: sample === null ? undefined : labels.toSorted() }
  })
}
