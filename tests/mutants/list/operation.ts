import type { MutantsByPromise } from '../mutant.ts'

export const operation: MutantsByPromise = {
  'A rolling restart fails no request, handles no event twice, and completes in time.': [
    {
      name: 'shutdown-without-limit',
      file: 'packages/chassis/src/process/ops-server.ts',
      original: '}, options.shutdownTimeoutMs)',
      replacement: '}, 100 * options.shutdownTimeoutMs)',
      test: 'exits with 1 and one log line when it exceeds the shutdown time limit',
    },
    {
      name: 'shutdown-without-publishing',
      file: 'packages/chassis/src/process/service.ts',
      original: 'await this.#store?.relay.drain()',
      replacement: '',
      test: 'drains on SIGTERM: running work is completed, acknowledged and published, then it exits with 0',
    },
  ],
  "Orders above the system's throughput are refused with 503 and `Retry-After`, and the backlog stays bounded.": [
    {
      name: 'accepted-orders-not-counted',
      file: 'services/order/src/admission.ts',
      original: 'this.#counted + this.#acceptedSince + this.#inProgress >= this.#maxOpenOrders',
      replacement: 'this.#counted + this.#inProgress >= this.#maxOpenOrders',
      test: 'admits orders below the limit, and counts those it has admitted',
    },
  ],
  'Slow, idle and oversized clients do not block others.': [
    {
      name: 'body-limit-of-100-mb',
      file: 'packages/chassis/src/http/json-body.ts',
      original: 'export function jsonBody(limitBytes: number): Middleware {',
      replacement: 'export function jsonBody(limitBytes: number): Middleware {\n  limitBytes = 100_000_000',
      test: 'refuses a chunked body of 1 GB early with a response that the client receives',
    },
    {
      name: 'headers-without-time-limit',
      file: 'packages/chassis/src/http/api.ts',
      original: 'connectionsCheckingInterval: 5_000',
      replacement: 'connectionsCheckingInterval: 5_000_000',
      test: 'by clients that send headers byte by byte does not block others, and they receive a response',
    },
  ],
  'A flood of connections to the operations port does not keep the liveness probe out.': [
    {
      name: 'ops-port-refuses-new-connections',
      file: 'packages/chassis/src/process/ops-server.ts',
      original: 'limitConnections(server, connectionLimit)',
      replacement: 'server.maxConnections = connectionLimit',
      test: 'answers the liveness probe while 400 connections send half a request, and keeps at most 100 of them',
    },
    {
      name: 'readiness-checked-per-request',
      file: 'packages/chassis/src/process/ops-server.ts',
      original: 'return () => (running ??= work().finally(() => (running = undefined)))',
      replacement: 'return () => (running = work())',
      test: 'checks readiness once for requests that overlap',
    },
  ],
  'While the database is unavailable, clients get an answer within about three seconds.': [
    {
      name: 'order-of-an-answered-request',
      file: 'services/order/src/accept-orders.ts',
      original: '.filter(({ signal }) => !signal.aborted)',
      replacement: '.filter(({ signal }) => signal)',
      test: 'answers in time when it does not respond, at once when the breaker is open, and creates no refused order',
    },
    {
      name: 'request-waits-for-the-database',
      file: 'packages/chassis/src/http/request-deadline.ts',
      original: 'return await Promise.race([work(signal), aborted(signal)])',
      replacement: 'return await Promise.race([work(signal), aborted(new AbortController().signal)])',
      test: 'answers in time when it does not respond, at once when the breaker is open, and creates no refused order',
    },
  ],
  'Orders are accepted while the broker is unavailable or blocks publishers.': [
    {
      name: 'claims-while-publishers-are-blocked',
      file: 'packages/chassis/src/persistence/relay.ts',
      original: 'if (!this.#options.publisher.isAvailable) return',
      replacement: 'if (!this.#options.publisher.isAvailable && this.#stopped) return',
      test: 'claims nothing while the broker blocks publishers, marks nothing unconfirmed, and publishes all afterwards',
    },
  ],
  'Outbox and inbox stay bounded.': [
    {
      name: 'unpublished-event-removed',
      file: 'packages/chassis/src/persistence/retention.ts',
      original: 'created_at < $1 AND published_at < $1',
      replacement: 'created_at < $1',
      test: 'removes published events after their retention, and no other',
    },
    {
      name: 'inbox-cleaned-by-one-step',
      file: 'packages/chassis/src/persistence/retention.ts',
      original: 'while (gone === step && !signal.aborted) gone',
      replacement: 'if (gone === step && !signal.aborted) gone',
      test: 'removes the ids of processed events after theirs, in steps, until none is left',
    },
  ],
  'A dead letter can be inspected and replayed without loss, misplacement or reordering.': [
    {
      name: 'inspected-messages-return-reversed',
      file: 'services/operations/src/inspect/dead-letters/scan-queue.ts',
      original: 'for (const window of windows) {',
      replacement: 'for (const window of windows.toReversed()) {',
      test: 'lists thousands of messages in queue order, repeatedly, and removes none',
    },
  ],
  'All of the above holds under many concurrent faults.': [
    {
      name: 'checker-misses-a-second-charge',
      file: 'tests/chaos/checks/duplicates.ts',
      original: 'if (own.length > 1) found.push(`order ${orderId} was charged',
      replacement: 'if (own.length > 2) found.push(`order ${orderId} was charged',
      test: 'finds a duplicated charge',
    },
  ],
  'A message that the broker does not return from a retry queue is found, and can be moved without loss.': [
    {
      name: 'stuck-retry-counts-as-waiting',
      file: 'services/operations/src/inspect/retries/retry-message.ts',
      original: "return ageMs > delayMs + marginMs ? 'stuck' : 'waiting'",
      replacement: "return 'waiting'",
      test: 'list separates waiting messages from stuck ones by their age, and removes none',
    },
    {
      name: 'unconfirmed-retry-removed',
      file: 'services/operations/src/inspect/move-recorded.ts',
      original: 'if (failure === undefined) moves[i]?.remove()',
      replacement: 'if ((moves[i]?.remove(), failure === undefined)) void failure',
      test: 'move keeps a message that the broker does not confirm, and records the failure',
    },
  ],
  'All of the above holds in every order of events.': [
    {
      name: 'tombstone-is-charged',
      file: 'services/payment/src/domain/payment.ts',
      original: "return payment.orderSeen ? late : decided({ ...payment, orderSeen: true }, ['payment.failed'])",
      replacement: "return decided({ ...payment, status: 'charging', orderSeen: true }, [], ['charge'])",
      test: 'satisfies every invariant in every interleaving, and can always complete',
    },
  ],
  'A wrong clock of a process changes no deadline, lease or retention.': [
    {
      name: 'clock-of-the-process',
      file: 'packages/chassis/src/core/clock.ts',
      original: 'return this.#known === undefined ? new Date() : new Date(performance.now() + this.#known.offsetMs)',
      replacement: 'return new Date()',
      test: 'an hour ahead leases its events for seconds',
    },
  ],
  'Settings of roles, databases and poolers change no result.': [
    {
      name: 'weak-commit-accepted',
      file: 'packages/chassis/src/persistence/session.ts',
      original: "synchronous_commit: ['on', 'remote_apply'],",
      replacement: "synchronous_commit: ['on', 'remote_apply', 'off', 'local'],",
      test: 'keeps a stronger commit, and makes a weaker one on',
    },
  ],
}
