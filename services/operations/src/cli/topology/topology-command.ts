import { brokerUrl, ConfigurationError, messageOf } from '@order-saga/chassis'
import { type Topology, topologyOf } from '@order-saga/contracts'
import { type Actor, actFailed, actsDone, assertRecordable, beginActs } from '../../inspect/operator-acts.ts'
import { type BrokerDefinitions, checkTopology, type TopologyPart } from '../../inspect/topology/check-topology.ts'
import { ManagementRefused } from '../../inspect/topology/management.ts'
import { isRepairable, repairTopology } from '../../inspect/topology/repair-topology.ts'
import { counted } from '../../audit/format-report.ts'
import { topologyPlan } from '../../topology-plan.ts'
import type { CommandContext } from '../command-context.ts'
import { OperatorBroker } from '../operator-broker.ts'
import type { Result } from '../result.ts'
import { tableOf } from '../text.ts'

/** Compares the broker with the generated topology. */
export async function showTopology(context: CommandContext): Promise<Result> {
  const checked = await check(context)
  const user = userOf(repairUrl(context))
  const isMissing = checked.parts.some(({ state }) => state === 'missing')
  return resultOf(checked, !isMissing ? undefined : `Repair: saga topology repair. ${repairsAs(user)}`)
}

/** Restores what is missing, with the broker user of RABBITMQ_ADMIN_URL; recorded as one act. */
export async function restoreTopology(context: CommandContext, actor: Actor): Promise<Result> {
  const orders = context.databases.order
  await orders.change(assertRecordable)
  const topology = planned(context)
  const before = await check(context)
  const wanted = before.parts.filter(isRepairable)
  if (wanted.length === 0) return resultOf(before, 'Nothing to repair.')
  const detail = { parts: wanted }
  const url = repairUrl(context)
  const broker = await OperatorBroker.connect(url)
  const act = { act: 'repair_topology', subject: context.config.exchange, place: 'broker', detail } as const
  try {
    const [actId = ''] = await orders.change((database) => beginActs(database, actor, [act]))
    try {
      await repairTopology(broker.model, topology, before.parts, userOf(url))
    } catch (error) {
      await orders.change((database) => actFailed(database, actId, messageOf(error), context.now()))
      throw error
    }
    await orders.change((database) => actsDone(database, [actId], context.now()))
  } finally {
    await broker.close()
  }
  const after = await check(context)
  const unknown = wanted.filter(({ state }) => state === 'unknown').length
  const restored = wanted.length - unknown
  const bound = unknown === 0 ? '' : `; ${counted(unknown, 'unknown part')} declared, missing or not`
  return resultOf(after, `Restored: ${counted(restored, 'part')}${bound}. Release parked events: saga outbox release.`)
}

const planned = ({ config }: CommandContext): Topology => topologyOf(topologyPlan(config))

interface Checked {
  readonly parts: readonly TopologyPart[]
  /** Why parts are unknown. */
  readonly why: string
}

async function check(context: CommandContext): Promise<Checked> {
  const { management } = context
  let why = 'AMQP does not show bindings; set RABBITMQ_MANAGEMENT_URL'
  let defined: BrokerDefinitions | undefined
  try {
    defined = await management?.definitions()
    if (defined !== undefined) why = 'the user of RABBITMQ_URL may not see them'
  } catch (error) {
    if (!(error instanceof ManagementRefused)) throw error
    why = error.message
  }
  return { parts: await checkTopology(await context.broker(), planned(context), defined), why }
}

/** @throws ConfigurationError */
function repairUrl({ config }: CommandContext): string {
  const { rabbitmqAdminUrl: url } = config
  if (url === '') return brokerUrl(config)
  if (/^amqps?:$/.test(URL.canParse(url) ? new URL(url).protocol : '')) return url
  throw new ConfigurationError('RABBITMQ_ADMIN_URL must be an amqp or amqps URL.')
}

/** The user guest is the default of the client. */
const userOf = (url: string): string => decodeURIComponent(new URL(url).username) || 'guest'

const repairsAs = (user: string): string =>
  `It connects as ${user}; if that user may not declare, set RABBITMQ_ADMIN_URL to the URL of one that may.`

function resultOf({ parts, why }: Checked, last: string | undefined): Result {
  const missing = parts.filter(({ state }) => state === 'missing')
  const different = parts.filter(({ state }) => state === 'different')
  const unknown = parts.filter(({ state }) => state === 'unknown')
  const present = parts.length - missing.length - different.length - unknown.length
  // Bindings are unknown all together.
  const named = parts.filter(({ kind, state }) => state !== 'present' && (state !== 'unknown' || kind !== 'binding'))
  const rows = named.map(({ kind, name, state }) => [kind, state, name])
  return {
    items: parts,
    summary: {
      present,
      missing: missing.length,
      different: different.length,
      unknown: unknown.length,
    },
    text: [
      ...tableOf(['PART', 'STATE', 'NAME'], rows),
      `${present} of ${parts.length} parts are present, ${missing.length} are missing`,
      ...(different.length === 0
        ? []
        : [
            `${counted(different.length, 'part')} with another type or other arguments, which a repair does not change: empty and delete it, then repair.`,
          ]),
      ...(unknown.length === 0
        ? []
        : [
            `${counted(unknown.length, 'part')} not checked: ${why}. A repair declares them all, which changes nothing where they are present.`,
          ]),
      ...(last === undefined ? [] : [last]),
    ].join('\n'),
    wrong: missing.length > 0 || different.length > 0,
  }
}
