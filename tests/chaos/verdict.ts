import { type CheckName, checkNames, checks, type Verdict } from './check-history.ts'

const maxFindings = 10

/** A line per check, followed by its first findings. */
export function formatVerdict(verdict: Verdict): string {
  const width = Math.max(...checkNames.map((name) => name.length))
  return checkNames
    .flatMap((name) => [
      `  ${verdict[name].length === 0 ? '✔' : '✘'} ${name.padEnd(width)} ${String(verdict[name].length).padStart(6)}   ${checks[name].promise}`,
      ...verdict[name].slice(0, maxFindings).map((finding) => `      ${finding}`),
      ...(verdict[name].length > maxFindings ? [`      and ${verdict[name].length - maxFindings} more`] : []),
    ])
    .join('\n')
}

/** The summary in Mocha's format, so that tools that count tests count the checks. */
export function closingLines(verdict: Verdict, tookMs: number): string {
  const failed = checkNames.filter((name: CheckName) => verdict[name].length > 0)
  const passing = `  ${checkNames.length - failed.length} passing (${Math.round(tookMs / 1000)}s)`
  return failed.length === 0 ? passing : `${passing}\n  ${failed.length} failing`
}
