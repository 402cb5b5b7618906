import { type Actor, uuid } from '@order-saga/chassis'
import { Command, InvalidArgumentError, Option } from 'commander'
import { v7 as uuidv7 } from 'uuid'
import { listActs } from './acts/list-acts.ts'
import { runAuditOf } from './audit-result.ts'
import { discardDeadLetters, foreseeDiscard } from './dead-letters/discard-dead-letters.ts'
import { listDeadLetters } from './dead-letters/list-dead-letters.ts'
import { foreseeReplay, replayDeadLetters } from './dead-letters/replay-dead-letters.ts'
import { isEverything, type Selection } from './dead-letters/selection.ts'
import { showDeadLetter } from './dead-letters/show-dead-letter.ts'
import { readDuration } from './duration.ts'
import { foreseeRelease, listParked, releaseParked } from './outbox/parked-events.ts'
import { type Result, UsageError } from './result.ts'
import { listSagas } from './sagas/list-sagas.ts'
import { retryCompensation } from './sagas/retry-compensation.ts'
import { showSaga } from './sagas/show-saga.ts'
import type { Workplace } from './workplace.ts'

export interface ProgramParts {
  readonly out: (text: string) => void
  readonly user: () => string
  readonly now: () => Date
  /** Does a subcommand's work; `name` is its own. */
  readonly run: (name: string, json: boolean, work: (workplace: Workplace) => Promise<Result>) => Promise<void>
}

interface Common {
  readonly json?: true
}

interface Changing extends Common {
  readonly by?: string
  readonly reason?: string
  readonly dryRun?: true
}

interface Selecting {
  readonly queue?: string
  readonly event?: string
  readonly diedOf?: string
  readonly saga?: string
  readonly olderThan?: number
  readonly youngerThan?: number
}

const defaultLimit = 100

/** All subcommands and their options. Parsing and help are commander's; its errors are thrown as `CommanderError`. */
export function sagaProgram(parts: ProgramParts): Command {
  const { run } = parts
  const program = prepared(new Command('saga'), parts).description(
    'Operate the order saga: dead letters, sagas, outboxes, the audit.',
  )
  const command = (parent: Command, nameAndArguments: string, description: string): Command =>
    prepared(parent.command(nameAndArguments), parts)
      .description(description)
      .addOption(new Option('--json', 'print one JSON object and no table'))
  const group = (name: string, description: string): Command =>
    prepared(program.command(name), parts).description(description)

  const letters = group('dead-letters', 'Messages the consumers gave up.')
  selecting(command(letters, 'list', 'List dead letters, without changing anything.'))
    .addOption(limit(defaultLimit))
    .action((options: Common & Selecting & { limit: number }) =>
      run('dead-letters list', options.json === true, (workplace) =>
        listDeadLetters(workplace, selectionOf([], options), options.limit),
      ),
    )
  command(letters, 'show', 'Show one dead letter whole, and what it would do if it were replayed.')
    .argument('<id>', 'its id, as list shows it')
    .action((id: string, options: Common) =>
      run('dead-letters show', options.json === true, (workplace) => showDeadLetter(workplace, id.toLowerCase())),
    )
  moving(command(letters, 'replay', 'Put dead letters back into the queues they died in.')).action(
    (ids: string[], options: Changing & Selecting & { all?: true; limit?: number }) =>
      run('dead-letters replay', options.json === true, (workplace) => {
        const selection = meant(ids, options)
        const most = options.limit ?? Number.MAX_SAFE_INTEGER
        if (options.dryRun === true) return foreseeReplay(workplace, selection, most)
        return replayDeadLetters(workplace, selection, most, actor(options, parts))
      }),
  )
  moving(command(letters, 'discard', 'Take dead letters away for good; they are kept in the record of acts.')).action(
    (ids: string[], options: Changing & Selecting & { all?: true; limit?: number }) =>
      run('dead-letters discard', options.json === true, (workplace) => {
        const selection = meant(ids, options)
        const most = options.limit ?? Number.MAX_SAFE_INTEGER
        if (options.dryRun === true) return foreseeDiscard(workplace, selection, most)
        return discardDeadLetters(workplace, selection, most, actor(options, parts))
      }),
  )

  command(program, 'list', 'List sagas, the oldest first.')
    .option('--status <status>', 'only those with this status')
    .addOption(duration('--older-than <time>', 'only those accepted at least that long ago: 30s, 5m, 2h, 7d'))
    .addOption(limit(defaultLimit))
    .addOption(new Option('--after <saga>', 'continue after this saga: the next page').argParser(anId))
    .action((options: Common & { status?: string; olderThan?: number; limit: number; after?: string }) =>
      run('list', options.json === true, (workplace) =>
        listSagas(workplace, {
          status: options.status,
          olderThanMs: options.olderThan,
          limit: options.limit,
          after: options.after,
        }),
      ),
    )
  command(program, 'show', 'Show one saga over all services: timeline, what it waits for, what its deadline will do.')
    .argument('<saga>', "the saga's id or the order's", anId)
    .option('--no-dead-letters', 'do not look through the dead-letter queues')
    .action((saga: string, options: Common & { deadLetters: boolean }) =>
      run('show', options.json === true, (workplace) => showSaga(workplace, saga, options.deadLetters)),
    )
  changing(command(program, 'retry-compensation', 'Ask again for the refund of a saga that waits for it.'))
    .argument('<saga>', "the saga's id or the order's", anId)
    .action((saga: string, options: Changing) =>
      run('retry-compensation', options.json === true, (workplace) =>
        retryCompensation(workplace, saga, options.dryRun === true ? undefined : actor(options, parts)),
      ),
    )

  const outbox = group('outbox', 'Events the relays set aside because no queue took them.')
  command(outbox, 'list', 'List parked events.')
    .option('--service <service>', 'only those of this service')
    .addOption(limit(defaultLimit))
    .action((options: Common & { service?: string; limit: number }) =>
      run('outbox list', options.json === true, (workplace) =>
        listParked(workplace, { service: options.service }, options.limit),
      ),
    )
  changing(command(outbox, 'release', 'Have parked events published again.'))
    .argument('[ids...]', 'ids of events', someIds)
    .option('--service <service>', 'only those of this service')
    .option('--all', 'all parked events')
    .action((given: string[], options: Changing & { service?: string; all?: true }) =>
      run('outbox release', options.json === true, (workplace) => {
        const selection = { ids: given.length === 0 ? undefined : given, service: options.service }
        assertSaid(isEverything({ ids: selection.ids, queue: selection.service }), options.all === true, '--service')
        if (options.dryRun === true) return foreseeRelease(workplace, selection)
        return releaseParked(workplace, selection, actor(options, parts))
      }),
    )

  command(program, 'acts', 'List what operators changed by this program: who, when, why; the newest first.')
    .option('--about <id>', 'only acts on this event, dead letter or saga')
    .addOption(limit(defaultLimit))
    .action((options: Common & { about?: string; limit: number }) =>
      run('acts', options.json === true, async (workplace) => {
        const databases = await workplace.databases()
        return await workplace.reading(() => listActs(databases.order, options))
      }),
    )
  command(program, 'audit', "Check the system's invariants, as the audit does.").action((options: Common) =>
    run('audit', options.json === true, (workplace) => runAuditOf(workplace)),
  )
  return program
}

