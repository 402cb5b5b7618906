import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Answer } from './misbehaviour.ts'
import type { ProviderAnswer } from './provider-ledger.ts'

const hugeBytes = 2 * 1024 * 1024

/** Answers, or fails to, in the given way; `right` is the answer that a provider in good health would give. */
export function sendAs(
  answer: Answer,
  request: IncomingMessage,
  response: ServerResponse,
  right: ProviderAnswer,
): void {
  if (typeof answer === 'object') return send(response, 'fields' in answer ? replaced(right, answer.fields) : answer)
  switch (answer) {
    case 'right':
      return send(response, right)
    case 'hang':
      return undefined
    case 'cut':
      request.socket.destroy()
      return undefined
    case 'cut-halfway':
      return sendHalf(response, right, () => request.socket.destroy())
    case 'stall':
      return sendHalf(response, right, () => undefined)
    case 'garbage':
      response.writeHead(right.status, { 'content-type': 'text/html' }).end('<html>It works!</html>')
      return undefined
    case 'no-http':
      request.socket.end(`You said ${request.headers.authorization}\r\n\r\n`)
      return undefined
    case 'huge':
      return send(response, replaced(right, { padding: 'x'.repeat(hugeBytes) }))
    case 'redirect':
      response.writeHead(307, { location: request.url }).end()
      return undefined
  }
}

export function send(response: ServerResponse, { status, body }: { status: number; body?: unknown }): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(body === undefined ? '' : JSON.stringify(body))
}

function sendHalf(response: ServerResponse, { status, body }: ProviderAnswer, sent: () => void): void {
  const content = JSON.stringify(body)
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(content) })
  response.write(content.slice(0, content.length / 2), sent)
}

/** Replaces fields of the charge or refund itself; in a look-up's answer those of every one in its list. */
function replaced({ status, body }: ProviderAnswer, fields: Readonly<Record<string, unknown>>): ProviderAnswer {
  if ('data' in body) return { status, body: { data: body.data.map((each) => ({ ...each, ...fields })) } }
  return { status, body: { ...body, ...fields } }
}
