import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose'

/** The claims of a token; `scope` separated by spaces, `lifetimeSeconds` negative for an expired one. */
export interface TokenRequest {
  subject?: string | undefined
  scope?: string | undefined
  customer?: string | undefined
  audience?: string | undefined
  lifetimeSeconds?: number | undefined
}

/** The claim with the customer: the default of AUTH_CUSTOMER_CLAIM. */
const customerClaim = 'customer_id'
export const localAudience = 'order-saga'
const usualLifetimeSeconds = 3_600
const bodyLimit = 10_000

/**
 * An issuer of access tokens for development and tests, with its JWKS at `/jwks.json`. `POST /token` gives every process of
 * this machine any token it requests, so it is no model of a real one.
 */
export class LocalIssuer {
  readonly #server: Server
  #keys: { kid: string; privateKey: CryptoKey; publicJwk: JWK }[] = []

  private constructor() {
    this.#server = createServer((request, response) => {
      void (async () => {
        const { status, body } = await this.#respond(request).catch(() => ({ status: 400, body: {} }))
        response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' })
        response.end(JSON.stringify(body))
      })()
    })
  }

  /** Listens on the loopback interface; with port 0 on a free one. */
  static async start(port = 0): Promise<LocalIssuer> {
    const issuer = new LocalIssuer()
    await issuer.rotate()
    issuer.#server.listen(port, '127.0.0.1')
    await once(issuer.#server, 'listening')
    return issuer
  }

  /** The value of the claim `iss`. */
  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  get jwksUrl(): string {
    return `${this.url}/jwks.json`
  }

  /** Replaces the key: tokens of the former one are not valid any more. */
  async rotate(): Promise<void> {
    const { privateKey, publicKey } = await generateKeyPair('ES256')
    const kid = randomUUID()
    this.#keys = [{ kid, privateKey, publicJwk: { ...(await exportJWK(publicKey)), kid, alg: 'ES256', use: 'sig' } }]
  }

  async token(request: TokenRequest = {}): Promise<string> {
    const { subject = 'local', scope = '', customer, audience = localAudience } = request
    const { lifetimeSeconds = usualLifetimeSeconds } = request
    const [key] = this.#keys
    if (key === undefined) throw new Error('the issuer has no key')
    const issuedAt = Math.trunc(Date.now() / 1_000)
    return await new SignJWT({ scope, ...(customer !== undefined && { [customerClaim]: customer }) })
      .setProtectedHeader({ alg: 'ES256', kid: key.kid, typ: 'at+jwt' })
      .setIssuer(this.url)
      .setAudience(audience)
      .setSubject(subject)
      .setIssuedAt(issuedAt)
      .setExpirationTime(issuedAt + lifetimeSeconds)
      .sign(key.privateKey)
  }

  async close(): Promise<void> {
    this.#server.close()
    this.#server.closeAllConnections()
    await once(this.#server, 'close')
  }

  async #respond(request: IncomingMessage): Promise<{ status: number; body: unknown }> {
    switch (`${request.method} ${request.url}`) {
      case 'GET /jwks.json':
        return { status: 200, body: { keys: this.#keys.map(({ publicJwk }) => publicJwk) } }
      case 'GET /readyz':
        return { status: 200, body: { status: 'ok' } }
      case 'POST /token':
        return { status: 200, body: await this.#issue(await textOf(request)) }
      default:
        return { status: 404, body: {} }
    }
  }

  async #issue(form: string): Promise<Record<string, unknown>> {
    const values = new URLSearchParams(form)
    const given = (name: string): string | undefined => values.get(name) || undefined
    const lifetimeSeconds = Number(given('lifetime_seconds') ?? usualLifetimeSeconds)
    const request = { subject: given('subject'), scope: given('scope'), customer: given('customer'), lifetimeSeconds }
    return { access_token: await this.token(request), token_type: 'Bearer', expires_in: lifetimeSeconds }
  }
}

async function textOf(request: IncomingMessage): Promise<string> {
  let text = ''
  for await (const chunk of request.setEncoding('utf8')) {
    text += String(chunk)
    if (text.length > bodyLimit) throw new Error('the form is too long')
  }
  return text
}

/** A token of the issuer whose `POST /token` that is. @throws Error when it does not respond */
export async function fetchToken(tokenUrl: string, request: TokenRequest): Promise<string> {
  const form = new URLSearchParams()
  const { subject, scope, customer, lifetimeSeconds } = request
  for (const [name, value] of Object.entries({ subject, scope, customer, lifetime_seconds: lifetimeSeconds })) {
    if (value !== undefined) form.set(name, String(value))
  }
  const response = await fetch(tokenUrl, { method: 'POST', body: form, signal: AbortSignal.timeout(5_000) })
  if (!response.ok) throw new Error(`The issuer at ${tokenUrl} responded with ${response.status}.`)
  return ((await response.json()) as { access_token: string }).access_token
}
