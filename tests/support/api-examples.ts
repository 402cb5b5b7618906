import assert from 'node:assert/strict'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exchange, RawClient } from './raw-client.ts'

type Json = Readonly<Record<string, unknown>>

/** An example of an OpenAPI document: a request, and the response to it. */
export interface PublishedExample {
  readonly name: string
  readonly value: unknown
  readonly 'x-request': {
    readonly method?: string
    readonly path: string
    readonly headers?: Readonly<Record<string, string>>
    readonly body?: unknown
    readonly httpVersion?: string
  }
  readonly 'x-given'?: string
  readonly 'x-response': { readonly status: number; readonly headers?: Readonly<Record<string, string>> }
}

/** All response examples of a document, those of all operations last. */
export function examplesOf(document: Json): PublishedExample[] {
  const found: PublishedExample[] = []
  collect(document['paths'], found)
  const { examples } = document['components'] as { examples: Readonly<Record<string, object>> }
  for (const [name, example] of Object.entries(examples)) found.push({ name, ...example } as PublishedExample)
  return found
}

function collect(node: unknown, found: PublishedExample[]): void {
  if (typeof node !== 'object' || node === null) return
  for (const [name, child] of Object.entries(node)) {
    if (typeof child === 'object' && child !== null && 'x-request' in child)
      found.push({ name, ...child } as PublishedExample)
    else collect(child, found)
  }
}

/** Pairs of a text of the documents and the text that takes its place in this run. */
export type Replacements = readonly (readonly [published: string, actual: string])[]

interface Addition {
  readonly query?: string
  readonly header?: string
  readonly body?: string
}

/** The additions by which the requests of these examples exceed their limit. */
export const beyondLimits: Readonly<Record<string, Addition>> = {
  contentTooLarge: { body: ' '.repeat(65_537) },
  targetTooLong: { query: `?${'a'.repeat(8_000)}` },
  headersTooLarge: { header: `x: ${'x'.repeat(20_000)}` },
}

/** Sends an example's request, changed by `more`, and compares status, headers and body. @returns the response's body */
export async function sendExample(
  port: number,
  example: PublishedExample,
  replacements: Replacements = [],
  more: Addition = {},
): Promise<Json> {
  const request = example['x-request']
  const { method = 'GET', path, headers = {}, httpVersion = '1.1' } = request
  const body = more.body ?? (typeof request.body === 'string' ? request.body : (JSON.stringify(request.body) ?? ''))
  const lines = [
    `${method} ${actual(path, replacements)}${more.query ?? ''} HTTP/${httpVersion}`,
    'host: localhost',
    'connection: close',
    ...Object.entries(headers).map(([name, value]) => `${name}: ${actual(value, replacements)}`),
    ...(more.header === undefined ? [] : [more.header]),
    ...(body === '' ? [] : [`content-length: ${Buffer.byteLength(body)}`]),
  ]
  const { received } = await exchange(port, `${lines.join('\r\n')}\r\n\r\n${body}`)
  return compare(example, received, replacements)
}

/** Compares what a server has sent with an example's response. @returns the response's body */
function compare(example: PublishedExample, received: string, replacements: Replacements = []): Json {
  const { status, headers = {} } = example['x-response']
  const [head = '', text = ''] = received.split('\r\n\r\n', 2)
  assert.match(head, new RegExp(`^HTTP/1.1 ${status} `), `${example.name}: ${received}`)
  for (const [name, value] of Object.entries(headers)) {
    const line = head.split('\r\n').find((each) => each.toLowerCase().startsWith(`${name}: `))
    assert.equal(line?.slice(name.length + 2), actual(value, replacements), `${example.name}: ${name}`)
  }
  const json = JSON.parse(text) as Json
  const expected = JSON.parse(actual(JSON.stringify(example.value), replacements)) as Json
  assert.deepEqual(withoutTimes(json), withoutTimes(expected), example.name)
  return json
}

function actual(text: string, replacements: Replacements): string {
  return replacements.reduce((done, [published, one]) => done.replaceAll(published, one), text)
}

/** Times, durations and the ids of events differ in each run. */
function withoutTimes(value: Json): unknown {
  const text = JSON.stringify(value)
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z|\d{4}-\d\d-\d\d \d\d:\d\d:\d\d/g, '@')
    .replaceAll(/"forMs":\d+/g, '"forMs":0')
    .replaceAll(/"eventId":"[0-9a-f-]{36}"/g, '"eventId":"#"')
    .replaceAll(/(\d+ min )?\d+ m?s\b/g, '0 s')
  return JSON.parse(text)
}

/** Calls `act` while as many reads wait as may; the database must not respond meanwhile. @returns the reads */
export async function whileReadsWait(url: string, act: () => Promise<unknown>): Promise<{ reads: Promise<unknown> }> {
  const reads = Array.from({ length: 300 }, () => fetch(url))
  await Promise.any(reads.map(async (read) => assert.equal((await read).status, 503)))
  await act()
  return { reads: Promise.all(reads) }
}

/** Begins a request on a server with a short time limit, and compares the response. */
export async function sendLate(server: Server, example: PublishedExample): Promise<void> {
  server.headersTimeout = 1
  const client = new RawClient((server.address() as AddressInfo).port)
  await client.send('GET / HTTP/1.1\r\n')
  await client.closed
  compare(example, client.received)
}
