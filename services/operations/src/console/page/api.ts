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

/** An answer that is not 2xx, with the server's own text; status 0 when there was none. */
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
    throw new Refusal(0, 'The console does not answer.')
  }
  if (response.ok) return response
  const problem = (await response.json().catch(() => ({}))) as ProblemDetails
  throw new Refusal(response.status, problem.detail ?? `The console answered with ${response.status}.`)
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
