// needs: system
// slow: two processes of each service
import { services } from '@order-saga/contracts'
import { type MailServer, startMailServer } from '../support/mail/mail-server.ts'
import { type Provider, startProvider } from '../support/provider/provider.ts'
import type { Delivery } from '../support/captured-event.ts'
import { decliningLedger, flows } from '../support/flows.ts'
import { Network } from '../support/network.ts'
import { SeededRandom } from '../support/random.ts'
import { someSku } from '../support/shop.ts'
import { useSystem } from '../support/use-system.ts'

describe('Two processes of each service on a network that reorders and duplicates messages', function () {
  this.timeout(180_000)
  let provider: Provider
  let mailServer: MailServer
  const random = new SeededRandom()
  const system = useSystem(async () => {
    const ledger = decliningLedger()
    ;[provider, mailServer] = await Promise.all([startProvider({ ledger }), startMailServer()])
    return { provider, mailServer }
  })
  before(() => Promise.all(services.map((service) => system().addReplica(service))))
  after(() => Promise.all([provider.stop(), mailServer.stop()]))

  it(`bring every order to one final status (SEED=${random.seed})`, async () => {
    const scarce = someSku()
    await system().shop.putStock(scarce, 8)
    const network = await Network.take(system())
    const wanted = [...flows.map((flow) => flow.wanted()), { items: [{ sku: scarce, qty: 1 }] }]
    const placed = await Promise.all(
      Array.from({ length: 48 }, (_, number) => system().shop.post(wanted[number % wanted.length])),
    )
    const expiring = placed.filter(() => random.next() < 0.3)
    const made: Delivery[] = []
    const openSagas = `SELECT FROM saga_instances WHERE finished_at IS NULL OR compensation = 'refund_requested'`
    await system().until(
      'all deliveries to be made',
      async () => {
        const due = network.due()
        for (let count = Math.ceil(due.length / 2); count > 0; count -= 1) {
          const [delivery] = due.splice(random.below(due.length), 1) as [Delivery]
          made.push(delivery)
          await network.send(delivery.event, delivery.to)
          if (random.next() < 0.3) await repeat(random.of(made))
        }
        const [expired] = random.next() < 0.5 ? expiring.splice(0, 1) : []
        if (expired !== undefined) await passDeadline(expired.sagaId)
        return due.length === 0 && (await system().sql('order', openSagas)).length === 0
      },
      60_000,
    )
    await network.giveBack()
    await system().settle()

    async function repeat({ event, to }: Delivery): Promise<void> {
      await network.send(event, to)
    }
  })

  async function passDeadline(sagaId: string): Promise<void> {
    await system().sql('order', 'UPDATE saga_instances SET timeout_at = now() WHERE saga_id = $1', [sagaId])
  }
})
