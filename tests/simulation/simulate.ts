import { createHash } from 'node:crypto'
import type { ServiceName } from '@order-saga/contracts'
import { stores } from '../support/databases.ts'
import { SeededRandom } from '../support/random.ts'
import { Chance, type Faults } from './chance.ts'
import { Customers, plenty, scarce } from './customers.ts'
import { brokerDefects, type Defect, statementRewriter } from './defects.ts'
import { Pod, startPod, type PodWorld } from './pods.ts'
import type { Server } from './server.ts'
import { type Happening, SimulatedBroker } from './simulated-broker.ts'
import { SimulatedDatabase } from './simulated-database.ts'
import { SimulatedProvider } from './simulated-provider.ts'
import { evaluate } from './verdict.ts'
import { backToReality, type Owner, quiet, VirtualTime } from './virtual-time.ts'

export interface Run {
  readonly seed: number
  readonly orders: number
  readonly faults: Faults
  readonly defect?: Defect | undefined
}

export interface Ended {
  /** The violated invariants; empty if there are none. */
  readonly broken: readonly string[]
  /** The faults, in their order. */
  readonly faults: readonly string[]
  /** The number of sagas per final status. */
  readonly ends: ReadonlyMap<string, number>
  /** Hash of the interleaving: which step was taken, among how many, and when. Equal for two runs that took the same steps. */
  readonly fingerprint: string
}

const startAt = new Date('2026-01-01T00:00:00Z')
/** No faults are injected after this time. */
const healAfterMs = 25_000
/** Covers the exponential backoff of refund requests. */
const restWithinMs = 600_000
const looksEveryMs = 5_000
const roles: readonly ServiceName[] = ['order', 'payment', 'inventory', 'notification']

/** Executes one run: places orders, injects the faults of the seed, ends all faults, and waits until the system is at rest. */
export async function simulate(server: Server, { seed, orders, faults, defect }: Run): Promise<Ended> {
  const time = new VirtualTime(startAt)
  const chance = new Chance(seed, faults)
  await server.clear([plenty, scarce])
  time.install()
  // A separate stream: the draws of the services do not affect other decisions.
  const services = new SeededRandom(seed)
  Math.random = () => services.next()
  const provider = new SimulatedProvider(chance, time, defect === 'no-charge-key')
  const broker = new SimulatedBroker(chance, time, brokerDefects(defect))
  const databases = server.databases(
    (url, admin, idle) => new SimulatedDatabase(url, admin, idle, chance, statementRewriter(defect)),
  )
  let ids = 0
  const world: PodWorld = {
    time,
    broker,
    databases,
    provider,
    newId: () => uuidOf(time.now, (ids += 1)),
    onMail: () => undefined,
  }
  const pods = new Set<Pod>()
  const isFrozen = (owner: Owner): boolean => owner instanceof Pod && owner.frozenUntil > time.now
  const start = (role: ServiceName, number: number): void => {
    const pod = new Pod(role, number)
    pods.add(pod)
    startPod(pod, world)
  }
  const kill = async (pod: Pod): Promise<void> => {
    pod.isDead = true
    pods.delete(pod)
    broker.drop(pod)
    for (const store of stores) await databases[store].drop(pod)
  }
  const since = (): number => time.now.getTime() - startAt.getTime()

  const customers = new Customers(orders, chance, time, () => [...pods])
  for (const role of roles) for (let i = 0; i <= chance.below(2); i += 1) start(role, i + 1)
  customers.start()
  const interleaving = createHash('sha256')
  let nextLook = healAfterMs
  let atRest = false
  while (!atRest && since() < healAfterMs + restWithinMs) {
    await consequences(Object.values(databases))
    if (time.runImmediates()) continue
    if (since() > healAfterMs) chance.heal()
    const [pod] = pods.size === 0 ? [] : [chance.of([...pods])]
    if (pod !== undefined && chance.fault('crash', 0.0015, () => pod.name)) {
      await kill(pod)
      const [role, number] = pod.name.split(' ')
      time.after(chance.below(8_000), () => start(role as ServiceName, Number(number)))
      continue
    }
    if (pod !== undefined && chance.fault('delay', 0.0008, () => pod.name)) {
      pod.frozenUntil = new Date(time.now.getTime() + chance.below(20_000))
    }
    const happenings: Happening[] = [...broker.happenings(isFrozen), ...provider.happenings()]
    for (const store of stores) happenings.push(...databases[store].happenings(isFrozen))
    if (happenings.length === 0) {
      time.advance()
      if (since() < nextLook || !customers.allAnswered) continue
      nextLook = since() + looksEveryMs
      atRest = [...broker.depths.keys()].every((queue) => queue.endsWith('.dlq')) && (await server.isAtRest())
      continue
    }
    const index = chance.below(happenings.length)
    interleaving.update(`${since()} ${index}/${happenings.length}\n`)
    await happenings[index]?.()
  }
  await consequences(Object.values(databases))
  const verdict = await evaluate({ server, broker, provider, customers, now: time.now, atRest })
  for (const pod of pods) await kill(pod)
  backToReality()
  return { ...verdict, faults: chance.record, fingerprint: interleaving.digest('hex') }
}

/** Runs all consequences that need no further step and no time. */
async function consequences(databases: readonly SimulatedDatabase[]): Promise<void> {
  await quiet()
  for (const database of databases) if (await database.settled()) return await consequences(databases)
}

/** A UUIDv7 of that moment; the number makes it unique, and rise. */
function uuidOf(at: Date, number: number): string {
  const time = at.getTime().toString(16).padStart(12, '0')
  const tail = number.toString(16).padStart(12, '0')
  return `${time.slice(0, 8)}-${time.slice(8)}-7000-8000-${tail}`
}
