import type { MutantsByPromise } from '../mutant.ts'

const consumer = 'packages/chassis/src/messaging/consumer.ts'
const permissions = 'packages/contracts/src/topology/permissions.ts'
const provenance = 'packages/chassis/src/messaging/provenance.ts'
const noForgery = 'cannot forge an event: it is refused, reported and never replayed, and no saga changes'
const reactor = 'packages/chassis/src/persistence/reactor.ts'

export const events: MutantsByPromise = {
  'A committed event is published, even if a process crashes in between.': [
    {
      name: 'failed-publish-counts-as-published',
      file: 'packages/chassis/src/persistence/relay.ts',
      original: "outcome = error instanceof DependencyUnavailable ? 'failed' : 'unpublishable'",
      replacement: "outcome = error instanceof DependencyUnavailable ? 'routed' : 'unpublishable'",
      test: 'keeps the rows while the broker is unavailable, and publishes them all afterwards',
    },
  ],
  'An event that was not committed is never published.': [
    {
      name: 'event-offered-before-commit',
      file: 'packages/chassis/src/persistence/unit-of-work.ts',
      original: 'outgoing.push(newEvent(type, payload, cause, { eventId, now: instant }))',
      replacement: `outgoing.push(newEvent(type, payload, cause, { eventId, now: instant }))
      if (leased) relay.offer(outgoing.slice(-1))`,
      test: 'rolls back effect, claim and event of a failing message, and commits the others of its batch',
    },
  ],
  'An event has its effect once at each consumer, for any number of deliveries.': [
    {
      name: 'event-not-claimed',
      file: reactor,
      original: 'claims.push(message.eventId)',
      replacement: 'void claims',
      test: 'applies an event once when two processes receive it concurrently',
    },
    {
      name: 'inbox-not-read',
      file: 'packages/chassis/src/persistence/inbox.ts',
      original: 'return new Set(rows.map((row) => row.event_id))',
      replacement: 'return new Set(rows.slice(rows.length).map((row) => row.event_id))',
      test: 'between the publication and its record publishes again, and the second copy has no effect',
    },
    {
      name: 'outdated-row-written',
      file: 'packages/chassis/src/persistence/sql-errors.ts',
      original: 'SELECT 1 / (count(*) = ${expected})::integer FROM changed',
      replacement: 'SELECT count(*), ${expected} FROM changed',
      test: 'reads them when another process has changed one, and loses no effect',
    },
    {
      name: 'reservation-shipped-twice',
      file: 'services/inventory/src/store/locked-inventory.ts',
      original: `AND r.version = u.version AND date_trunc('milliseconds', r.updated_at) = u."updatedAt"`,
      replacement: '',
      test: 'ships a reservation once, whichever process has shipped it',
    },
    {
      name: 'undone-row-written',
      file: 'services/order/src/store/sagas.ts',
      original: ` AND date_trunc('milliseconds', s.updated_at) = u.updated_at`,
      replacement: '',
      test: 'completes one whose last write a failover has undone, although its version was reached again',
    },
  ],
  'An event that arrives under another id, or after its id was removed from the inbox, has no effect.': [
    {
      name: 'second-reservation',
      file: 'services/inventory/src/domain/reservation.ts',
      original: "if (status !== 'none') return late",
      replacement: "if (status === 'rejected') return late",
      test: 'and under another id finds a confirmed order guarded by its state',
    },
  ],
  'Events may overtake each other.': [
    {
      name: 'reservation-kept-after-deadline',
      file: 'services/inventory/src/domain/reservation.ts',
      original: "if (status !== 'reserved') return late",
      replacement: 'if (status) return late',
      test: 'releases a reservation that arrives after it',
    },
  ],
  'A version that a consumer cannot read yet waits for its upgrade, without an attempt being counted.': [
    {
      name: 'newer-version-dead-lettered',
      file: 'packages/chassis/src/messaging/message.ts',
      original: 'throw new UnreadableVersion(',
      replacement: 'throw new PoisonMessage(',
      test: 'keeps a version that it cannot read in the retry queues, the longest at last, until a newer consumer reads it',
    },
    {
      name: 'closed-reasons',
      file: 'packages/contracts/src/order-lines.ts',
      original: '    examples: known,',
      replacement: '    examples: known, enum: known,',
      test: 'accepts a reason that it does not know, and fields that it does not know, and passes them on',
    },
  ],
  'A message leaves its queue only when its effect, its retry or its dead letter is durable.': [
    {
      name: 'ack-before-confirm',
      file: consumer,
      original: 'const moved = await this.#retryWhileUnavailable(session, async () => {',
      replacement: 'const moved = true\n      void this.#retryWhileUnavailable(session, async () => {',
      test: 'does not acknowledge before the retry is confirmed, nor run the reaction again meanwhile',
    },
  ],
  'A bad message affects no other message, and is kept.': [
    {
      name: 'batch-fails-as-a-whole',
      file: 'packages/chassis/src/persistence/group-commit.ts',
      original: 'if (unavailable === undefined && group.length > 1) return await this.#commitOneByOne(group)',
      replacement: 'if (group.length > 100_000) return await this.#commitOneByOne(group)',
      test: 'rolls back effect, claim and event of a failing message, and commits the others of its batch',
    },
    {
      name: 'dead-letter-discarded',
      file: consumer,
      original: 'if (delayMs === undefined) {',
      replacement: 'if (delayMs === undefined) return\n    if (delayMs === undefined) {',
      test: 'leaves good messages between bad ones unharmed',
    },
  ],
  'A service publishes only its own events, and a forged event has no effect.': [
    {
      name: 'topic-permission-for-every-event',
      file: 'packages/contracts/src/catalogue.ts',
      original: 'catalogue.filter((event: EventType) => event.publishedBy === service)',
      replacement: 'catalogue.filter((event: EventType) => event.publishedBy.length + service.length > 0)',
      test: 'publish only their own events and to their own queues',
    },
    {
      name: 'default-exchange-permitted',
      file: permissions,
      original: 'oneOf([...exchanges, ...queues].map(({ name }) => name))',
      replacement: "oneOf(['amq.default', ...[...exchanges, ...queues].map(({ name }) => name)])",
      test: 'publish only their own events and to their own queues',
    },
    {
      name: 'every-queue-readable',
      file: permissions,
      original: 'read: oneOf(workQueuesOf(own)) }',
      replacement: "read: workQueuesOf(own).length > 0 ? everything : '' }",
      test: 'read only their own queues, and change no topology',
    },
    {
      name: 'type-not-compared-with-routing-key',
      file: provenance,
      original: 'if (name !== firstRoutingKey) {',
      replacement: "if (firstRoutingKey === '') {",
      test: noForgery,
    },
    {
      name: 'sent-first-routing-key-believed',
      file: provenance,
      original: 'if (!isOwnPath(exchange, queue)) return',
      replacement: "if (!isOwnPath(exchange, queue) && textOf(headers['first-routing-key']) === undefined) return",
      test: noForgery,
    },
    {
      name: 'forgery-replayed',
      file: 'services/operations/src/inspect/dead-letters/dead-letter.ts',
      original: 'return forgery && `${forgery.reason}: a forged message is never replayed`',
      replacement: 'return forgery && undefined',
      test: noForgery,
    },
  ],
  'Failures of database, broker, provider or mail server use no attempt of a message.': [
    {
      name: 'unavailable-dependency-uses-attempt',
      file: consumer,
      original: 'if (!(error instanceof DependencyUnavailable)) throw error',
      replacement: 'if (error instanceof Error) throw error',
      test: 'retains a message while a dependency is unavailable, without counting an attempt or a requeue',
    },
  ],
  'With synchronous replication, nothing is reported that a failover can lose.': [
    {
      name: 'commit-warning-ignored',
      file: 'packages/chassis/src/persistence/statement-batch.ts',
      original: 'if (isCommitting && code !== successfulCompletion)',
      replacement: 'if (isCommitting && code === successfulCompletion)',
      test: 'an order whose commit is reported with a warning is answered with 503, and its event is not published',
    },
    {
      name: 'commit-warning-hidden',
      file: 'packages/chassis/src/persistence/session.ts',
      original: "client_min_messages: 'notice'",
      replacement: "client_min_messages: 'error'",
      test: 'an order whose commit is reported with a warning is answered with 503, and its event is not published',
    },
    {
      name: 'known-key-without-replication',
      file: 'services/order/src/store/insert-orders.ts',
      original: 'if (owners.length > 0 && conflicts.length === drafts.length) awaitReplication(tx)',
      replacement: 'if (owners.length < 0) awaitReplication(tx)',
      test: 'a repetition with its Idempotency-Key is answered with 202 only once the order is replicated',
    },
    {
      name: 'duplicate-without-replication',
      file: 'packages/chassis/src/persistence/reactor.ts',
      original: 'if (claims.length === 0 && known === undefined) awaitReplication(tx)',
      replacement: 'if (claims.length < 0) awaitReplication(tx)',
      test: 'a message is acknowledged only once its effect is replicated, also when it is a repetition',
    },
    {
      name: 'unreplicated-event-published',
      file: 'packages/chassis/src/persistence/relay.ts',
      original: 'make_interval(secs => $2)',
      replacement: "make_interval(secs => $2) FROM (SELECT set_config('synchronous_commit', 'off', true)) AS unhurried",
      test: 'the relay publishes no event whose commit is not replicated',
    },
    {
      name: 'any-warning-counts',
      file: 'packages/chassis/src/persistence/statement-batch.ts',
      original: "const isCommitting = this.#current === undefined || this.#current.text === 'COMMIT'",
      replacement: 'const isCommitting = this.#answers.length >= 0',
      test: 'before the commit, and a notice or information with it, are no reason to doubt it',
    },
  ],
}
