import assert from 'node:assert/strict'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { Parser } from '@asyncapi/parser'
import { encode, newEvent, propertiesOf } from '@order-saga/chassis'
import { catalogue, checkerOf, type EventName, type EventType, topologyOf } from '@order-saga/contracts'
import { Type } from 'typebox'
import { eventExamples } from '../../support/event-examples.ts'
import { asyncApiDocument, eventDiagram } from './asyncapi-document.ts'
import { documentedPlan } from './asyncapi-queues.ts'

const update = process.env['UPDATE_DOCS'] === '1'
const hint = 'UPDATE_DOCS=1 npx mocha tests/system/documents/asyncapi.test.ts writes it anew'
const url = (name: string): URL => new URL(`../../../docs/${name}`, import.meta.url)
const document = asyncApiDocument()
const events: readonly EventType[] = catalogue

describe('docs/api/events.asyncapi.json', function () {
  this.timeout(30_000)
  const text = `${JSON.stringify(document, null, 2)}\n`

  it('is made from the contracts', () => {
    const file = url('api/events.asyncapi.json')
    if (update) writeFileSync(file, text)
    assert.equal(existsSync(file) ? readFileSync(file, 'utf8') : '', text, hint)
  })

  it('is valid AsyncAPI 3', async () => {
    const { document: parsed, diagnostics } = await new Parser().parse(text)
    assert.deepEqual(
      diagnostics
        .filter(({ severity }) => [0, 1].includes(severity))
        .map(({ message, path }) => `${path.join('.')}: ${message}`),
      [],
    )
    assert.equal(parsed?.version(), '3.0.0')
    assert.equal(
      parsed.operations().all().length,
      events.length + events.flatMap(({ consumedBy }) => consumedBy).length,
    )
  })

  it('describes each exchange and queue of the topology', () => {
    type Bound = Record<'exchange' | 'queue', { name: string } | undefined>
    const channels = Object.values(document['channels'] as Record<string, { bindings: { amqp: Bound } }>)
    const named = (kind: keyof Bound): string[] =>
      [...new Set(channels.flatMap(({ bindings }) => bindings.amqp[kind]?.name ?? []))].toSorted()
    const { exchanges, queues } = topologyOf(documentedPlan)
    assert.deepEqual(named('exchange'), exchanges.map(({ name }) => name).toSorted())
    assert.deepEqual(named('queue'), queues.map(({ name }) => name).toSorted())
  })

  it('describes the messages that a service publishes', () => {
    const { messages } = document['components'] as { messages: Record<string, Record<string, object>> }
    const ids = { sagaId: '01a20624-344d-7692-affe-c9f15db7ed83', orderId: '01a20624-344d-7692-affe-c4ec4716ba38' }
    for (const event of events) {
      const documented = messages[event.name.replaceAll('.', '_')]
      const cause = { ...ids, eventId: ids.sagaId, traceparent: '00-1-2-01' }
      const payload = eventExamples[event.name as EventName]
      const published = newEvent(event, payload, cause, { eventId: ids.orderId, now: new Date() })
      const body = JSON.parse(encode(published).toString()) as unknown
      assert.ok(checkerOf(Type.Unsafe(documented?.['payload'] ?? {}))(body).ok, event.name)
      const { headers, type } = propertiesOf(published)
      const known = documented?.['headers'] as { properties: object }
      assert.ok(checkerOf(Type.Unsafe(known))(headers).ok, event.name)
      assert.deepEqual(
        Object.keys(headers as object).filter((name) => !Object.hasOwn(known.properties, name)),
        [],
      )
      assert.equal(type, documented?.['name'])
    }
  })
})

describe('The diagram of events in docs/architecture.md', () => {
  it('is made from the AsyncAPI document', () => {
    const [begin, end] = ['<!-- events: generated -->\n\n', '\n\n<!-- events: end -->']
    const page = readFileSync(url('architecture.md'), 'utf8')
    const [before = '', written = '', after = ''] = page.split(new RegExp(`${begin}|${end}`))
    const expected = eventDiagram(document)
    if (update) writeFileSync(url('architecture.md'), `${before}${begin}${expected}${end}${after}`)
    else assert.equal(written, expected, hint)
  })
})
