import { readFileSync } from 'node:fs'
import { dump, load } from 'js-yaml'
import { must } from '../programs.ts'
import { services } from './release.ts'

export interface DigestOptions {
  readonly docker: string
  /** The version and the registry of the services' images; without a registry only the base images are listed. */
  readonly version: string
  readonly registry: string | undefined
}

interface Image {
  readonly name?: string
  readonly registry?: string
  readonly repository?: string
  readonly tag?: string
}

const digest = /@(sha256:[0-9a-f]{64})$/

/**
 * A values file with the digests that `global.production.requireDigests` demands. The digest of an image is the one that
 * the registry now has for its tag, and of an image for several platforms the digest of the whole list.
 * @throws Error with Docker's message when an image is not in its registry
 */
export function digestValues(options: DigestOptions): string {
  const { version, registry } = options
  const of = (reference: string): { image: { digest: string } } => ({ image: { digest: digestOf(options, reference) } })
  const own = (service: string): ReturnType<typeof of> => of(`${registry}/order-saga/${service}:${version}`)
  const rabbitmq = imageOf('charts/rabbitmq/values.yaml')
  const database = of(imageOf('charts/postgres/values.yaml').name ?? '')
  const node = baseImage()
  const values = {
    ...(registry && {
      image: { registry },
      services: Object.fromEntries(services.filter((name) => name !== 'operations').map((name) => [name, own(name)])),
      operations: own('operations'),
    }),
    rabbitmq: of([rabbitmq.registry, `${rabbitmq.repository}:${rabbitmq.tag}`].filter(Boolean).join('/')),
    ...Object.fromEntries(['order-db', 'payment-db', 'inventory-db'].map((name) => [name, database])),
  }
  const base = `# Base image of the services, for make release: NODE_IMAGE=${node}@${digestOf(options, node)}\n`
  return base + dump(values, { noRefs: true, lineWidth: 120 })
}

function digestOf({ docker }: DigestOptions, reference: string): string {
  must(docker, ['pull', '--quiet', reference])
  const listed = must(docker, ['image', 'inspect', '--format={{join .RepoDigests "\\n"}}', reference])
  const repository = reference.replace(/:[^:/]+$/, '')
  const lines = listed.trim().split('\n')
  // An image that was pushed to several registries has a digest in each; Docker omits the registry of its own hub.
  const found = lines.find((line) => line.startsWith(`${repository}@`)) ?? (lines.length === 1 ? lines[0] : undefined)
  const [, value] = digest.exec(found ?? '') ?? []
  if (value === undefined) throw new Error(`${reference} has no digest: push it to its registry first.`)
  return value
}

function imageOf(values: string): Image {
  return (load(readFileSync(values, 'utf8')) as { image: Image }).image
}

/** The default of the Dockerfile's build argument. */
function baseImage(): string {
  const [, image] = /^ARG NODE_IMAGE=(\S+)$/m.exec(readFileSync('services/Dockerfile', 'utf8')) ?? []
  if (image === undefined) throw new Error('services/Dockerfile has no build argument NODE_IMAGE.')
  return image
}
