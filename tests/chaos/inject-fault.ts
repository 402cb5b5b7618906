import type { MailServer } from '../support/mail/mail-server.ts'
import type { Provider } from '../support/provider/provider.ts'
import { type Fault, isLink, isService, type LinkName } from './faults.ts'
import type { MessageInjector } from './message-injector.ts'
import type { ServiceSupervisor } from './service-supervisor.ts'
import type { ChaosEnvironment } from './chaos-environment.ts'

/** Removes a fault; `skipped` when the target was unavailable because of another fault. */
export type FaultRemoval = (() => Promise<void>) | 'skipped'

const nothingToRemove = async (): Promise<void> => undefined
const [watermark, diskLimit] = ['0.6', '50000000']

/** Injects one fault; resolves when it is in effect. */
export async function injectFault(
  fault: Fault,
  environment: ChaosEnvironment,
  supervisor: ServiceSupervisor,
  injector: MessageInjector,
): Promise<FaultRemoval> {
  const { target, chance } = fault
  if (isService(target)) return await supervisor.inject(target, fault)
  if (isLink(target)) return await injectLinkFault(environment, target, fault)
  switch (target) {
    case 'broker':
      return await injectBrokerFault(environment, fault)
    case 'database':
      return await injectServerFault(environment.system.databases.server, fault)
    case 'events':
      return (await injector.publishDuplicates(chance)) ? nothingToRemove : 'skipped'
    case 'messages':
      return (await injector.publishMalformed(chance)) ? nothingToRemove : 'skipped'
    case 'provider':
      return injectProviderErrors(environment.provider)
    default:
      return await injectMailErrors(environment.mailServer, chance)
  }
}

async function injectBrokerFault(environment: ChaosEnvironment, fault: Fault): Promise<FaultRemoval> {
  const { server } = environment.system.broker
  switch (fault.name) {
    case 'memory alarm':
      await server.ctl('set_vm_memory_high_watermark', '0.00001')
      return async () => void (await server.ctl('set_vm_memory_high_watermark', watermark))
    case 'disk alarm':
      await server.ctl('set_disk_free_limit', '1000000GB')
      return async () => void (await server.ctl('set_disk_free_limit', diskLimit))
    default:
      return await injectServerFault(server, fault)
  }
}

interface Server {
  kill(): Promise<void>
  pause(): Promise<void>
  resume(): Promise<void>
  restart(): Promise<void>
}

async function injectServerFault(server: Server, { name }: Fault): Promise<FaultRemoval> {
  switch (name) {
    case 'kill':
      await server.kill()
      return () => server.restart()
    case 'pause':
      await server.pause()
      return () => server.resume()
    default:
      await server.restart()
      return nothingToRemove
  }
}

async function injectLinkFault(
  environment: ChaosEnvironment,
  link: LinkName,
  { name, chance }: Fault,
): Promise<FaultRemoval> {
  const proxy = environment.links[link]
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
      return nothingToRemove
  }
}

/** Each error affects its share of the requests; lookups fail too. */
function injectProviderErrors(provider: Provider): FaultRemoval {
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
    ).map((behaviour, i) => provider.misbehave({ operation, share: 0.05 + 0.08 * (i + 1) }, behaviour)),
  )
  rules.push(provider.misbehave({ operation: 'findCharge', share: 0.3 }, { answer: { status: 503 } }))
  rules.push(provider.misbehave({ operation: 'findRefund', share: 0.3 }, { answer: { status: 503 } }))
  return async () => rules.forEach((rule) => rule.lift())
}

async function injectMailErrors(mailServer: MailServer, chance: number): Promise<FaultRemoval> {
  if (chance < 0.4) {
    await mailServer.down()
    return () => mailServer.up()
  }
  // A mail is accepted without a reply; the server is closing (421); it does not respond.
  mailServer.cutNext('data')
  mailServer.cutNext('data')
  mailServer.rejectNext(421, 'data')
  mailServer.rejectNext(421, 'connect')
  if (chance > 0.8) mailServer.stallNext('data')
  return nothingToRemove
}
