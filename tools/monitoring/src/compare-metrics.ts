import type { DocumentedMetric } from './documented-metrics.ts'
import type { ExportedMetric } from './exported-metrics.ts'

/** The differences between exported and documented metrics of a process, one sentence each. */
export function differences(
  process: string,
  exported: readonly ExportedMetric[],
  documented: readonly DocumentedMetric[],
): string[] {
  const expected = documented.filter(({ from }) => from === 'all' || from.includes(process))
  const missing = expected.filter(({ name }) => !exported.some((metric) => metric.name === name))
  return [
    ...missing.map(({ name }) => `${process} does not export ${name}`),
    ...exported.flatMap(({ name, type, labels }) => {
      const doc = expected.find((metric) => metric.name === name)
      if (doc === undefined) return [`${process} exports ${name}, which is not documented for it`]
      if (doc.type !== type) return [`${process}: ${name} is a ${type}, documented as ${doc.type}`]
      if (labels === undefined || String(labels) === String(doc.labels)) return []
      return [`${process}: ${name} has the labels ${labels.join(', ')}, documented are ${doc.labels.join(', ')}`]
    }),
  ]
}
