import { checkerOf } from '@order-saga/contracts'
import { Type } from 'typebox'
import { nothingWasSent, errorNameOf } from './connection-errors.ts'
import { GatewayUnavailable, OutcomeUnknown } from './payment-gateway.ts'

export interface ProviderClientOptions {
  /** Where the provider's paths begin, for example `https://api.provider.example/v1`. */
  readonly url: string
  /** Sent as a bearer token and never shown: no error and no text that comes from here contains it. */
  readonly apiKey: string
  /** For a whole call, from the name's resolution to the reply's last byte, in milliseconds. */
  readonly timeLimitMs: number
}

export interface ProviderReply {
  /** The request, for messages: `POST /charges`. */
  readonly request: string
  readonly status: number
  /** Undefined when the reply was no JSON. */
  readonly body: unknown
}

/**
 * One authenticated JSON request at a time, never repeated and never redirected.
 * Throws `GatewayUnavailable` when the request certainly had no effect, `OutcomeUnknown` when no whole reply came.
 */
export interface ProviderClient {
  post(path: string, key: string, body: object): Promise<ProviderReply>
  /** Looks up what was done under a key. */
  find(path: string, key: string): Promise<ProviderReply>
  /** A text from the provider made fit for an error or an event: short, without control characters and the API key. */
  quote(text: string): string
}

const longestReplyBytes = 64 * 1024
const longestQuote = 200
/** The provider, or a proxy before it, turned the request away unread: nobody it should serve, or not at this path. */
const turnedAway = new Set([401, 403, 404, 405, 429])
const checkProblem = checkerOf(Type.Object({ error: Type.Object({ code: Type.String() }) }))

/** Throws when the URL or the key is not usable, without showing either. */
export function createProviderClient({ url, apiKey, timeLimitMs }: ProviderClientOptions): ProviderClient {
  const base = baseOf(url)
  if (!/^[\x21-\x7e]+$/.test(apiKey)) throw new Error('the API key must be printable ASCII without spaces')

  async function call(request: string, target: string, posted?: { key: string; body: object }): Promise<ProviderReply> {
    try {
      const response = await fetch(target, {
        headers: {
          accept: 'application/json',
          authorization: `Bearer ${apiKey}`,
          // A cache in between could answer a look-up as it was before the charge.
          'cache-control': 'no-cache',
          ...(posted && { 'content-type': 'application/json', 'idempotency-key': posted.key }),
        },
        ...(posted && { method: 'POST', body: JSON.stringify(posted.body) }),
        redirect: 'manual',
        signal: AbortSignal.timeout(timeLimitMs),
      })
      if (turnedAway.has(response.status)) {
        await response.body?.cancel()
        throw new GatewayUnavailable(`${request} was turned away with ${response.status}`)
      }
      return { request, status: response.status, body: parsed(await textOf(request, response)) }
    } catch (error) {
      if (error instanceof GatewayUnavailable || error instanceof OutcomeUnknown) throw error
      // The error itself is not passed on as the cause: a parser's error holds what was received.
      if (nothingWasSent(error)) throw new GatewayUnavailable(`${request} was not sent: ${errorNameOf(error)}`)
      throw new OutcomeUnknown(`${request} has no whole reply: ${errorNameOf(error)}`)
    }
  }

  return {
    post: (path, key, body) => call(`POST ${path}`, base + path, { key, body }),
    find: (path, key) => call(`GET ${path}`, `${base}${path}?idempotency_key=${encodeURIComponent(key)}`),
    quote: (text) =>
      text
        .replaceAll(apiKey, '***')
        .slice(0, longestQuote)
        .replaceAll(/[\p{Cc}\p{Cs}]/gu, ' '),
  }
}

/** The code of the contract's error object, if the reply is one. */
export function problemCodeOf({ body }: ProviderReply): string | undefined {
  const checked = checkProblem(body)
  return checked.ok ? checked.value.error.code : undefined
}

function baseOf(url: string): string {
  const parts = URL.canParse(url) ? new URL(url) : undefined
  const more = parts && parts.username + parts.password + parts.search + parts.hash
  if (parts === undefined || more !== '' || !/^https?:$/.test(parts.protocol)) {
    throw new Error('the provider must be an http or https URL without credentials, query and fragment')
  }
  return parts.href.replace(/\/$/, '')
}

async function textOf(request: string, { body }: Response): Promise<string> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of body ?? []) {
    size += chunk.byteLength
    if (size > longestReplyBytes) throw new OutcomeUnknown(`${request} was answered with too many bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
