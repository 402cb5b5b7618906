import type { ProblemDetails } from './answers.ts'

const tokenKey = 'order-saga-console-token'

/** The console's routes, next to the page wherever it is served. */
const base = new URL('console/', new URL(location.href.replace(/\/?(#.*)?$/, '')))

/** Takes a token that came with the link and removes it from the address, so that it is not copied with it. */
export function takeToken(): void {
  const given = /^#token=(.+)$/.exec(location.hash)?.[1]
  if (given === undefined) return
  rememberToken(decodeURIComponent(given))
  history.replaceState(null, '', `${location.pathname}#/sagas`)
}

/** For this tab alone. */
export function rememberToken(token: string): void {
  sessionStorage.setItem(tokenKey, token)
}

/** An answer that is not the one that was hoped for, in the server's own words. */
export class Refusal extends Error {
  readonly status: number

  constructor(status: number, detail: string) {
    super(detail)
    this.status = status
  }
}

async function request(path: string, init: RequestInit = {}): Promise<Response> {
  const token = sessionStorage.getItem(tokenKey)
  const headers = new Headers(init.headers)
  if (token !== null) headers.set('authorization', `Bearer ${token}`)
  let response: Response
  try {
    response = await fetch(new URL(path, base), { ...init, headers })
  } catch {
    throw new Refusal(0, 'The order service does not answer.')
  }
  if (response.ok) return response
  const problem = (await response.json().catch(() => ({}))) as ProblemDetails
  throw new Refusal(response.status, problem.detail ?? `It was answered with ${response.status}.`)
}

/** @throws Refusal */
export async function get<T>(path: string): Promise<T> {
  return (await (await request(path)).json()) as T
}

/** @throws Refusal */
export async function post<T>(path: string, body: unknown): Promise<T> {
  const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }
  return (await (await request(path, init)).json()) as T
}

/**
 * Reads a stream of server-sent events to its end. By fetch, because an EventSource cannot send a token.
 * @throws Refusal when there is no stream, or it breaks
 */
export async function follow(path: string, onEvent: (event: string, data: unknown) => void): Promise<void> {
  const response = await request(path)
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
  let rest = ''
  for (;;) {
    const part = await reader?.read().catch(() => {
      throw new Refusal(0, 'The connection to the order service was lost.')
    })
    if (part === undefined || part.done) return
    const blocks = (rest + part.value).split('\n\n')
    rest = blocks.pop() ?? ''
    for (const block of blocks) {
      const event = /^event: (.*)$/m.exec(block)?.[1]
      const data = /^data: (.*)$/m.exec(block)?.[1]
      if (event !== undefined && data !== undefined) onEvent(event, JSON.parse(data))
    }
  }
}
