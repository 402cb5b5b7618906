import { catalogue, type QueueNames, services } from '@order-saga/contracts'
import { Command, InvalidArgumentError, Option } from 'commander'
import { v7 as uuidv7 } from 'uuid'
import { audit } from '../audit/audit.ts'
import { formatReport } from '../audit/format-report.ts'
import { auditSources } from '../audit-config.ts'
import { canonicalId, uuid } from '../inspect/dead-letters/dead-letter.ts'
import type { Scan } from '../inspect/dead-letters/scan.ts'
import { queuesFor, type Selection } from '../inspect/dead-letters/selection.ts'
import type { Actor } from '../inspect/operator-acts.ts'
import { queuesOfServices } from '../inspect/queues.ts'
import type { CommandContext } from './command-context.ts'
import { groupDeadLetters } from './dead-letters/group-dead-letters.ts'
import { listDeadLetters } from './dead-letters/list-dead-letters.ts'
import { discard, previewDiscards, previewReplays, replay } from './dead-letters/move-dead-letters.ts'
import { showDeadLetter } from './dead-letters/show-dead-letter.ts'
import { createOperatorToken } from '../operators/operator-tokens.ts'
import { listActs } from './list-acts.ts'
import { cancelLocks, listLocks } from './locks.ts'
import { listParked, previewRelease, releaseParked } from './parked-events.ts'
import { type Result, UsageError } from './result.ts'
import { discardUnreadable, listRetries, moveStuck } from './retries/retries.ts'
import { listSagas } from './sagas/list-sagas.ts'
import { retryCompensation } from './sagas/retry-compensation.ts'
import { showSaga } from './sagas/show-saga.ts'
import { readDuration } from './text.ts'
import { restoreTopology, showTopology } from './topology/topology-command.ts'

export interface ProgramParts {
  readonly out: (text: string) => void
  readonly run: (name: string, json: boolean, work: (context: CommandContext) => Promise<Result>) => Promise<void>
}

interface Common {
  readonly json?: true
}

interface Changing extends Common {
  readonly reason?: string
  readonly dryRun?: true
}

interface Selecting {
  readonly queue?: string
  readonly event?: string
  readonly diedOf?: string
  readonly group?: string
  readonly saga?: string
  readonly olderThan?: number
  readonly youngerThan?: number
}

const defaultLimit = 100
/** In memory at once. */
const groupedLimit = 10_000

