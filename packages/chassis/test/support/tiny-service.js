import { createServer } from 'node:http'
import {
  commitWithEvents,
  commonSettings,
  databaseSettings,
  httpHost,
  loadConfig,
  milliseconds,
  on,
  oneOf,
  Service,
  start,
  statement,
} from '@order-saga/chassis'
import { PaymentRefunded, PaymentRefundRequested } from '@order-saga/contracts'
import { v7 as uuidv7 } from 'uuid'

/**
 * The smallest service on the chassis: it answers each refund request with a refund, as late as `REACTION_MS` says, and
 * with `LAST_WORD` one more while it drains. Its API takes twice as long. In JavaScript, on the built chassis: a process
 * that translated TypeScript first would take three times as long to start.
 */
const lastRefund = '00000000-0000-7000-8000-000000000001'

const addEffect = statement('tiny-effect', 'INSERT INTO effects (id) SELECT unnest($1::uuid[])')

await start(async () => {
  const config = loadConfig(
    {
      ...commonSettings,
      ...databaseSettings('tiny_db'),
      httpHost,
      reactionMs: milliseconds({ env: 'REACTION_MS', default: 0, min: 0, doc: 'How long a reaction lasts.' }),
      lastWord: oneOf({
        env: 'LAST_WORD',
        default: 'no',
        values: ['no', 'fails', 'refund'],
        doc: 'Said while draining.',
      }),
    },
    process.env,
  )
  const events = [PaymentRefundRequested, PaymentRefunded]
  const { paymentQueue: queue, orderQueue } = config
  const service = await Service.create({
    name: 'payment',
    config,
    queues: [
      { service: 'payment', queue, events: [PaymentRefundRequested] },
      { service: 'order', queue: orderQueue, events: [PaymentRefunded] },
    ],
  })
  const store = service.withStore({ config, schema: { messaging: 1 } })
  const refund = { amount: '1.00', currency: 'EUR' }
  /** @type {import('@order-saga/chassis').Reactions<string[]>} */
  const reactions = {
    consumer: queue,
    load: () => Promise.resolve([]),
    reactions: [
      on(PaymentRefundRequested, ({ orderId, sagaId, eventId }, effects, { append }) => {
        effects.push(orderId)
        append(PaymentRefunded, { refundId: orderId, ...refund }, { orderId, sagaId, eventId })
      }),
    ],
    save: (tx, effects) => tx.write(addEffect, [effects]),
  }
  const reactor = service.reactor(reactions, config.batchSize)
  /** @param {string} what */
  const late = async (what, ms = config.reactionMs) => {
    service.log.info(`${what} begins`)
    await new Promise((resolve) => setTimeout(resolve, ms))
    service.log.info(`${what} ends`)
  }
  service.consume({
    queue,
    prefetch: config.prefetch,
    events,
    react: async (message, signal) => {
      const { result } = await reactor.react(message, signal)
      if (config.reactionMs > 0) await late('reaction')
      return result
    },
  })
  const api = createServer((_request, response) => {
    void late('request', 2 * config.reactionMs).then(() => response.end('done'))
  })
  // As long as the services' own API has it.
  api.keepAliveTimeout = 65_000
  service.serve(api, { ...config, port: 0 })
  api.on('listening', () => service.log.info({ address: api.address() }, 'api listens'))
  service.onStop(() => service.log.info('stop requested'))
  service.onDrain(async () => {
    service.log.info('drain hook')
    if (config.lastWord === 'no') return
    await commitWithEvents({ ...store, now: service.now, newId: uuidv7 }, (_tx, { append }) => {
      append(PaymentRefunded, { refundId: 'last', ...refund }, { orderId: lastRefund, sagaId: lastRefund })
      return Promise.resolve()
    })
    if (config.lastWord === 'fails') throw new Error('one word too many')
  })
  await service.run()
})
