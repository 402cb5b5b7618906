// needs: system
import assert from 'node:assert/strict'
import { services } from '@order-saga/contracts'
import { type MailServer, startMailServer } from '../support/mail/mail-server.ts'
import { startProvider, type Provider } from '../support/provider/provider.ts'
import { failStatements } from '../support/failing-statements.ts'
import { flows } from '../support/flows.ts'
import { useSystem } from '../support/use-system.ts'

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736'
const traceparent = `00-${traceId}-00f067aa0ba902b7-01`

interface Line {
  readonly msg: string
  readonly service: string
  readonly time: string
  readonly eventId?: string
  readonly sagaId?: string
  readonly orderId?: string
  readonly traceId?: string
}

describe('The logs', function () {
  this.timeout(120_000)
  let mailServer: MailServer
  let provider: Provider
  const system = useSystem(async () => {
    mailServer = await startMailServer()
    provider = await startProvider()
    return { mailServer, provider, env: { LOG_LEVEL: 'debug' } }
  })
  after(async () => {
    await mailServer.stop()
    await provider.stop()
  })

  const lines = (): string[] => services.flatMap((service) => system().services[service].log)

  it('name event, saga, order and trace of a message that fails', async () => {
    system().services.inventory.pause()
    const { orderId, sagaId } = await system().shop.post({ customerEmail: 'private@example.com' }, { traceparent })
    const failing = { store: 'inventory', table: 'inventory_reservations', on: 'INSERT', orderId, times: 2 } as const
    const heal = await failStatements(system(), failing)
    system().services.inventory.resume()
    await system().untilFinal(sagaId)
    await heal()
    const [line] = lines()
      .map((text) => JSON.parse(text) as Line)
      .filter(({ msg }) => msg === 'attempt failed, will be retried')
    assert.deepEqual(
      { service: line?.service, sagaId: line?.sagaId, orderId: line?.orderId, traceId: line?.traceId },
      { service: 'inventory', sagaId, orderId, traceId },
    )
    assert.match(line?.eventId ?? '', /^[0-9a-f-]{36}$/)
  })

  it('are JSON, one object per line, and never contain a payload, address or secret', async () => {
    mailServer.rejectNext(450, 'rcpt')
    for (const flow of flows) {
      const { sagaId } = await system().shop.post(flow.wanted())
      await system().untilFinal(sagaId)
    }
    const channel = await system().broker.channel()
    const bad = Buffer.from('{"customerEmail":"private@example.com","payload":')
    channel.publish('', system().broker.queues.paymentQueue, bad, { type: 'order.created', persistent: true })
    await system().until('the log line of the dead letter', () =>
      lines().some((line) => line.includes('dead-lettered')),
    )
    await system().broker.takeDeadLetters('payment')
    const secrets = [system().databases.server.password, 'guest:guest', provider.apiKey, '@', '"items"', 'SIM-NONE']
    assert(lines().length >= services.length)
    for (const line of lines()) {
      const { msg, service, time } = JSON.parse(line) as Line
      assert(services.includes(service as never) && msg !== '' && !Number.isNaN(Date.parse(time)), line)
      for (const secret of secrets) assert(!line.includes(secret), `${secret} is in ${line}`)
    }
  })
})
