import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { must } from '../programs.ts'
import { sbomOf } from './sbom.ts'

export interface ReleaseOptions {
  readonly version: string
  /** The commit in the label of the images. */
  readonly revision: string
  /** The registry of images and chart, such as `ghcr.io/example`. */
  readonly registry: string
  /** Receives the chart, the SBOMs and SHA256SUMS; its earlier content is removed. */
  readonly folder: string
  /** The base image of the services; undefined: the default of the Dockerfile. */
  readonly nodeImage?: string | undefined
  readonly docker: string
  readonly helm: string
  readonly log: (line: string) => void
}

export const services = ['order', 'payment', 'inventory', 'notification', 'operations'] as const

const chart = 'charts/order-saga'

/** Builds the images, packages the chart and writes SBOMs and checksums. Nothing is pushed. */
export function buildRelease(options: ReleaseOptions): void {
  const { version, revision, nodeImage, folder, docker, helm, log } = options
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  for (const service of services) {
    const image = imageOf(options, service)
    log(`build ${image}`)
    const base = nodeImage ? { NODE_IMAGE: nodeImage } : {}
    const values = { SERVICE: service, VERSION: version, REVISION: revision, ...base }
    const buildArgs = Object.entries(values).map(([name, value]) => `--build-arg=${name}=${value}`)
    must(docker, ['build', '--quiet', '--file=services/Dockerfile', ...buildArgs, `--tag=${image}`, '.'])
    const sbom = sbomOf(docker, image, service, version)
    writeFileSync(join(folder, `${service}-${version}.cdx.json`), `${JSON.stringify(sbom, undefined, 2)}\n`)
  }
  log(`package ${chart}`)
  must(helm, ['dependency', 'build', '--skip-refresh', chart])
  must(helm, ['package', chart, `--version=${version}`, `--app-version=${version}`, `--destination=${folder}`])
  const files = readdirSync(folder).toSorted()
  writeFileSync(join(folder, 'SHA256SUMS'), files.map((file) => `${sha256(join(folder, file))}  ${file}\n`).join(''))
}

/** The commands that push the images and the chart of `buildRelease`. */
export function pushCommands(options: ReleaseOptions): string[][] {
  const { version, registry, folder, docker, helm } = options
  return [
    ...services.map((service) => [docker, 'push', imageOf(options, service)]),
    [helm, 'push', join(folder, `order-saga-${version}.tgz`), `oci://${registry}/charts`],
  ]
}

function imageOf({ registry, version }: ReleaseOptions, service: string): string {
  return `${registry}/order-saga/${service}:${version}`
}

function sha256(file: string): string {
  return createHash('sha256').update(readFileSync(file)).digest('hex')
}
