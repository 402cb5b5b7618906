import { type Agent, request } from 'node:http'
import { text } from 'node:stream/consumers'

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  /** Parsed when it is JSON, else the text. */
  readonly body: unknown
}

export interface Call {
  readonly method?: 'GET' | 'POST' | 'PUT'
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
  /** A connection of its own for every call, unless an agent is given. */
  readonly agent?: Agent
  readonly limitMs?: number
}

/** One HTTP request, never repeated. Rejects with Node's error when the response is incomplete. */
export async function call(url: string, options: Call = {}): Promise<Answer> {
  const { method = 'GET', body, headers = {}, agent, limitMs = 30_000 } = options
  const sent = body === undefined ? undefined : JSON.stringify(body)
  return await new Promise((resolve, reject) => {
    const outgoing = request(
      url,
      {
        method,
        agent: agent ?? false,
        headers: { ...(sent === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
        signal: AbortSignal.timeout(limitMs),
      },
      (response) => {
        text(response).then(
          (received) =>
            resolve({ status: response.statusCode ?? 0, headers: response.headers, body: parsed(received) }),
          reject,
        )
      },
    )
    outgoing.once('error', reject)
    outgoing.end(sent)
  })
}

function parsed(received: string): unknown {
  try {
    return JSON.parse(received)
  } catch {
    return received
  }
}