/** All subcommands and their options. Unusable arguments are thrown as `CommanderError`. */
export function sagaProgram(parts: ProgramParts): Command {
  const { run } = parts
  const program = prepared(new Command('saga'), parts).description(
    'Operate the order saga: dead letters, retries, sagas, outboxes, the audit.',
  )
  const command = (parent: Command, nameAndArguments: string, description: string): Command =>
    prepared(parent.command(nameAndArguments), parts)
      .description(description)
      .addOption(new Option('--json', 'print one JSON object and no table'))
  const group = (name: string, description: string): Command =>
    prepared(program.command(name), parts).description(description)

  const letters = group('dead-letters', 'Dead-lettered messages.')
  selecting(command(letters, 'list', 'List dead letters.'))
    .addOption(limit(defaultLimit))
    .action((options: Common & Selecting & { limit: number }) =>
      run('dead-letters list', options.json === true, (context) =>
        listDeadLetters(context, scanOf([], options, context.config)),
      ),
    )
  selecting(command(letters, 'groups', 'Group dead letters by event, queue and reason without ids and numbers.'))
    .addOption(limit(groupedLimit))
    .action((options: Common & Selecting & { limit: number }) =>
      run('dead-letters groups', options.json === true, (context) =>
        groupDeadLetters(context, scanOf([], options, context.config)),
      ),
    )
  command(letters, 'show', 'Show one dead letter, and preview its replay.')
    .argument('<id>', 'its id, as printed by list')
    .action((id: string, options: Common) =>
      run('dead-letters show', options.json === true, (context) => showDeadLetter(context, canonicalId(id))),
    )
  const moving = (
    name: string,
    description: string,
    move: (context: CommandContext, scan: Scan, actor: Actor) => Promise<Result>,
    preview: (context: CommandContext, scan: Scan) => Promise<Result>,
  ): Command =>
    changing(selecting(command(letters, name, description).argument('[ids...]', 'their ids, as list shows them')))
      .option('--all', 'all dead letters')
      .addOption(limit())
      .action((ids: string[], options: Changing & Selecting & { all?: true; limit?: number }) =>
        run(`dead-letters ${name}`, options.json === true, async (context) => {
          const scan = scanOf(ids, options, context.config)
          assertExplicit(scan.selection, options.all === true, 'a filter such as --queue')
          return options.dryRun === true
            ? await preview(context, scan)
            : await move(context, scan, await actor(options, context))
        }),
      )
  moving('replay', 'Put dead letters back into the queues they were consumed from.', replay, previewReplays)
  moving(
    'discard',
    'Remove dead letters permanently; the record of acts keeps their content.',
    discard,
    previewDiscards,
  )

  const retries = group('retries', 'Messages in the retry queues.')
  command(retries, 'list', 'List messages that wait for a retry, and those that the broker has not returned.')
    .addOption(limit(defaultLimit))
    .action((options: Common & { limit: number }) =>
      run('retries list', options.json === true, (context) => listRetries(context, options.limit)),
    )
  changing(command(retries, 'move', 'Put the stuck messages of a retry queue back into the main queue.'))
    .argument('<queue>', 'the retry queue')
    .action((queue: string, options: Changing) =>
      run('retries move', options.json === true, async (context) =>
        moveStuck(context, queue, await actorUnlessDry(options, context)),
      ),
    )

  changing(command(retries, 'discard', 'Remove messages of a version that their consumer cannot read.'))
    .argument('<queue>', 'the retry queue')
    .argument('[ids...]', 'their ids, as list shows them')
    .option('--event <event>', 'only those of this event')
    .option('--all', 'all messages of an unreadable version')
    .action((queue: string, ids: string[], options: Changing & { event?: string; all?: true }) =>
      run('retries discard', options.json === true, async (context) => {
        const selection = { ids: ids.length === 0 ? undefined : ids.map(canonicalId), event: options.event }
        assertExplicit(selection, options.all === true, '--event')
        assertEvent(options.event)
        const by = await actorUnlessDry(options, context)
        return discardUnreadable(context, queue, selection, by)
      }),
    )

  command(program, 'list', 'List sagas, oldest first.')
    .option('--status <status>', 'only those with this status')
    .option('--violations', 'only those with events that violate the protocol or do not match the order')
    .option('--customer <id>', 'only those of this customer')
    .option('--blocked [kind]', 'only blocked sagas, by anything or by this kind of blocker')
    .addOption(duration('--older-than <time>', 'only those accepted at least that long ago: 30s, 5m, 2h, 7d'))
    .addOption(limit(defaultLimit))
    .addOption(new Option('--after <saga>', 'continue after this saga: the next page').argParser(anId))
    .action(
      (
        options: Common & {
          status?: string
          violations?: true
          customer?: string
          blocked?: string | true
          olderThan?: number
          limit: number
          after?: string
        },
      ) =>
        run('list', options.json === true, (context) =>
          listSagas(context, {
            status: options.status,
            violations: options.violations,
            customerId: options.customer,
            blocked: options.blocked === true ? 'any' : options.blocked,
            olderThanMs: options.olderThan,
            limit: options.limit,
            after: options.after,
          }),
        ),
    )
  command(program, 'show', 'Show one saga across all services: timeline, pending step, effect of its deadline.')
    .argument('<saga>', "the saga's id or the order's", anId)
    .option('--no-dead-letters', 'do not scan the dead-letter queues')
    .action((saga: string, options: Common & { deadLetters: boolean }) =>
      run('show', options.json === true, (context) => showSaga(context, saga, options.deadLetters)),
    )
  changing(command(program, 'retry-compensation', 'Request again the refund of a saga that waits for it.'))
    .argument('<saga>', "the saga's id or the order's", anId)
    .action((saga: string, options: Changing) =>
      run('retry-compensation', options.json === true, async (context) =>
        retryCompensation(context, saga, await actorUnlessDry(options, context)),
      ),
    )

  const outbox = group('outbox', 'Events parked by the relays: no queue is bound to their routing key.')
  command(outbox, 'list', 'List parked events.')
    .option('--service <service>', 'only those of this service')
    .addOption(limit(defaultLimit))
    .action((options: Common & { service?: string; limit: number }) =>
      run('outbox list', options.json === true, (context) =>
        listParked(context, { service: options.service }, options.limit),
      ),
    )
  changing(command(outbox, 'release', 'Let the relays publish parked events again.'))
    .argument('[ids...]', 'ids of events', someIds)
    .option('--service <service>', 'only those of this service')
    .option('--all', 'all parked events')
    .action((given: string[], options: Changing & { service?: string; all?: true }) =>
      run('outbox release', options.json === true, async (context) => {
        const selection = { ids: given.length === 0 ? undefined : given, service: options.service }
        assertExplicit(selection, options.all === true, '--service')
        if (options.dryRun === true) return await previewRelease(context, selection)
        return await releaseParked(context, selection, await actor(options, context))
      }),
    )

  const topology = group('topology', 'Exchanges, queues and bindings of the broker.')
  command(topology, 'check', 'Compare the broker with the topology that the services need.').action((options: Common) =>
    run('topology check', options.json === true, showTopology),
  )
  changing(command(topology, 'repair', 'Declare what is missing, with the broker user of RABBITMQ_ADMIN_URL.')).action(
    (options: Changing) =>
      run('topology repair', options.json === true, async (context) =>
        options.dryRun === true
          ? await showTopology(context)
          : await restoreTopology(context, await actor(options, context)),
      ),
  )

  changing(command(program, 'locks', 'List sessions that block the services; with --cancel, end them.'))
    .argument('[pids...]', 'process ids of sessions to end', somePids)
    .option('--service <service>', 'only those in the database of this service')
    .option('--cancel', 'end the sessions with these process ids; their transactions are rolled back')
    .option('--all', 'with --cancel: all listed sessions but those of services')
    .action((pids: number[], options: Changing & { service?: string; cancel?: true; all?: true }) =>
      run('locks', options.json === true, async (context) => {
        const selection = { pids, service: options.service, all: options.all === true }
        if (options.cancel !== true) {
          if (pids.length > 0 || selection.all)
            throw new UsageError('--cancel is missing: without it sessions are only listed.')
          return await listLocks(context, selection)
        }
        const by = await actorUnlessDry(options, context)
        return await cancelLocks(context, selection, by)
      }),
    )

  command(program, 'acts', 'List changes by operators: who, when, why; newest first.')
    .option('--about <id>', 'only acts on this event, dead letter or saga')
    .addOption(limit(defaultLimit))
    .action((options: Common & { about?: string; limit: number }) =>
      run('acts', options.json === true, ({ databases }) => listActs(databases, options)),
    )
  command(program, 'operator-token', 'Make a token for an operator, and the entry of OPERATOR_TOKENS that accepts it.')
    .argument('<name>', 'name of the operator, which the record of acts shows')
    .action((name: string, options: Common) => {
      const made = createOperatorToken(name)
      if (made === undefined) throw new UsageError('Give a name of 1 to 100 letters, digits or ._@-.')
      const { token, entry } = made
      const output = {
        command: 'operator-token',
        exitCode: 0,
        error: null,
        items: [{ name, token, entry }],
        summary: {},
      }
      const text = `token, for ${name} alone: ${token}\nentry of OPERATOR_TOKENS: ${entry}`
      parts.out(options.json === true ? JSON.stringify(output) : text)
    })
  command(program, 'audit', "Check the system's invariants.").action((options: Common) =>
    run('audit', options.json === true, async ({ config }) => {
      const report = await audit(auditSources(config), config)
      const { checks, ...summary } = report
      return { items: checks, summary, text: formatReport(report), wrong: !report.clean }
    }),
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
    .option('--group <id>', 'only those of this group, as groups shows it')
    .addOption(new Option('--saga <id>', 'only those of this saga or order').argParser(anId))
    .addOption(duration('--older-than <time>', 'only those dead-lettered at least that long ago: 30s, 5m, 2h, 7d'))
    .addOption(duration('--younger-than <time>', 'only those dead-lettered less than that long ago'))
}

function changing(command: Command): Command {
  return command
    .option('--dry-run', 'preview the changes only')
    .option('--reason <text>', 'reason for the record of acts; required unless --dry-run')
}

function limit(preset?: number): Option {
  const option = new Option('--limit <count>', 'maximum number').argParser((text: string) => {
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

function somePids(text: string, before: number[] | undefined): number[] {
  if (!/^\d{1,10}$/.test(text)) throw new InvalidArgumentError('Give a process id, as locks shows it.')
  return [...(before ?? []), Number(text)]
}

/** @throws UsageError for a queue or an event that the system does not have */
function scanOf(given: readonly string[], options: Selecting & { limit?: number }, names: QueueNames): Scan {
  const { queue, event } = options
  const selection: Selection = {
    ids: given.length === 0 ? undefined : given.map(canonicalId),
    queue,
    event,
    reason: options.diedOf,
    group: options.group,
    saga: options.saga,
    olderThanMs: options.olderThan,
    youngerThanMs: options.youngerThan,
  }
  if (queuesFor(selection, names).length === 0) {
    const known = queuesOfServices(names).flatMap(({ consumed }) => consumed)
    throw new UsageError(
      `--queue ${queue} is not a queue of the system: give ${services.join(', ')}, ${known.join(', ')}.`,
    )
  }
  assertEvent(event)
  return { selection, limit: options.limit ?? Number.MAX_SAFE_INTEGER }
}

/** @throws UsageError for an event that the system does not have */
function assertEvent(event: string | undefined): void {
  const events = catalogue.map(({ name }) => name as string)
  if (event !== undefined && !events.includes(event)) {
    throw new UsageError(`--event ${event} is not an event of the system: give one of ${events.join(', ')}.`)
  }
}

/** Requires --all to select everything. @throws UsageError */
function assertExplicit(selection: object, all: boolean, filter: string): void {
  const everything = Object.values(selection).every((value) => value === undefined)
  if (everything && !all) throw new UsageError(`Nothing is selected: give ids, ${filter}, or --all.`)
  if (!everything && all) throw new UsageError(`--all cannot be combined with ids or filters.`)
}

/** As `actor`; undefined for a dry run, which changes nothing. */
async function actorUnlessDry(options: Changing, context: CommandContext): Promise<Actor | undefined> {
  return options.dryRun === true ? undefined : await actor(options, context)
}

/** @throws UsageError without a reason or an accepted token */
async function actor({ reason }: Changing, context: CommandContext): Promise<Actor> {
  if (reason === undefined || reason.trim() === '') {
    throw new UsageError('--reason is missing: it is required for the record of acts (or give --dry-run).')
  }
  const { now } = context
  return { runId: uuidv7(), operator: await context.operator(), reason: reason.trim(), now }
}
