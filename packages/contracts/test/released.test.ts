import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { eventExamples } from '@order-saga/tests/support/event-examples'
import { Type } from 'typebox'
import { catalogue, type EventName } from '../src/catalogue.ts'
import type { EventType } from '../src/event-type.ts'
import { checkerOf } from '../src/validation.ts'
import { changesOf, type Schema } from './evolution.ts'

/** A version of an event as a release has published it. */
interface ReleasedVersion {
  readonly version: number
  readonly oldestReader: number
  readonly schema: Schema
  readonly example: unknown
}

/** All versions that a message in a queue may have. */
const file = new URL('../released/events.json', import.meta.url)
const plain = (value: unknown): Schema => JSON.parse(JSON.stringify(value)) as Schema
const events: readonly EventType[] = catalogue

const now = (event: EventType): ReleasedVersion => ({
  version: event.version,
  oldestReader: event.oldestReader,
  schema: plain(event.schema),
  example: eventExamples[event.name as EventName],
})

/** At a release: the current version takes the place of its released form, or follows the older ones. */
if (process.env['UPDATE_RELEASED'] === '1') {
  const before = JSON.parse(readFileSync(file, 'utf8')) as Record<string, ReleasedVersion[]>
  const after = events.map((event) => [
    event.name,
    [...(before[event.name] ?? []).filter(({ version }) => version !== event.version), now(event)],
  ])
  writeFileSync(file, `${JSON.stringify(Object.fromEntries(after), undefined, 2)}\n`)
}
const released = JSON.parse(readFileSync(file, 'utf8')) as Record<string, ReleasedVersion[]>

describe('An event, compared with the last release,', () => {
  it('still exists', () => {
    const missing = Object.keys(released).filter((name) => !events.some((event) => event.name === name))
    assert.deepEqual(missing, [])
  })

  for (const event of events) {
    const versions = released[event.name] ?? []
    const last = versions.at(-1)

    it(`${event.name} has a new version, or new optional fields at most`, () => {
      if (last === undefined) return
      const changes = changesOf(last.schema, plain(event.schema))
      if (event.version === last.version) {
        assert.deepEqual(changes, [], `raise the version of ${event.name} and name its oldest reader: docs/events.md`)
        assert.equal(event.oldestReader, last.oldestReader)
      } else {
        assert.equal(event.version, last.version + 1, 'versions are consecutive')
        assert.ok(event.oldestReader >= 1 && event.oldestReader <= event.version)
      }
    })

    it(`${event.name} is read by the releases that it names, and reads what they publish`, () => {
      const example = eventExamples[event.name as EventName]
      assert.ok(event.check(example).ok, 'by this release')
      for (const { version, schema, example: old } of versions) {
        assert.deepEqual(event.check(old), { ok: true, value: old }, `reads version ${version}`)
        if (version < event.oldestReader) continue
        const read = checkerOf(Type.Unsafe(schema))(example)
        assert.ok(read.ok, `a reader of version ${version} reads it`)
      }
    })
  }
})

describe('The rule for events', () => {
  const item = Type.Object({ sku: Type.String({ maxLength: 64 }) })
  const base = Type.Object({ reason: Type.String({ description: 'a word' }), items: Type.Array(item) })
  const { reason, items } = base.properties
  const allowed: [string, object][] = [
    ['no change', base],
    ['a new optional field', Type.Object({ reason, items, note: Type.Optional(Type.String()) })],
    [
      'a new optional field of an item',
      Type.Object({
        reason,
        items: Type.Array(Type.Object({ ...item.properties, gift: Type.Optional(Type.Boolean()) })),
      }),
    ],
    ['another description', Type.Object({ reason: Type.String({ description: 'a text', examples: ['x'] }), items })],
    ['another order of fields', Type.Object({ items, reason })],
  ]
  for (const [name, schema] of allowed) {
    it(`allows ${name}`, () => assert.deepEqual(changesOf(plain(base), plain(schema)), []))
  }

  const refused: [string, object, string][] = [
    ['a new required field', Type.Object({ reason, items, note: Type.String() }), 'payload requires other fields'],
    [
      'a field that becomes optional',
      Type.Object({ reason: Type.Optional(reason), items }),
      'payload requires other fields',
    ],
    ['another type', Type.Object({ reason: Type.Integer(), items }), 'payload.reason (type) has changed'],
    [
      'a new limit',
      Type.Object({ reason: Type.String({ maxLength: 9 }), items }),
      'payload.reason (maxLength) has changed',
    ],
    ['a closed list of values', Type.Object({ reason: Type.Enum(['x']), items }), 'payload.reason (type) has changed'],
    [
      'another limit of an item',
      Type.Object({ reason, items: Type.Array(Type.Object({ sku: Type.String({ maxLength: 65 }) })) }),
      'payload.items.N.sku (maxLength) has changed',
    ],
    [
      'closed to unknown fields',
      Type.Object({ reason, items }, { additionalProperties: false }),
      'payload (additionalProperties) has changed',
    ],
  ]
  for (const [name, schema, change] of refused) {
    it(`refuses ${name} without a new version`, () => {
      assert.ok(
        changesOf(plain(base), plain(schema)).includes(change),
        JSON.stringify(changesOf(plain(base), plain(schema))),
      )
    })
  }

  it('refuses the removal of a field without a new version', () => {
    assert.ok(changesOf(plain(base), plain(Type.Object({ items }))).includes('payload.reason is removed'))
  })
})

describe('A reader', () => {
  it('accepts a reason that it does not know, and fields that it does not know, and passes them on', () => {
    for (const event of events) {
      const example = eventExamples[event.name as EventName]
      const newer = {
        ...example,
        ...('reason' in example && { reason: 'a_new_reason' }),
        ...('items' in example && { items: [{ sku: 'BOOK', qty: 2, gift: true }] }),
        added: { later: [1] },
      }
      assert.deepEqual(event.check(newer), { ok: true, value: newer }, event.name)
    }
  })

  it('does not need the e-mail address in payment.completed', () => {
    const { customerEmail: _, ...rest } = eventExamples['payment.completed']
    const event = events.find(({ name }) => name === 'payment.completed')
    assert.ok(event?.check(rest).ok)
  })

  it('refuses an empty reason, and one that is not printable or too long', () => {
    const event = events.find(({ name }) => name === 'payment.failed')
    for (const reason of ['', 'a\u0000', 'x'.repeat(65), 7, null]) {
      assert.equal(event?.check({ reason, detail: '' }).ok, false, String(reason))
    }
  })
})
