import type { Attributes, Context, SpanContext, SpanOptions } from '@opentelemetry/api'

/** The W3C form of a place in a trace: version, trace id, span id, flags. */
const pattern = /^00-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})$/

/** The trace a log line belongs to; undefined for none. */
export function traceIdOf(traceparent: string | undefined): string | undefined {
  return traceparent === undefined ? undefined : pattern.exec(traceparent)?.[1]
}

/** @returns the header as it is when it is well-formed, and undefined for anything else */
export function traceparentOf(header: string): string | undefined {
  return pattern.test(header) ? header : undefined
}

export type SpanKind = 'server' | 'client' | 'producer' | 'consumer' | 'internal'

export interface NewSpan {
  readonly name: string
  readonly kind: SpanKind
  /** What it is a part of; without it, it begins a trace. */
  readonly parent: string | undefined
  readonly attributes?: Attributes
  /** Now, unless it began earlier. */
  readonly startedAt?: Date
}

/** What is known only when the work is done. */
export interface SpanEnd {
  readonly name?: string
  readonly attributes?: Attributes
  /** Why it failed. */
  readonly failure?: unknown
}

/** A piece of work on its way. */
export interface ActiveSpan {
  /** For what the work causes: it becomes a part of this span. */
  readonly traceparent: string | undefined
  /** To be called once, when the work is done. */
  end(how?: SpanEnd): void
}

/**
 * Records spans and sends them to a collector, by OpenTelemetry. While it is off nothing is recorded and every span hands
 * on its parent as it is, so a client's trace goes on through the system all the same.
 */
export interface Tracing {
  readonly isOn: boolean
  start(span: NewSpan): ActiveSpan
  /** Sends what is left, for two seconds at most; never rejects. */
  close(): Promise<void>
}

const passOn = (parent: string | undefined): ActiveSpan => ({ traceparent: parent, end: () => undefined })

/** No tracing. */
export const tracingOff: Tracing = {
  isOn: false,
  start: ({ parent }) => passOn(parent),
  close: async () => undefined,
}

export interface TracingOptions {
  readonly service: string
  /** Base URL of a collector that speaks OTLP over HTTP; empty: no tracing. */
  readonly endpoint: string
  /** Share of the traces begun here that is recorded, 0 to 1. A trace that comes with its decision keeps it. */
  readonly share: number
  /** Told, once in a while, that spans could not be sent. They are dropped: tracing never holds up the work. */
  readonly onTrouble: (reason: string) => void
}

const exportLimitMs = 2_000
const troubleEveryMs = 60_000

/** OpenTelemetry is loaded only when it is used: it costs memory and time at the start. */
export async function createTracing({ service, endpoint, share, onTrouble }: TracingOptions): Promise<Tracing> {
  if (endpoint === '') return tracingOff
  const [api, sdk, { OTLPTraceExporter }, { resourceFromAttributes }] = await Promise.all([
    import('@opentelemetry/api'),
    import('@opentelemetry/sdk-trace-base'),
    import('@opentelemetry/exporter-trace-otlp-http'),
    import('@opentelemetry/resources'),
  ])
  let toldAt = Number.NEGATIVE_INFINITY
  const tell = (reason: string): void => {
    if (performance.now() - toldAt < troubleEveryMs) return
    toldAt = performance.now()
    onTrouble(reason)
  }
  const silent = (): void => undefined
  // What the library has to complain of is that the collector cannot be reached.
  api.diag.setLogger(
    { error: tell, warn: tell, info: silent, debug: silent, verbose: silent },
    { logLevel: api.DiagLogLevel.WARN, suppressOverrideMessage: true },
  )
  const exporter = new OTLPTraceExporter({
    url: `${endpoint.replace(/\/$/, '')}/v1/traces`,
    timeoutMillis: exportLimitMs,
  })
  const provider = new sdk.BasicTracerProvider({
    resource: resourceFromAttributes({ 'service.name': service, 'service.namespace': 'order-saga' }),
    sampler: new sdk.ParentBasedSampler({ root: new sdk.TraceIdRatioBasedSampler(share) }),
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
  const within = (parent: string | undefined): Context => {
    const place = parent === undefined ? undefined : spanContextOf(parent)
    return place === undefined ? api.ROOT_CONTEXT : api.trace.setSpanContext(api.ROOT_CONTEXT, place)
  }
  return {
    isOn: true,
    start: ({ name, kind, parent, attributes, startedAt }) => {
      const options: SpanOptions = {
        kind: kinds[kind],
        ...(attributes && { attributes }),
        ...(startedAt && { startTime: startedAt }),
      }
      const span = tracer.startSpan(name, options, within(parent))
      const { traceId, spanId, traceFlags } = span.spanContext()
      return {
        traceparent: `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`,
        end: ({ name: finalName, attributes: more, failure } = {}) => {
          if (finalName !== undefined) span.updateName(finalName)
          if (more !== undefined) span.setAttributes(more)
          if (failure !== undefined) {
            span.setStatus({ code: api.SpanStatusCode.ERROR })
            span.setAttribute('error.type', kindOf(failure))
          }
          span.end()
        },
      }
    },
    close: async () => {
      const limit = new Promise((resolve) => setTimeout(resolve, exportLimitMs).unref())
      await Promise.race([provider.shutdown().catch(tell), limit])
    },
  }
}

/** Only the kind of a failure: its text may hold what has no place in a trace. */
function kindOf(failure: unknown): string {
  if (failure instanceof Error) return failure.name
  return typeof failure === 'string' ? failure : 'unknown'
}

function spanContextOf(traceparent: string): SpanContext | undefined {
  const [, traceId, spanId, flags] = pattern.exec(traceparent) ?? []
  if (traceId === undefined || spanId === undefined || flags === undefined) return undefined
  return { traceId, spanId, traceFlags: Number.parseInt(flags, 16), isRemote: true }
}
