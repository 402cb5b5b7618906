import { parseArgs } from 'node:util'
import { ConfigurationError, loadConfig, messageOf } from '@order-saga/chassis'
import { audit } from './audit/audit.ts'
import { formatReport } from './audit/format-report.ts'
import { type AuditConfig, auditSettings, auditSources } from './audit-config.ts'

export const exitCodes = { clean: 0, violated: 1, notDone: 2 } as const

export interface Output {
  readonly out: (text: string) => void
  readonly error: (text: string) => void
}

export const standardOutput: Output = {
  out: (text) => process.stdout.write(`${text}\n`),
  error: (text) => process.stderr.write(`${text}\n`),
}

/** Prints the reason as one sentence. @returns the exit code */
export function notDone(what: string, error: unknown, { error: print }: Output): number {
  const reason = messageOf(error).replace(/\.$/, '')
  print(error instanceof ConfigurationError ? `${reason}.` : `The ${what} could not be done: ${reason}.`)
  return exitCodes.notDone
}

/** Each flag overrides the environment variable of its setting. */
const flags = {
  'settle-ms': auditSettings.settleMs,
  'tolerance-ms': auditSettings.toleranceMs,
  'allow-dead-letters': auditSettings.allowDeadLetters,
  'allow-parked-events': auditSettings.allowParkedEvents,
  'client-log': auditSettings.clientLog,
} as const

/**
 * Runs the `audit` command: prints the report, or one sentence when the audit cannot run.
 * @returns the exit code
 */
export async function runAudit(
  args: readonly string[],
  environment: NodeJS.ProcessEnv,
  print: Output,
): Promise<number> {
  try {
    const { json, help, env } = readArguments(args)
    if (help) {
      print.out(usage())
      return exitCodes.clean
    }
    const config = loadConfig<AuditConfig>(auditSettings, { ...environment, ...env })
    const report = await audit(auditSources(config), config)
    print.out(json ? JSON.stringify(report) : formatReport(report))
    return report.clean ? exitCodes.clean : exitCodes.violated
  } catch (error) {
    return notDone('audit', error, print)
  }
}

function readArguments(args: readonly string[]): { json: boolean; help: boolean; env: NodeJS.ProcessEnv } {
  const text = Object.fromEntries(Object.keys(flags).map((flag) => [flag, { type: 'string' as const }]))
  const options = { ...text, json: { type: 'boolean' as const }, help: { type: 'boolean' as const } }
  try {
    const { values } = parseArgs({ args: [...args], options })
    const env: NodeJS.ProcessEnv = {}
    for (const [flag, setting] of Object.entries(flags)) {
      const value = values[flag as keyof typeof values]
      if (typeof value === 'string') env[setting.env] = value
    }
    return { json: values.json === true, help: values.help === true, env }
  } catch (error) {
    throw new ConfigurationError(`${messageOf(error).split('. ')[0] ?? ''}; --help lists the options`)
  }
}

function usage(): string {
  const lines = Object.entries(flags).map(([flag, { env, doc }]) => `  --${flag.padEnd(20)}  ${doc} (${env})`)
  return ['usage: npm run audit -- [options]', '', ...lines, `  --${'json'.padEnd(20)}  The report as JSON.`].join('\n')
}
