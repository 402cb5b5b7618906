import { fileURLToPath } from 'node:url'
import { command } from './command.ts'

const root = fileURLToPath(new URL('../../../', import.meta.url))
const variants = fileURLToPath(new URL('../images/', import.meta.url))
const buildLimitMs = 600_000

const built = ['order', 'payment', 'inventory', 'notification', 'operations'] as const

/** The tag of the images under test, and of two order services with a migration more: one that works, one that fails. */
export const tags = { tested: 'e2e', nextSchema: 'e2e-next', badSchema: 'e2e-bad' } as const

/** Builds all images and brings them into the cluster. */
export async function buildAndLoadImages(): Promise<string> {
  for (const service of built) {
    const image = `order-saga/${service}:${tags.tested}`
    await docker(['--file', `${root}services/Dockerfile`, '--build-arg', `SERVICE=${service}`, '--tag', image, root])
  }
  const next = `order-saga/order:${tags.nextSchema}`
  const bad = `order-saga/order:${tags.badSchema}`
  await docker(['--build-arg', `FROM=order-saga/order:${tags.tested}`, '--tag', next, `${variants}next-schema`])
  await docker(['--build-arg', `FROM=${next}`, '--tag', bad, `${variants}bad-schema`])
  const images = [...built.map((service) => `order-saga/${service}:${tags.tested}`), next, bad]
  const loader = await loadImages(images)
  return `${images.length} images, loaded by ${loader}`
}

async function docker(args: readonly string[]): Promise<void> {
  await command(process.env['DOCKER'] ?? 'docker', ['build', '--quiet', ...args], { limitMs: buildLimitMs })
}

/** kind has a command for it; of any other cluster only its owner knows how. */
async function loadImages(images: readonly string[]): Promise<string> {
  const own = process.env['IMAGE_LOAD']
  if (own) {
    await command('sh', ['-c', `${own} "$@"`, 'sh', ...images], { limitMs: buildLimitMs })
    return own.split('/').at(-1) ?? own
  }
  const context = (await command('kubectl', ['config', 'current-context'])).trim()
  if (!context.startsWith('kind-')) {
    throw new Error(
      `The cluster ${context} is not one of kind: set IMAGE_LOAD to the command that copies images into it, as in IMAGE_LOAD="k3d image import".`,
    )
  }
  await command('kind', ['load', 'docker-image', '--name', context.slice('kind-'.length), ...images], {
    limitMs: buildLimitMs,
  })
  return 'kind load'
}
