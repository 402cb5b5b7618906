import { rm, stat, writeFile } from 'node:fs/promises'
import { failureText, runProgram } from './run-program.ts'

const policyFile = '/usr/sbin/policy-rc.d'
const timeouts = ['-o', 'DPkg::Lock::Timeout=300', '-o', 'Acquire::Retries=3']

export interface AptOptions {
  /** The remedy where nothing can be installed, as a sentence. */
  readonly advice: string
  readonly log?: ((line: string) => void) | undefined
  readonly signal?: AbortSignal | undefined
}

export async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}

// A package's service starts with its installation unless this file forbids it.
async function withoutServices(install: () => Promise<void>): Promise<void> {
  const hadPolicy = await exists(policyFile)
  if (!hadPolicy) await writeFile(policyFile, '#!/bin/sh\nexit 101\n', { mode: 0o755 })
  try {
    await install()
  } finally {
    if (!hadPolicy) await rm(policyFile, { force: true })
  }
}

/** Installs a package of Debian or Ubuntu, without starting its service. Rejects with the advice where it cannot. */
export async function aptInstall(name: string, { advice, log, signal }: AptOptions): Promise<void> {
  if (process.getuid?.() !== 0 || !(await exists('/usr/bin/apt-get'))) throw new Error(advice)
  log?.(`Installing ${name} with apt-get, once; this takes a minute`)
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  await withoutServices(async () => {
    // An old list of packages may do; only the installation's own failure counts.
    await runProgram('apt-get', ['update', '-qq', ...timeouts], { cwd: '/', env, signal })
    // Never cut short, which could leave the machine's packages half installed.
    const install = ['install', '-y', '-qq', '--no-install-recommends', ...timeouts, name]
    const result = await runProgram('apt-get', install, { cwd: '/', env })
    if (result.end !== 'exit code 0') {
      throw new Error(`${advice} Installing it with apt-get failed with ${failureText(result)}`)
    }
  })
}
