export interface ExportedMetric {
  readonly name: string
  readonly type: string
  /** Undefined when it has no sample. */
  readonly labels: readonly string[] | undefined
}

/** Parses the text of /metrics; the labels of a histogram are those without `le`. */
export function exportedMetrics(text: string): ExportedMetric[] {
  return [...text.matchAll(/^# TYPE (\w+) (\w+)$/gm)].map(([, name = '', type = '']) => {
    const suffix = type === 'histogram' ? '_count' : ''
    const sample = new RegExp(`^${name}${suffix}(?:\\{(.*)\\})? `, 'm').exec(text)
    const labels = [...(sample?.[1] ?? '').matchAll(/(\w+)="/g)].map(([, label]) => label ?? '')
    return { name, type, labels: sample === null ? undefined : labels.toSorted() }
  })
}
