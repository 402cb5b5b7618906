import type { Attributes, Context, SpanContext, SpanOptions } from '@opentelemetry/api'

/** W3C `traceparent`: version, trace id, span id, flags. */
const pattern = /^00-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})$/

/** The trace id for a log line; undefined for none. */
export function traceIdOf(traceparent: string | undefined): string | undefined {
  return traceparent === undefined ? undefined : pattern.exec(traceparent)?.[1]
}

/** @returns the header unchanged when it is well-formed, undefined otherwise */
export function traceparentOf(header: string): string | undefined {
  return pattern.test(header) ? header : undefined
}

export type SpanKind = 'server' | 'client' | 'producer' | 'consumer' | 'internal'

export interface NewSpan {
  readonly name: string
  readonly kind: SpanKind
  /** `traceparent` of the parent span; undefined starts a new trace. */
  readonly parent: string | undefined
  readonly attributes?: Attributes
  /** How long ago it started. A duration, because the clock of the caller may be the database's; default 0. */
  readonly ageMs?: number
}

/** Data known only at the end of the span. */
export interface SpanEnd {
  readonly name?: string
  readonly attributes?: Attributes
  /** Sets the status ERROR; an Error or a text. */
  readonly failure?: unknown
}

export interface ActiveSpan {
  /** For child spans, in this process or another. */
  readonly traceparent: string | undefined
  /** Call it once. */
  end(data?: SpanEnd): void
}

/**
 * Records spans by OpenTelemetry and sends them to a collector. While it is off, nothing is recorded and every span
 * propagates its parent unchanged, so a client's trace still passes through the system.
 */
export interface Tracing {
  readonly isOn: boolean
  start(span: NewSpan): ActiveSpan
  /** Sends the remaining spans, for two seconds at most; never rejects. */
  close(): Promise<void>
}

export const tracingOff: Tracing = {
  isOn: false,
  start: ({ parent }) => ({ traceparent: parent, end: () => undefined }),
  close: async () => undefined,
}

export interface TracingOptions {
  readonly service: string
  /** Base URL of a collector that speaks OTLP over HTTP; empty: no tracing. */
  readonly endpoint: string
  /** Ratio of sampled traces, 0 to 1, for traces that start here; otherwise the parent's sampling decision holds. */
  readonly sampleRatio: number
  /** Called at most once a minute when spans could not be sent. They are dropped: tracing never delays the work. */
  readonly onExportError: (reason: string) => void
}

const exportLimitMs = 2_000
const exportErrorIntervalMs = 60_000

/** OpenTelemetry is loaded only when it is used: it costs memory and start-up time. */
export async function createTracing(options: TracingOptions): Promise<Tracing> {
  const { service, endpoint, sampleRatio, onExportError } = options
  if (endpoint === '') return tracingOff
  const [api, sdk, { OTLPTraceExporter }, { resourceFromAttributes }] = await Promise.all([
    import('@opentelemetry/api'),
    import('@opentelemetry/sdk-trace-base'),
    import('@opentelemetry/exporter-trace-otlp-http'),
    import('@opentelemetry/resources'),
  ])
  let reportedAt = Number.NEGATIVE_INFINITY
  const report = (reason: string): void => {
    if (performance.now() - reportedAt < exportErrorIntervalMs) return
    reportedAt = performance.now()
    onExportError(reason)
  }
  const ignore = (): void => undefined
  // The library logs failed exports by its diagnostic logger only.
  api.diag.setLogger(
    { error: report, warn: report, info: ignore, debug: ignore, verbose: ignore },
    { logLevel: api.DiagLogLevel.WARN, suppressOverrideMessage: true },
  )
  const exporter = new OTLPTraceExporter({
    url: `${endpoint.replace(/\/$/, '')}/v1/traces`,
    timeoutMillis: exportLimitMs,
  })
  const provider = new sdk.BasicTracerProvider({
    resource: resourceFromAttributes({ 'service.name': service, 'service.namespace': 'order-saga' }),
    sampler: new sdk.ParentBasedSampler({ root: new sdk.TraceIdRatioBasedSampler(sampleRatio) }),
    spanProcessors: [new sdk.BatchSpanProcessor(exporter, { scheduledDelayMillis: 1_000, maxQueueSize: 8_192 })],
  })
  const tracer = provider.getTracer('order-saga')
  const kinds = {
    internal: api.SpanKind.INTERNAL,
    server: api.SpanKind.SERVER,
    client: api.SpanKind.CLIENT,
    producer: api.SpanKind.PRODUCER,
    consumer: api.SpanKind.CONSUMER,
  } as const
  const contextOf = (parent: string | undefined): Context => {
    const spanContext = parent === undefined ? undefined : spanContextOf(parent)
    return spanContext === undefined ? api.ROOT_CONTEXT : api.trace.setSpanContext(api.ROOT_CONTEXT, spanContext)
  }
  return {
    isOn: true,
    start: ({ name, kind, parent, attributes, ageMs }) => {
      const spanOptions: SpanOptions = {
        kind: kinds[kind],
        ...(attributes && { attributes }),
        ...(ageMs !== undefined && { startTime: new Date(Date.now() - Math.max(0, ageMs)) }),
      }
      const span = tracer.startSpan(name, spanOptions, contextOf(parent))
      const { traceId, spanId, traceFlags } = span.spanContext()
      return {
        traceparent: `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`,
        end: ({ name: finalName, attributes: more, failure } = {}) => {
          if (finalName !== undefined) span.updateName(finalName)
          if (more !== undefined) span.setAttributes(more)
          if (failure !== undefined) {
            span.setStatus({ code: api.SpanStatusCode.ERROR })
            span.setAttribute('error.type', errorTypeOf(failure))
          }
          span.end()
        },
      }
    },
    close: async () => {
      const limit = new Promise((resolve) => setTimeout(resolve, exportLimitMs).unref())
      await Promise.race([provider.shutdown().catch(report), limit])
    },
  }
}

/** The error's name only: its message may contain personal data. */
function errorTypeOf(failure: unknown): string {
  if (failure instanceof Error) return failure.name
  return typeof failure === 'string' ? failure : 'unknown'
}

function spanContextOf(traceparent: string): SpanContext | undefined {
  const [, traceId, spanId, flags] = pattern.exec(traceparent) ?? []
  if (traceId === undefined || spanId === undefined || flags === undefined) return undefined
  return { traceId, spanId, traceFlags: Number.parseInt(flags, 16), isRemote: true }
}
