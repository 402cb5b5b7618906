import { DependencyUnavailable, messageOf, sqlState } from '@order-saga/chassis'
import { type Actor, actFailed, actsDone, assertRecordable, beginActs } from '../inspect/operator-acts.ts'
import { endSession, type LockSession, readLimitedUser, readLockSessions } from '../inspect/sessions.ts'
import { type StoreName, storeNames } from '../inspect/stores.ts'
import { counted } from '../audit/format-report.ts'
import type { CommandContext } from './command-context.ts'
import { type Result, UsageError } from './result.ts'
import { fromNow, tableOf } from './text.ts'

interface Located extends LockSession {
  readonly store: StoreName
  readonly result?: 'would_end' | 'ended' | 'failed'
  readonly why?: string
}

export interface LockSelection {
  readonly pids: readonly number[]
  readonly service: string | undefined
  readonly all: boolean
}

/** Lists the sessions that block, or could block, the services. */
export async function listLocks(context: CommandContext, { service }: Pick<LockSelection, 'service'>): Promise<Result> {
  return resultOf(await sessionsOf(context, service), [], context, await limitsOf(context, service))
}

/** Ends sessions by their process ids, or all that are no service's; without an actor it is a preview. */
export async function cancelLocks(
  context: CommandContext,
  { pids, service, all }: LockSelection,
  actor: Actor | undefined,
): Promise<Result> {
  if (pids.length === 0 && !all) throw new UsageError('Nothing is selected: give process ids, or --all')
  if (pids.length > 0 && all) throw new UsageError('--all cannot be combined with process ids')
  const found = await sessionsOf(context, service)
  // A session of a service ends by itself within seconds, and holds the work of other sagas too.
  const chosen = found.filter(({ pid, application }) =>
    all ? !storeNames.some((store) => store === application) : pids.includes(pid),
  )
  const missing = pids.filter((pid) => !chosen.some((session) => session.pid === pid))
  if (!all) assertUnambiguous(chosen)
  if (actor === undefined)
    return resultOf(
      chosen.map((each) => ({ ...each, result: 'would_end' })),
      missing,
      context,
    )
  const orders = context.databases.order
  await orders.change(assertRecordable)
  const acts = chosen.map(({ store, pid, blocks, ...session }) => ({
    act: 'end_session' as const,
    subject: String(pid),
    place: `${store} database`,
    detail: { ...session, blocks },
  }))
  const actIds = await orders.change((database) => beginActs(database, actor, acts))
  const done: Located[] = []
  for (const [i, session] of chosen.entries()) {
    const [actId = ''] = actIds.slice(i, i + 1)
    try {
      const ended = await context.databases[session.store].change((database) => endSession(database, session))
      if (!ended) throw new Error('the session had ended already')
      await orders.change((database) => actsDone(database, [actId], context.now()))
      done.push({ ...session, result: 'ended' })
    } catch (error) {
      const why = refusal(error, session.store, context)
      await orders.change((database) => actFailed(database, actId, why, context.now()))
      done.push({ ...session, result: 'failed', why })
    }
  }
  return resultOf(done, missing, context)
}

/**
 * The databases may be on different servers, which have the same process ids.
 * @throws UsageError
 */
export function assertUnambiguous(chosen: readonly Pick<Located, 'store' | 'pid'>[]): void {
  const same = chosen.filter(({ pid }, i) => chosen.some((other, j) => j !== i && other.pid === pid))
  if (same.length === 0) return
  const [pid, stores] = [same[0]?.pid, same.filter((each) => each.pid === same[0]?.pid).map(({ store }) => store)]
  throw new UsageError(`The databases of ${stores.join(' and ')} have a session ${pid} each: give --service`)
}

function refusal(error: unknown, store: StoreName, { config }: CommandContext): string {
  const cause = error instanceof DependencyUnavailable ? error.cause : error
  if (sqlState(cause) !== '42501') return messageOf(error)
  const name = store.toUpperCase()
  const operator = config[`${store}DbOperatorUser`]
  const login = operator === '' ? `the user of ${name}_DB_URL` : `${operator} (${name}_OPERATOR_DB_USER)`
  return `${login} may not end it: a session of a superuser requires a superuser, another one the role pg_signal_backend`
}

/** A sentence for each database in which sessions are hidden from the user. */
async function limitsOf(context: CommandContext, service: string | undefined): Promise<string[]> {
  const stores = storeNames.filter((store) => service === undefined || store === service)
  const users = await Promise.all(stores.map((store) => readLimitedUser(context.databases[store])))
  return stores.flatMap((store, i) =>
    users[i] === undefined
      ? []
      : `${store}: ${users[i]} does not see other users' times and SQL, nor locks that nobody waits for. A superuser has to run GRANT pg_read_all_stats TO ${users[i]}.`,
  )
}

async function sessionsOf(context: CommandContext, service: string | undefined): Promise<Located[]> {
  const stores = storeNames.filter((store) => service === undefined || store === service)
  if (stores.length === 0) {
    throw new UsageError(`--service ${service} has no database: give one of ${storeNames.join(', ')}`)
  }
  const found = await Promise.all(
    stores.map(async (store) =>
      (await readLockSessions(context.databases[store])).map((session) => ({ store, ...session })),
    ),
  )
  return found.flat()
}

function resultOf(
  sessions: readonly Located[],
  missing: readonly number[],
  { now }: CommandContext,
  limits: readonly string[] = [],
): Result {
  const rows = sessions.map(
    ({ store, pid, application, user, state, transactionSince, blocks, result, why, query }) => [
      store,
      String(pid),
      application ?? user ?? '-',
      state ?? '-',
      transactionSince === null ? '-' : fromNow(transactionSince, now()),
      blocks.length === 0 ? '-' : blocks.join(', '),
      ...(result === undefined ? [] : [why === undefined ? result.replace('_', ' ') : `${result}: ${why}`]),
      (query ?? '-').replaceAll(/\s+/g, ' ').slice(0, 80),
    ],
  )
  const withResult = sessions.some(({ result }) => result !== undefined)
  const heading = [
    'DATABASE',
    'PID',
    'APPLICATION',
    'STATE',
    'TRANSACTION',
    'BLOCKS',
    ...(withResult ? ['RESULT'] : []),
    'LAST SQL',
  ]
  return {
    items: sessions,
    summary: { shown: sessions.length, missing, limits },
    text: [
      ...tableOf(heading, rows),
      ...missing.map((pid) => `No session that holds a lock has the process id ${pid}: locks lists them.`),
      ...limits,
      counted(sessions.length, 'session'),
    ].join('\n'),
    wrong: missing.length > 0 || sessions.some(({ result }) => result === 'failed'),
  }
}
