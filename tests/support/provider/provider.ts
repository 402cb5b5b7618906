import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import { type Checked, checkerOf } from '@order-saga/contracts'
import { Type } from 'typebox'
import { type Misbehaviour, Misbehaviours, type Operation, type Rule, type Selector } from './misbehaviour.ts'
import { send, sendAs } from './provider-answer.ts'
import { problem, type ProviderAnswer, ProviderLedger } from './provider-ledger.ts'

export interface ProviderRequest {
  readonly operation: Operation
  readonly key: string
}

/**
 * A payment provider over HTTP that follows docs/payment-provider.md unless a misbehaviour is set:
 *
 *     const provider = await startProvider()
 *     provider.misbehave({ operation: 'charge', times: 1 }, { answer: 'cut' })  // charges, then cuts the connection
 *     provider.misbehave({ share: 0.2 }, { takesEffect: false, answer: { status: 500 } })
 *     provider.ledger.takenFor(orderId)
 *     await provider.stop()
 */
export interface Provider {
  readonly url: string
  readonly apiKey: string
  readonly ledger: ProviderLedger
  /** Every request with the right API key, in the order of arrival. */
  readonly requests: readonly ProviderRequest[]
  /** How many connections were made so far. */
  readonly connections: number
  misbehave(selector: Selector, misbehaviour: Misbehaviour): Rule
  /** Lifts every misbehaviour. Delayed effects and responses stay delayed. */
  behave(): void
  /** Every delayed effect and answer comes now, and every hidden effect shows. */
  settle(): void
  /** Ends the server and all its connections; what was delayed never comes. */
  stop(): Promise<void>
}

export interface ProviderOptions {
  /** A free one when left out. */
  readonly port?: number
  readonly apiKey?: string
  /** Give the former server's ledger to start it again after `stop`. */
  readonly ledger?: ProviderLedger
}

const amount = Type.String({ pattern: '^\\d{1,12}(\\.\\d{1,4})?$' })
const checkCharge = checkerOf(Type.Object({ amount, currency: Type.String(), reference: Type.String() }))
const checkRefund = checkerOf(Type.Object({ amount, currency: Type.String(), charge: Type.String() }))

export async function startProvider(options: ProviderOptions = {}): Promise<Provider> {
  const { port = 0, apiKey = 'test-key-of-the-provider', ledger = new ProviderLedger() } = options
  const requests: ProviderRequest[] = []
  const misbehaviours = new Misbehaviours()
  const delayed = new Map<NodeJS.Timeout, () => void>()
  const inProgress = new Set<string>()
  const hidden = new Set<string>()

  function later(ms: number, happen: () => void): void {
    const timer = setTimeout(() => {
      delayed.delete(timer)
      happen()
    }, ms)
    delayed.set(timer, happen)
  }

  function move(path: string, key: string, body: unknown): ProviderAnswer {
    if (inProgress.has(key)) return problem(409, 'in_progress')
    return path === '/charges'
      ? accepted(checkCharge(body), (charge) => ledger.charge(key, charge))
      : accepted(checkRefund(body), (refund) => ledger.refund(key, refund))
  }

  function act(path: string, key: string, body: unknown, misbehaviour: Misbehaviour): ProviderAnswer {
    const { effectAfterMs, visibleAfterMs, deliveries = 1 } = misbehaviour
    if (effectAfterMs !== undefined && !inProgress.has(key)) {
      inProgress.add(key)
      later(effectAfterMs, () => {
        inProgress.delete(key)
        move(path, key, body)
      })
      return problem(409, 'in_progress')
    }
    if (visibleAfterMs !== undefined) {
      hidden.add(key)
      later(visibleAfterMs, () => hidden.delete(key))
    }
    for (let delivery = 1; delivery < deliveries; delivery += 1) move(path, key, body)
    return move(path, key, body)
  }

  function lookUp(path: string, key: string): ProviderAnswer {
    const all = path === '/charges' ? ledger.charges : ledger.refunds
    return { status: 200, body: { data: all.filter((each) => each.idempotency_key === key && !hidden.has(key)) } }
  }

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://provider')
    const body = await text(request)
    if (request.headers.authorization !== `Bearer ${apiKey}`) return send(response, problem(401, 'unauthorized'))
    const lookingUp = request.method === 'GET'
    const operation = operationAt(pathname, lookingUp)
    const key = lookingUp ? searchParams.get('idempotency_key') : request.headers['idempotency-key']
    if (operation === undefined) return send(response, problem(404, 'no_such_path'))
    if (typeof key !== 'string' || key === '') return send(response, problem(400, 'key_missing'))

    requests.push({ operation, key })
    const misbehaviour = misbehaviours.apply(operation, key)
    const answer = lookingUp
      ? lookUp(pathname, key)
      : (misbehaviour.takesEffect ?? true)
        ? act(pathname, key, JSON.parse(body), misbehaviour)
        : problem(500, 'failed_before_the_effect')
    const reply = () => sendAs(misbehaviour.answer ?? 'right', request, response, answer)
    if (misbehaviour.delayMs === undefined) reply()
    else later(misbehaviour.delayMs, reply)
  }

  const server = createServer((request, response) => {
    handle(request, response).catch(() => request.socket.destroy())
  })
  let connections = 0
  server.on('connection', () => (connections += 1))
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')

  const address = server.address()
  assert(typeof address === 'object' && address !== null)

  return {
    url: `http://127.0.0.1:${address.port}`,
    apiKey,
    ledger,
    requests,
    get connections() {
      return connections
    },
    misbehave: (selector, misbehaviour) => misbehaviours.add(selector, misbehaviour),
    behave: () => misbehaviours.clear(),
    settle() {
      for (const [timer, happen] of delayed) {
        clearTimeout(timer)
        delayed.delete(timer)
        happen()
      }
    },
    async stop() {
      for (const timer of delayed.keys()) clearTimeout(timer)
      delayed.clear()
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}

function operationAt(path: string, lookingUp: boolean): Operation | undefined {
  if (path === '/charges') return lookingUp ? 'findCharge' : 'charge'
  if (path === '/refunds') return lookingUp ? 'findRefund' : 'refund'
  return undefined
}

function accepted<T>(checked: Checked<T>, act: (request: T) => ProviderAnswer): ProviderAnswer {
  if (checked.ok) return act(checked.value)
  return problem(400, 'invalid_request', `${checked.problem.field} ${checked.problem.message}`)
}
