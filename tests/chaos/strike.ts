import type { MailServer } from '../support/mail/mail-server.ts'
import type { Provider } from '../support/provider/provider.ts'
import { type Fault, isLink, isService, type LinkName } from './faults.ts'
import type { Injector } from './injector.ts'
import type { ServiceGuard } from './service-guard.ts'
import type { Stage } from './stage.ts'

/** What ends a fault; `missed` when there was nothing to strike, because of another fault. */
export type Heal = (() => Promise<void>) | 'missed'

const nothing = async (): Promise<void> => undefined
const [watermark, diskLimit] = ['0.6', '50000000']

/** Makes one fault. Resolves when it has struck. */
export async function strike(fault: Fault, stage: Stage, guard: ServiceGuard, injector: Injector): Promise<Heal> {
  const { target, chance } = fault
  if (isService(target)) return await guard.strike(target, fault)
  if (isLink(target)) return await strikeLink(stage, target, fault)
  switch (target) {
    case 'broker':
      return await strikeBroker(stage, fault)
    case 'database':
      return await strikeServer(stage.system.databases.server, fault)
    case 'events':
      return (await injector.duplicates(chance)) ? nothing : 'missed'
    case 'messages':
      return (await injector.nonsense(chance)) ? nothing : 'missed'
    case 'provider':
      return troubleProvider(stage.provider)
    default:
      return await troubleMail(stage.mailServer, chance)
  }
}

async function strikeBroker(stage: Stage, fault: Fault): Promise<Heal> {
  const { server } = stage.system.broker
  switch (fault.name) {
    case 'memory alarm':
      await server.ctl('set_vm_memory_high_watermark', '0.00001')
      return async () => void (await server.ctl('set_vm_memory_high_watermark', watermark))
    case 'disk alarm':
      await server.ctl('set_disk_free_limit', '1000000GB')
      return async () => void (await server.ctl('set_disk_free_limit', diskLimit))
    default:
      return await strikeServer(server, fault)
  }
}

interface Server {
  kill(): Promise<void>
  pause(): Promise<void>
  resume(): Promise<void>
  restart(): Promise<void>
}

async function strikeServer(server: Server, { name }: Fault): Promise<Heal> {
  switch (name) {
    case 'kill':
      await server.kill()
      return () => server.restart()
    case 'pause':
      await server.pause()
      return () => server.resume()
    default:
      await server.restart()
      return nothing
  }
}

async function strikeLink(stage: Stage, link: LinkName, { name, chance }: Fault): Promise<Heal> {
  const proxy = stage.links[link]
  const pass = async (): Promise<void> => proxy.pass()
  switch (name) {
    case 'silence':
      proxy.silence()
      return pass
    case 'slow':
      proxy.delay(Math.round(20 + 280 * chance))
      return pass
    case 'refuse':
      await proxy.refuse()
      return () => proxy.accept()
    default:
      proxy.reset()
      return nothing
  }
}

/** Each kind of trouble strikes its share of the requests; look-ups fail too. */
function troubleProvider(provider: Provider): Heal {
  const rules = (['charge', 'refund'] as const).flatMap((operation) =>
    (
      [
        { answer: 'cut' },
        { answer: 'garbage' },
        { answer: { status: 500 } },
        { answer: { status: 500 }, takesEffect: false },
        { answer: { status: 429 }, takesEffect: false },
        { delayMs: 2_500 },
        { deliveries: 2 },
      ] as const
    ).map((trouble, i) => provider.misbehave({ operation, share: 0.05 + 0.08 * (i + 1) }, trouble)),
  )
  rules.push(provider.misbehave({ operation: 'findCharge', share: 0.3 }, { answer: { status: 503 } }))
  rules.push(provider.misbehave({ operation: 'findRefund', share: 0.3 }, { answer: { status: 503 } }))
  return async () => rules.forEach((rule) => rule.lift())
}

async function troubleMail(mailServer: MailServer, chance: number): Promise<Heal> {
  if (chance < 0.4) {
    await mailServer.down()
    return () => mailServer.up()
  }
  // The mail is there, and the sender cannot know; the server is closing down; it says nothing any more.
  mailServer.cutNext('data')
  mailServer.cutNext('data')
  mailServer.rejectNext(421, 'data')
  mailServer.rejectNext(421, 'connect')
  if (chance > 0.8) mailServer.stallNext('data')
  return nothing
}
