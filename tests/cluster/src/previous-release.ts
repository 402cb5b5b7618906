import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { previousCommit as commit } from '../../support/previous-release.ts'
import { command } from './command.ts'

const root = fileURLToPath(new URL('../../../', import.meta.url))

/**
 * The sources of the previous release, in a temporary folder that is removed when this process ends.
 * @returns the path of the folder
 * @throws Error with one sentence when this clone does not contain the commit
 */
export async function previousSources(): Promise<string> {
  const known = await command('git', ['-C', root, 'cat-file', '-e', `${commit}^{commit}`]).then(
    () => true,
    () => false,
  )
  if (!known) {
    throw new Error(
      `This clone does not contain ${commit}, the commit of the previous release: fetch it with git fetch --unshallow.`,
    )
  }
  const folder = mkdtempSync(join(tmpdir(), 'order-saga-previous-'))
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  const archive = join(folder, 'sources.tar')
  await command('git', ['-C', root, 'archive', `--output=${archive}`, commit])
  await command('tar', ['-xf', archive, '-C', folder])
  return folder
}
