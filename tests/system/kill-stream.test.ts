// needs: system
// slow: ten services are killed under load
import { type ServiceName, services } from '@order-saga/contracts'
import { type MailServer, startMailServer } from '../support/mail/mail-server.ts'
import { type Provider, startProvider } from '../support/provider/provider.ts'
import { decliningLedger } from '../support/flows.ts'
import { OrderStream } from '../support/order-stream.ts'
import { SeededRandom } from '../support/random.ts'
import { someSku } from '../support/shop.ts'
import { useSystem } from '../support/use-system.ts'

describe('Under a stream of orders', function () {
  this.timeout(180_000)
  let provider: Provider
  let mailServer: MailServer
  let stream: OrderStream | undefined
  const sku = someSku()
  const random = new SeededRandom()
  const system = useSystem(async () => {
    const ledger = decliningLedger()
    ;[provider, mailServer] = await Promise.all([startProvider({ ledger }), startMailServer()])
    return { provider, mailServer }
  })
  before(() => system().shop.putStock(sku, 100_000))
  afterEach(() => stream?.abandon())
  after(() => Promise.all([provider.stop(), mailServer.stop()]))

  it(`any service is killed at any moment, and every order reaches one final status (SEED=${random.seed})`, async () => {
    stream = new OrderStream({ shop: system().shop, perSecond: 15, sku, repeat: 'until accepted' })
    const starts = new Map<ServiceName, Promise<void>>()
    const victims: ServiceName[] = [...services, ...services, random.of(services), random.of(services)]
    while (victims.length > 0) {
      const [victim] = victims.splice(random.below(victims.length), 1) as [ServiceName]
      const target = stream.accepted.length + 1 + random.below(8)
      await system().until('more orders', () => (stream?.accepted.length ?? 0) >= target)
      await starts.get(victim)
      await system().services[victim].kill()
      starts.set(victim, system().start(victim))
    }
    await Promise.all(starts.values())
    await stream.stop()
    await system().settle()
  })
})
