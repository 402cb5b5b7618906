import { fileURLToPath } from 'node:url'
import { command } from './command.ts'

const root = fileURLToPath(new URL('../../../', import.meta.url))
const variants = fileURLToPath(new URL('../images/', import.meta.url))
const buildLimitMs = 600_000

const services = ['order', 'payment', 'inventory', 'notification'] as const

/**
 * The tag of the images under test, of two order services with a migration more (one that works, one that fails), and of
 * the previous release.
 */
export const tags = { tested: 'e2e', nextSchema: 'e2e-next', badSchema: 'e2e-bad', previous: 'e2e-previous' } as const

/** Builds all images and brings them into the cluster. */
export async function buildAndLoadImages(): Promise<string> {
  const tested = await buildServices([...services, 'operations'], root, tags.tested)
  const next = `order-saga/order:${tags.nextSchema}`
  const bad = `order-saga/order:${tags.badSchema}`
  await docker(['--build-arg', `FROM=order-saga/order:${tags.tested}`, '--tag', next, `${variants}next-schema`])
  await docker(['--build-arg', `FROM=${next}`, '--tag', bad, `${variants}bad-schema`])
  return loadImages([...tested, next, bad])
}

/** Builds the services of the previous release from its sources, by its own Dockerfile, and brings them into the cluster. */
export async function buildAndLoadPreviousImages(sources: string): Promise<string> {
  return loadImages(await buildServices(services, `${sources}/`, tags.previous))
}

/** @returns the names of the images */
async function buildServices(names: readonly string[], sources: string, tag: string): Promise<string[]> {
  const images: string[] = []
  for (const service of names) {
    const image = `order-saga/${service}:${tag}`
    await docker([
      '--file',
      `${sources}services/Dockerfile`,
      '--build-arg',
      `SERVICE=${service}`,
      '--tag',
      image,
      sources,
    ])
    images.push(image)
  }
  return images
}

async function docker(args: readonly string[]): Promise<void> {
  await command(process.env['DOCKER'] ?? 'docker', ['build', '--quiet', ...args], { limitMs: buildLimitMs })
}

/** kind has a command for it; of any other cluster only its owner knows how. */
async function loadImages(images: readonly string[]): Promise<string> {
  const own = process.env['IMAGE_LOAD']
  if (own) {
    await command('sh', ['-c', `${own} "$@"`, 'sh', ...images], { limitMs: buildLimitMs })
    return `${images.length} images, loaded by ${own.split('/').at(-1)}`
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
  return `${images.length} images, loaded by kind load`
}
