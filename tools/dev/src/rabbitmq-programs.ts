import { readFile, realpath, stat } from 'node:fs/promises'
import { delimiter, dirname, join } from 'node:path'

// Debian's wrapper becomes the user rabbitmq and works in that user's folders: it cannot run a private node.
const wrapperMark = /rabbitmq-script-wrapper|su rabbitmq/

/**
 * The folder that holds a real rabbitmq-server and rabbitmqctl (never Debian's wrappers of them), or undefined when the
 * machine has none.
 */
export async function machineRabbitMq(): Promise<string | undefined> {
  const onPath = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '')
  const folders = [...onPath, '/usr/lib/rabbitmq/bin', '/opt/homebrew/sbin', '/usr/local/sbin', '/usr/sbin']
  for (const folder of folders) {
    try {
      const server = await realpath(join(folder, 'rabbitmq-server'))
      if (wrapperMark.test(server) || wrapperMark.test(await readFile(server, 'utf8'))) continue
      await stat(join(dirname(server), 'rabbitmqctl'))
      return dirname(server)
    } catch {
      // Not in this folder.
    }
  }
  return undefined
}
