import type { ProblemDetails } from './answers.ts'

const tokenKey = 'order-saga-console-token'

/** Relative to the page, so that it works behind a proxy's path prefix. */
const base = new URL('console/', new URL(location.href.replace(/\/?(#.*)?$/, '')))

/** Stores a token given in the link and removes it from the address; the rest of the fragment stays: `#token=…#/saga/…`. */
export function takeToken(): void {
  const given = /(?:^#|[#&?])token=([^&#]+)/.exec(location.hash)
  if (given === null) return
  storeToken(decodeURIComponent(given[1] ?? ''))
  const rest = location.hash.replace(given[0], '').replace(/^[#&]*/, '')
  history.replaceState(null, '', `${location.pathname}#${rest === '' ? '/sagas' : rest}`)
}

export function storeToken(token: string): void {
  sessionStorage.setItem(tokenKey, token)
}

/** A response that is not 2xx, with its detail; status 0 without a response. */
export class RequestError extends Error {
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
    throw new RequestError(0, 'The console does not respond.')
  }
  if (response.ok) return response
  const problem = (await response.json().catch(() => ({}))) as ProblemDetails
  throw new RequestError(response.status, problem.detail ?? `The console responded with ${response.status}.`)
}

/** @throws RequestError */
export async function get<T>(path: string): Promise<T> {
  return (await (await request(path)).json()) as T
}

/** @throws RequestError */
export async function post<T>(path: string, body: unknown): Promise<T> {
  const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }
  return (await (await request(path, init)).json()) as T
}
