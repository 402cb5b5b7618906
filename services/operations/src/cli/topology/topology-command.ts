import { brokerUrl } from '@order-saga/chassis'
import { type Binding, serviceQueues, type Topology, topologyOf } from '@order-saga/contracts'
import { type Actor, actFailed, actsDone, assertRecordable, beginActs } from '../../inspect/operator-acts.ts'
import { checkTopology, type TopologyPart } from '../../inspect/topology/check-topology.ts'
import { repairTopology } from '../../inspect/topology/repair-topology.ts'
import { messageOf } from '@order-saga/chassis'
import { counted } from '../../audit/format-report.ts'
import type { CommandContext } from '../command-context.ts'
import { OperatorBroker } from '../operator-broker.ts'
import type { Result } from '../result.ts'
import { tableOf } from '../text.ts'

/** Compares the broker with the generated topology. */
export async function showTopology(context: CommandContext): Promise<Result> {
  const parts = await checkTopology(await context.broker(), planned(context), await bindingsOf(context))
  return resultOf(parts, parts.some(({ state }) => state === 'missing') ? 'Repair: saga topology repair.' : undefined)
}

/** Restores what is missing, with the broker user of RABBITMQ_ADMIN_URL; recorded as one act. */
export async function restoreTopology(context: CommandContext, actor: Actor): Promise<Result> {
  const orders = context.databases.order
  await orders.change(assertRecordable)
  const topology = planned(context)
  const before = await checkTopology(await context.broker(), topology, await bindingsOf(context))
  const wanted = before.filter(({ state }) => state !== 'present')
  if (wanted.length === 0) return resultOf(before, 'Nothing to repair.')
  const detail = { parts: wanted }
  const act = { act: 'repair_topology', subject: context.config.exchange, place: 'broker', detail } as const
  const [actId = ''] = await orders.change((database) => beginActs(database, actor, [act]))
  const url = context.config.rabbitmqAdminUrl || brokerUrl(context.config)
  const broker = await OperatorBroker.connect(url)
  try {
    await repairTopology(broker.model, topology, before, decodeURIComponent(new URL(url).username))
  } catch (error) {
    await orders.change((database) => actFailed(database, actId, messageOf(error), context.now()))
    throw error
  } finally {
    await broker.close()
  }
  await orders.change((database) => actsDone(database, [actId], context.now()))
  const after = await checkTopology(await context.broker(), topology, await bindingsOf(context))
  const unknown = wanted.filter(({ state }) => state === 'unknown').length
  const restored = wanted.length - unknown
  const bound = unknown === 0 ? '' : `; ${counted(unknown, 'binding')} declared, missing or not`
  return resultOf(after, `Restored: ${counted(restored, 'part')}${bound}. Release parked events: saga outbox release.`)
}

function planned({ config, queues }: CommandContext): Topology {
  const { exchange, retryDelaysMs } = config
  return topologyOf({ exchange, queues: serviceQueues(queues), retryDelaysMs })
}

async function bindingsOf({ management }: CommandContext): Promise<readonly Binding[] | undefined> {
  return await management?.bindings()
}

function resultOf(parts: readonly TopologyPart[], last: string | undefined): Result {
  const missing = parts.filter(({ state }) => state === 'missing')
  const unknown = parts.filter(({ state }) => state === 'unknown')
  const rows = missing.map(({ kind, name, state }) => [kind, state, name])
  return {
    items: parts,
    summary: {
      present: parts.length - missing.length - unknown.length,
      missing: missing.length,
      unknown: unknown.length,
    },
    text: [
      ...tableOf(['PART', 'STATE', 'NAME'], rows),
      `${parts.length - missing.length - unknown.length} of ${parts.length} parts are present, ${missing.length} are missing`,
      ...(unknown.length === 0
        ? []
        : [
            `${counted(unknown.length, 'binding')} not checked: AMQP does not show bindings; set RABBITMQ_MANAGEMENT_URL. ` +
              'A repair binds them all, which changes nothing where they are present.',
          ]),
      ...(last === undefined ? [] : [last]),
    ].join('\n'),
    wrong: missing.length > 0,
  }
}