function prepared(command: Command, { out }: ProgramParts): Command {
  return command
    .exitOverride()
    .configureOutput({ writeOut: (text) => out(text.trimEnd()), writeErr: () => undefined })
    .helpCommand(false)
    .showHelpAfterError(false)
}

function selecting(command: Command): Command {
  return command
    .option('--queue <queue>', 'only those of this queue, or of this service')
    .option('--event <event>', 'only those of this event')
    .option('--died-of <text>', 'only those whose reason contains this')
    .addOption(new Option('--saga <id>', 'only those of this saga or order').argParser(anId))
    .addOption(duration('--older-than <time>', 'only those that died at least that long ago: 30s, 5m, 2h, 7d'))
    .addOption(duration('--younger-than <time>', 'only those that died less than that long ago'))
}

function moving(command: Command): Command {
  return changing(selecting(command.argument('[ids...]', 'their ids, as list shows them')))
    .option('--all', 'all that there are')
    .addOption(limit())
}

function changing(command: Command): Command {
  return command
    .option('--dry-run', 'change nothing, and say what would be changed')
    .option('--reason <text>', 'why; kept in the record of acts, and required unless --dry-run')
    .option('--by <name>', 'who; the user of the operating system when left out')
}

function limit(preset?: number): Option {
  const option = new Option('--limit <count>', 'at most that many').argParser((text: string) => {
    if (!/^[1-9]\d{0,6}$/.test(text)) throw new InvalidArgumentError('Give a number from 1 to 9999999.')
    return Number(text)
  })
  return preset === undefined ? option : option.default(preset)
}

function duration(flags: string, description: string): Option {
  return new Option(flags, description).argParser((text: string) => {
    const ms = readDuration(text)
    if (ms === undefined) throw new InvalidArgumentError('Give a time such as 30s, 5m, 2h or 7d.')
    return ms
  })
}

function anId(text: string): string {
  if (!uuid.test(text)) throw new InvalidArgumentError('Give an id: 32 hexadecimal digits in five groups.')
  return text.toLowerCase()
}

function someIds(text: string, before: string[] | undefined): string[] {
  return [...(before ?? []), anId(text)]
}

function selectionOf(given: readonly string[], options: Selecting): Selection {
  return {
    ids: given.length === 0 ? undefined : given.map((one) => one.toLowerCase()),
    queue: options.queue,
    event: options.event,
    reason: options.diedOf,
    saga: options.saga,
    olderThanMs: options.olderThan,
    youngerThanMs: options.youngerThan,
  }
}

/** Everything is only meant by saying so. */
function meant(given: readonly string[], options: Selecting & { all?: true }): Selection {
  const selection = selectionOf(given, options)
  assertSaid(isEverything(selection), options.all === true, 'a filter such as --queue')
  return selection
}

function assertSaid(everything: boolean, all: boolean, filter: string): void {
  if (everything && !all) throw new UsageError(`It is not said which are meant: give ids, ${filter}, or --all.`)
  if (!everything && all) throw new UsageError(`--all does not go with ids or filters: leave one of them out.`)
}

function actor({ by, reason }: Changing, { user, now }: ProgramParts): Actor {
  if (reason === undefined || reason.trim() === '') {
    throw new UsageError('--reason is missing: say why, for the record of acts (or give --dry-run).')
  }
  return { runId: uuidv7(), operator: operatorOf(by, user), reason: reason.trim(), now }
}

function operatorOf(by: string | undefined, user: () => string): string {
  if (by !== undefined && by.trim() !== '') return by.trim()
  try {
    return user()
  } catch {
    throw new UsageError('--by is missing: say who you are, for the operating system has no name for this user.')
  }
}
