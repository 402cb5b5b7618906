import {
  clockOf,
  ConfigurationError,
  DatabaseClock,
  DependencyUnavailable,
  loadConfig,
  messageOf,
} from '@order-saga/chassis'
import { CommanderError } from 'commander'
import { CommandContext } from './cli/command-context.ts'
import { sagaProgram } from './cli/program.ts'
import { type Result, sagaExitCodes, UsageError } from './cli/result.ts'
import { NotDone, SourceUnavailable, type StoreName } from './inspect/stores.ts'
import { type SagaConfig, sagaSettings } from './saga-config.ts'

export interface CommandDependencies {
  readonly out: (text: string) => void
  readonly error: (text: string) => void
  /** The clock of the order service's database unless given. */
  readonly now?: () => Date
  readonly signal: AbortSignal
}

/**
 * Runs the `saga` command: prints its result, or one sentence when it fails.
 * @returns the exit code: 0 done, 1 done with a finding, 2 unusable arguments or settings, 3 not done
 */
export async function runSaga(
  args: readonly string[],
  environment: NodeJS.ProcessEnv,
  { out, error, now: givenNow, signal }: CommandDependencies,
): Promise<number> {
  const clock = new DatabaseClock()
  const now = givenNow ?? (() => clock.now())
  let [name, json] = ['saga', args.includes('--json')]
  let code: number = sagaExitCodes.done
  const program = sagaProgram({
    out,
    run: async (command, asJson, work) => {
      ;[name, json] = [command, asJson]
      const config = loadConfig<SagaConfig>(sagaSettings, environment)
      const context = new CommandContext({ config, now, progress: error, signal })
      try {
        // Without this database the command uses the time of its own machine.
        const measure = (): Promise<void> => clock.measure(clockOf((sql) => context.databases.order.query(sql)))
        if (givenNow === undefined) await measure().catch(() => undefined)
        const result = await work(context)
        code = result.wrong ? sagaExitCodes.found : sagaExitCodes.done
        out(json ? jsonOf(name, code, result) : result.text)
      } finally {
        await context.close()
      }
    },
  })
  try {
    await program.parseAsync([...args], { from: 'user' })
    return code
  } catch (failure) {
    if (failure instanceof CommanderError && failure.exitCode === 0) return sagaExitCodes.done
    const usage = [CommanderError, UsageError, ConfigurationError].some((kind) => failure instanceof kind)
    code = usage ? sagaExitCodes.usage : sagaExitCodes.notDone
    const message = sentence(failure, environment)
    error(message)
    if (json) out(jsonOf(name, code, { items: [], summary: {} }, message))
    return code
  }
}

function jsonOf(
  command: string,
  exitCode: number,
  { items, summary }: Pick<Result, 'items' | 'summary'>,
  error: string | null = null,
): string {
  return JSON.stringify({ command, exitCode, error, items, summary })
}

/** insufficient_privilege: the user for reading may not change anything. */
const refused = '42501'

function databaseSetting(store: StoreName, cause: unknown, environment: NodeJS.ProcessEnv): string {
  if ((cause as { code?: unknown } | undefined)?.code === refused) return `${store.toUpperCase()}_OPERATOR_DB_USER`
  const env = `${store.toUpperCase()}_DB`
  return environment[`${env}_HOST`] && !environment[`${env}_URL`] ? `${env}_HOST` : `${env}_URL`
}

function sentence(failure: unknown, environment: NodeJS.ProcessEnv): string {
  if (failure instanceof SourceUnavailable) {
    const { source, cause } = failure
    const setting = source === 'broker' ? 'RABBITMQ_URL' : databaseSetting(source, cause, environment)
    const name = source === 'broker' ? source : `${source} database`
    return `The ${name} cannot be used: ${messageOf(cause).replace(/\.$/, '')}; check ${setting}.`
  }
  const message = messageOf(failure)
    .replace(/^error: /, '')
    .replace(/\.$/, '')
  if (failure instanceof DependencyUnavailable) return `The ${message}; try again.`
  if (failure instanceof CommanderError) {
    const what = failure.code === 'commander.help' ? 'No command is given' : message.replaceAll('\n', ' ')
    return `${what}; --help lists commands and options.`
  }
  const known = failure instanceof NotDone || failure instanceof UsageError || failure instanceof ConfigurationError
  return known ? `${message}.` : `The command failed: ${message}.`
}
