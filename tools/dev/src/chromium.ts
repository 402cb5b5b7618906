import { delimiter, join } from 'node:path'
import { aptInstall, exists } from './apt.ts'

const names = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome']
const advice = 'No Chromium was found: install it, or set CHROMIUM to its program.'

/**
 * The path of a Chromium: what CHROMIUM says, else one on the PATH, else Debian's or Ubuntu's, installed where this process
 * is root. Rejects with what to do where there is none.
 */
export async function findChromium(log?: (line: string) => void): Promise<string> {
  const given = process.env['CHROMIUM']
  if (given !== undefined && given !== '') {
    if (await exists(given)) return given
    throw new Error(`CHROMIUM is ${JSON.stringify(given)}, and there is no such program.`)
  }
  const found = await onPath()
  if (found !== undefined) return found
  await aptInstall('chromium', { advice, log })
  const installed = await onPath()
  if (installed === undefined) throw new Error(advice)
  return installed
}

async function onPath(): Promise<string | undefined> {
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '')
  for (const folder of [...folders, '/usr/bin']) {
    for (const name of names) if (await exists(join(folder, name))) return join(folder, name)
  }
  return undefined
}
