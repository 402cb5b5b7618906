import { catalogue, EnvelopeSchema, type EventName, type EventType, services } from '@order-saga/contracts'
import { Type } from 'typebox'
import { eventExamples } from '../../support/event-examples.ts'
import { type DocumentedQueues, documentedPlan, exchangeNamed, identifierOf, queueChannels } from './asyncapi-queues.ts'

type Json = Readonly<Record<string, unknown>>

const version = '1.0.0'
const events: readonly EventType[] = catalogue
const { queues } = documentedPlan

/** The fact that each event reports; the table of docs/architecture.md has the same. */
const summaries: Readonly<Record<EventName, string>> = {
  'order.created': 'The order was accepted. Its charge must not start at or after the deadline.',
  'order.confirmed': 'Final: the order is paid and its stock is reserved; the items ship.',
  'order.cancelled': 'Final: no charge and no reservation may follow; stock is released.',
  'payment.completed': "The order's amount was charged, once.",
  'payment.failed': 'Nothing was charged and nothing will be.',
  'payment.refund.requested':
    'Any charge of the order must be refunded. May be published more than once; each time it is answered.',
  'payment.refunded':
    'No money is kept for the order. The amount is 0 when nothing was charged; the currency is XXX and the address absent when ' +
    'the order is not known.',
  'inventory.reserved': 'Every item of the order is reserved.',
  'inventory.failed': 'No item of the order is reserved.',
}

const headers = Type.Object({
  'schema-version': Type.Integer({ minimum: 1, description: 'the version of the event' }),
  'oldest-reader': Type.Optional(
    Type.Integer({ minimum: 1, description: 'the oldest version whose readers read this one; absent: schema-version' }),
  ),
  'causation-id': Type.Optional(Type.String({ description: 'the id of the event that caused this one' })),
  traceparent: Type.Optional(Type.String({ description: 'W3C Trace Context' })),
  'first-routing-key': onOwnPath('the routing key with which the message was first published'),
  attempt: Type.Optional(
    Type.Integer({ minimum: 1, description: 'on a retry: its number; absent: 1, the first attempt' }),
  ),
  'first-failure': onOwnPath('the time of the first failure', 'date-time'),
  'retried-at': onOwnPath('on a retry: the time at which it was published to its retry queue', 'date-time'),
  reason: onOwnPath('on a retry and a dead letter: why the last attempt failed'),
  queue: onOwnPath('on a dead letter: the queue whose consumer dead-lettered it'),
  'dead-lettered-at': onOwnPath('on a dead letter: the time', 'date-time'),
  replays: onOwnPath('on a replay: the JSON text of its earlier replays, written by the operations programs'),
})

/** A header that consumers write when they publish a message to another queue of their service. */
function onOwnPath(description: string, format?: string): Type.TOptional<Type.TString> {
  return Type.Optional(Type.String({ description, ...(format !== undefined && { format }) }))
}

const consumerRules = [
  'A consumer settles each delivery once: it acknowledges it after the commit of its effect, or after the confirm of a retry or ' +
    'dead letter, which it publishes to the direct exchange of its service.',
  'Provenance: a routing key of order.topic has one publisher, by topic permissions. On a delivery from order.topic the property ' +
    'type must equal the routing key; a missing type counts as the routing key. On a delivery from the direct or the default ' +
    'exchange, type must equal the header first-routing-key; without that header, type counts. A message that contradicts this, ' +
    "or an event of this document that the service does not consume, is dead-lettered at once, with a reason that begins with 'forged: '.",
  'A message that leaves the queue keeps its body and the properties message_id, correlation_id, content_type, content_encoding ' +
    'and timestamp, and has delivery_mode 2 and a type; of its headers, those of this document. Each retry and ' +
    'dead letter writes retried-at, queue and dead-lettered-at anew. first-routing-key replaces any value that was sent on order.topic. All ' +
    'other headers are dropped: CC and BCC would route copies.',
  'A version is unreadable when its oldest reader is newer than the version that the consumer knows. Such a message goes through ' +
    'the retry queues with attempt unchanged: to the first one whose delay, added to those of the shorter ones, exceeds the time since ' +
    "first-failure, otherwise to the longest. Its reason begins with 'unknown version'.",
  'A message that is no JSON, does not match its schema or is an unknown event is dead-lettered at once. Any other failure of a ' +
    'message is retried: attempt n goes to the retry queue n with attempt n + 1; after the last one it is dead-lettered. When a ' +
    'dependency is unavailable, the delivery stays unacknowledged and no attempt counts.',
].join('\n\n')

const properties =
  'AMQP properties: message_id is the eventId, correlation_id the sagaId, type the routing key, content_type ' +
  'application/json, timestamp the seconds of the event, delivery_mode 2.'

