import { chmod, mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Child } from './child-process.ts'
import { reachableBy } from './account.ts'
import type { Account } from './account.ts'
import { reasonOf } from './error-code.ts'

// Waits for the end of its standard input, which comes when the process that made the folder has ended, however it
// ended. A folder still there then was not removed in order: end what is recorded in it, then remove it.
const orphanGuard = `
trap '' HUP INT TERM
cat >/dev/null
cd "$1" 2>/dev/null || exit 0
[ -f orphaned.sh ] && sh ./orphaned.sh >/dev/null 2>&1
for file in pids/*; do
  [ -f "$file" ] && kill -"$(cat "$file")" "\${file#pids/}" 2>/dev/null
done
for attempt in 1 2 3 4 5 6 7 8 9 10; do
  alive=
  for file in pids/*; do
    [ -f "$file" ] && kill -0 "\${file#pids/}" 2>/dev/null && alive=yes
  done
  [ "$alive" ] || break
  sleep 0.5
done
for file in pids/*; do
  [ -f "$file" ] && kill -KILL "\${file#pids/}" 2>/dev/null
done
cd /
rm -rf "$1"
`

/**
 * Names that RabbitMQ's scripts and Erlang take in paths: without spaces, quotes, and characters beyond ASCII; short enough for
 * sockets in there, whose paths have at most 107 bytes on Linux and 103 on macOS.
 */
const usable = /^[\w./+-]{1,60}$/

/**
 * A temporary folder for one server or run. It and the processes recorded in it do not outlive the process that
 * created it, even one that is killed without a chance to clean up.
 */
export class RunFolder {
  readonly path: string
  readonly #guard: Child

  private constructor(path: string, guard: Child) {
    this.path = path
    this.#guard = guard
  }

  /**
   * A new folder in TMPDIR, or in /tmp where TMPDIR is missing, read-only or not usable by servers. `account`: who must be able
   * to reach into it, if not only this process. Rejects with one sentence.
   */
  static async create(name: string, account?: Account): Promise<RunFolder> {
    let reason: unknown = 'its name is too long or has special characters'
    for (const base of new Set([tmpdir(), '/tmp'])) {
      try {
        if (!usable.test(base) || !(await reachableBy(base, account))) continue
        const path = await mkdtemp(join(base, `order-saga-${name}-`))
        if (account) await chmod(path, 0o711)
        return await RunFolder.#guarded(path)
      } catch (error) {
        reason = reasonOf(error)
      }
    }
    throw new Error(
      `Neither ${tmpdir()} nor /tmp can hold the servers' files (${String(reason)}): set TMPDIR to a writable folder with a short, plain name.`,
    )
  }

  /** A folder at that place, which must not exist. */
  static async at(path: string): Promise<RunFolder> {
    await mkdir(path, { mode: 0o700 })
    return RunFolder.#guarded(path)
  }

  static async #guarded(path: string): Promise<RunFolder> {
    await mkdir(join(path, 'pids'), { mode: 0o700 })
    const guard = await Child.start('/bin/sh', ['-c', orphanGuard, 'order-saga-guard', path], {
      cwd: '/',
      env: { PATH: process.env['PATH'] },
      stdio: ['pipe', 'ignore', 'ignore'],
    })
    return new RunFolder(path, guard)
  }

  /** Records a process that must end with this one, and the signal that ends it cleanly. */
  async record(pid: number, signal: 'TERM' | 'QUIT' | 'KILL'): Promise<void> {
    await writeFile(join(this.path, 'pids', String(pid)), signal)
  }

  /** To be called as soon as a recorded process has ended: its number may be given to another. */
  async forget(pid: number): Promise<void> {
    await rm(join(this.path, 'pids', String(pid)), { force: true })
  }

  /** A shell command that undoes what no signal can, run only when this process ends without `remove()`. */
  async recordCommand(command: string): Promise<void> {
    await writeFile(join(this.path, 'orphaned.sh'), `${command}\n`)
  }

  async remove(): Promise<void> {
    await rm(this.path, { recursive: true, force: true, maxRetries: 5 })
    this.#guard.closeStdin()
    await this.#guard.exited
  }
}
