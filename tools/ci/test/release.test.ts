import assert from 'node:assert/strict'
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { must } from '../src/programs.ts'
import { digestValues } from '../src/release/digests.ts'
import { buildRelease, pushCommands, type ReleaseOptions, services } from '../src/release/release.ts'
import type { Sbom } from '../src/release/sbom.ts'

const digest = `sha256:${'0123456789abcdef'.repeat(4)}`

/** Records its arguments; fakes `docker run`, `docker image inspect` and `helm package`. */
const program = (folder: string): string => `#!/bin/sh
echo "$*" >>'${folder}/calls'
case $1 in
run) printf 'debian 13 v26.10.0\\nlibc6\\t2.41-12+deb13u1\\tamd64\\ntzdata\\t2026b-0+deb13u1\\tall\\n' ;;
image) case "$4" in
  */inventory:*) echo ;;
  *) printf 'other.example/%s@sha256:0\\n%s@${digest}\\n' "\${4%:*}" "\${4%:*}" ;;
  esac ;;
package) : >'${folder}/release/order-saga-1.2.3.tgz' ;;
esac
`

describe('a release', function () {
  // It runs programs, one after another.
  this.timeout(120_000)

  const folder = mkdtempSync(join(tmpdir(), 'order-saga-release-'))
  const stub = join(folder, 'program')
  const options: ReleaseOptions = {
    version: '1.2.3',
    revision: 'abc',
    registry: 'registry.example',
    folder: join(folder, 'release'),
    docker: stub,
    helm: stub,
    log: () => undefined,
  }
  const read = (file: string): string => readFileSync(join(options.folder, file), 'utf8')
  let calls: string[]

  before(() => {
    writeFileSync(stub, program(folder))
    chmodSync(stub, 0o755)
    buildRelease(options)
    calls = readFileSync(join(folder, 'calls'), 'utf8').split('\n')
  })
  after(() => rmSync(folder, { recursive: true }))

  it('builds every image with its version and commit, and pushes nothing', () => {
    const builds = calls.filter((call) => call.startsWith('build '))
    assert.equal(builds.length, services.length)
    for (const [index, service] of services.entries()) {
      const args = `--build-arg=SERVICE=${service} --build-arg=VERSION=1.2.3 --build-arg=REVISION=abc`
      assert(builds[index]?.includes(`${args} --tag=registry.example/order-saga/${service}:1.2.3`), builds[index])
    }
    assert.deepEqual(
      calls.filter((call) => call.startsWith('push')),
      [],
    )
  })

  it('packages the chart with the same version', () => {
    const [call = ''] = calls.filter((each) => each.startsWith('package '))
    assert.match(call, /^package charts\/order-saga --version=1\.2\.3 --app-version=1\.2\.3 /)
  })

  it('has an SBOM per image with npm packages, Node.js and Debian packages', () => {
    const { metadata, components } = JSON.parse(read('order-1.2.3.cdx.json')) as Sbom
    const { name, version } = metadata.component as { name: string; version: string }
    assert.deepEqual([name, version], ['order-saga/order', '1.2.3'])
    const urls = components.map(({ purl }) => purl)
    assert(urls.includes('pkg:generic/node@26.10.0'))
    assert(urls.includes('pkg:deb/debian/libc6@2.41-12%2Bdeb13u1?arch=amd64&distro=debian-13'))
    for (const expected of ['koa', 'pg', 'pg-protocol', 'amqplib']) {
      assert(
        urls.some((url) => url.startsWith(`pkg:npm/${expected}@`)),
        expected,
      )
    }
    assert.equal(new Set(components.map((each) => each['bom-ref'])).size, components.length)
  })

  it('omits development packages from the SBOM', () => {
    const text = read('notification-1.2.3.cdx.json')
    assert(text.includes('pkg:npm/nodemailer@'))
    for (const absent of ['smtp-server', 'typescript', 'mocha']) assert(!text.includes(`${absent}@`), absent)
  })

  it('has checksums of all its files in the format of sha256sum', () => {
    const names = read('SHA256SUMS').trim().split('\n')
    assert.equal(names.length, readdirSync(options.folder).length - 1)
    must('sh', ['-c', `cd '${options.folder}' && sha256sum --check --strict SHA256SUMS`])
  })

  it('is built on another base image if that is given', () => {
    buildRelease({ ...options, nodeImage: `node:26-slim@${digest}` })
    const builds = readFileSync(join(folder, 'calls'), 'utf8')
      .split('\n')
      .filter((call) => call.startsWith('build '))
    assert.equal(builds.filter((call) => call.includes(` --build-arg=NODE_IMAGE=node:26-slim@${digest} `)).length, 5)
  })

  it('has a values file with the digests of the base images, and with a registry of its own images', () => {
    const of = (registry?: string): string => digestValues({ docker: stub, version: '1.2.3', registry })
    assert.match(
      of(),
      new RegExp(`NODE_IMAGE=node:[^@]+@${digest}\\nrabbitmq:\\n {2}image:\\n {4}digest: ${digest}\\norder-db:`),
    )
    assert.throws(() => of('registry.example'), /inventory:1\.2\.3 has no digest: push it to its registry first/)
    writeFileSync(stub, program(folder).replace('*/inventory:*', 'none'))
    assert.equal(of('registry.example').split(digest).length - 1, 1 + 5 + 1 + 3)
  })

  it('publishes the images, then the chart as an OCI artefact', () => {
    assert.deepEqual(
      pushCommands(options).map((command) => command.slice(1).join(' ')),
      [
        ...services.map((service) => `push registry.example/order-saga/${service}:1.2.3`),
        `push ${options.folder}/order-saga-1.2.3.tgz oci://registry.example/charts`,
      ],
    )
  })
})