/** The AsyncAPI 3 document of all events: channels, messages, and an operation for each publisher and consumer. */
export function asyncApiDocument(): Json {
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'Order saga events',
      version,
      license: { name: 'MIT' },
      description:
        'Services react to each other by events. Each is published to a topic exchange with its name as the routing key, ' +
        'mandatory and with publisher confirms, and delivered at least once, in any order, to one queue per service. The ' +
        `operations are those of all services; a tag names the service.\n\n${consumerRules}`,
      tags: services.map((name) => ({ name })),
    },
    defaultContentType: 'application/json',
    servers: {
      broker: { host: 'localhost:5672', protocol: 'amqp', protocolVersion: '0.9.1', description: 'RabbitMQ' },
    },
    channels: Object.fromEntries([...events.map(eventChannel), ...queues.flatMap(channelsOf)]),
    operations: Object.fromEntries([...events.map(publishing), ...queues.flatMap(consuming)]),
    components: { messages: Object.fromEntries(events.map(message)) },
  }
}

const messageReference = ({ name }: EventType): Json => ({ $ref: `#/components/messages/${identifierOf(name)}` })

function eventChannel(event: EventType): [string, Json] {
  return [
    identifierOf(event.name),
    {
      address: event.name,
      summary: summaries[event.name as EventName],
      messages: { [identifierOf(event.name)]: messageReference(event) },
      bindings: {
        amqp: { is: 'routingKey', exchange: exchangeNamed(documentedPlan.exchange), bindingVersion: '0.3.0' },
      },
    },
  ]
}

function channelsOf(of: DocumentedQueues): [string, Json][] {
  return queueChannels(
    of,
    Object.fromEntries(of.events.map((event) => [identifierOf(event.name), messageReference(event)])),
  )
}

function publishing(event: EventType): [string, Json] {
  const channel = identifierOf(event.name)
  return [
    `${event.publishedBy}_publishes_${channel}`,
    {
      action: 'send',
      summary: `${event.publishedBy} publishes ${event.name}.`,
      channel: { $ref: `#/channels/${channel}` },
      messages: [{ $ref: `#/channels/${channel}/messages/${channel}` }],
      tags: [{ name: event.publishedBy }],
      bindings: { amqp: { deliveryMode: 2, mandatory: true, timestamp: true, bindingVersion: '0.3.0' } },
    },
  ]
}

function consuming({ queue, service, events: consumed }: DocumentedQueues): [string, Json][] {
  return consumed.map((event) => [
    `${service}_consumes_${identifierOf(event.name)}`,
    {
      action: 'receive',
      summary: `${service} consumes ${event.name}.`,
      channel: { $ref: `#/channels/${queue}` },
      messages: [{ $ref: `#/channels/${queue}/messages/${identifierOf(event.name)}` }],
      tags: [{ name: service }],
      bindings: { amqp: { ack: true, bindingVersion: '0.3.0' } },
    },
  ])
}

function message(event: EventType): [string, Json] {
  const { name, version: eventVersion, oldestReader, schema } = event
  const { properties: envelope, ...rest } = plain(EnvelopeSchema)
  const ids = {
    eventId: '01a20624-344d-7692-affe-d1a0c0a1b2c3',
    sagaId: '01a20624-344d-7692-affe-c9f15db7ed83',
    orderId: '01a20624-344d-7692-affe-c4ec4716ba38',
  }
  return [
    identifierOf(name),
    {
      name,
      title: name,
      summary: summaries[name as EventName],
      description: properties,
      contentType: 'application/json',
      correlationId: { location: '$message.payload#/sagaId' },
      headers: plain(headers),
      payload: { ...rest, properties: { ...(envelope as Json), payload: plain(schema) } },
      bindings: { amqp: { contentEncoding: 'utf-8', messageType: name, bindingVersion: '0.3.0' } },
      examples: [
        {
          headers: {
            'schema-version': eventVersion,
            ...(oldestReader !== eventVersion && { 'oldest-reader': oldestReader }),
          },
          payload: { ...ids, timestamp: '2026-11-23T02:02:45.709Z', payload: eventExamples[name as EventName] },
        },
      ],
    },
  ]
}

function plain(schema: unknown): Record<string, unknown> {
  return JSON.parse(JSON.stringify(schema)) as Record<string, unknown>
}

interface Operation {
  readonly action: string
  readonly tags: readonly { readonly name: string }[]
  readonly messages: readonly { readonly $ref: string }[]
}

/** The diagram of events between services, in Mermaid, from the operations of the document. */
export function eventDiagram(document: Json): string {
  const operations = Object.values(document['operations'] as Record<string, Operation>)
  const messages = (document['components'] as { messages: Record<string, { name: string }> }).messages
  const eventOf = ({ messages: [first] }: Operation): string =>
    messages[first?.$ref.split('/').at(-1) ?? '']?.name ?? ''
  const arrows = new Map<string, string[]>()
  for (const sent of operations.filter(({ action }) => action === 'send')) {
    for (const received of operations.filter((each) => each.action === 'receive' && eventOf(each) === eventOf(sent))) {
      const ends = `${sent.tags[0]?.name} ${received.tags[0]?.name}`
      arrows.set(ends, [...(arrows.get(ends) ?? []), eventOf(sent)])
    }
  }
  const lines = [...arrows].map(([ends, names]) => {
    const [from, to] = ends.split(' ')
    return `    ${from} -- "${names.join('<br/>')}" --> ${to}`
  })
  return ['```mermaid', 'flowchart LR', ...lines, '```'].join('\n')
}
