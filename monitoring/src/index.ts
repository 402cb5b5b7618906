export { differences } from './compare-metrics.ts'
export { type DocumentedMetric, documentedMetrics, recordedMetrics } from './documented-metrics.ts'
export { type ExportedMetric, exportedMetrics } from './exported-metrics.ts'
