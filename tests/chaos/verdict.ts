import { type CheckName, checkNames, checks, type Verdict } from './check-history.ts'

const shown = 10

/** The table for people: a line per check, below it the first of what was found. */
export function formatVerdict(verdict: Verdict): string {
  const width = Math.max(...checkNames.map((name) => name.length))
  return checkNames
    .flatMap((name) => [
      `  ${verdict[name].length === 0 ? '✔' : '✘'} ${name.padEnd(width)} ${String(verdict[name].length).padStart(6)}   ${checks[name].promise}`,
      ...verdict[name].slice(0, shown).map((finding) => `      ${finding}`),
      ...(verdict[name].length > shown ? [`      and ${verdict[name].length - shown} more`] : []),
    ])
    .join('\n')
}

/** The closing lines of a test runner, so that whoever counts tests counts these. */
export function closingLines(verdict: Verdict, tookMs: number): string {
  const failed = checkNames.filter((name: CheckName) => verdict[name].length > 0)
  const passing = `  ${checkNames.length - failed.length} passing (${Math.round(tookMs / 1000)}s)`
  return failed.length === 0 ? passing : `${passing}\n  ${failed.length} failing`
}
