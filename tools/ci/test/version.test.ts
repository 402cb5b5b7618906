import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { load } from 'js-yaml'
import { projectVersion } from '../src/release/version.ts'

interface Manifest {
  readonly version: string
  readonly dependencies?: Readonly<Record<string, string>>
  readonly devDependencies?: Readonly<Record<string, string>>
}

interface Chart {
  readonly version: string
  readonly appVersion: string
  readonly dependencies?: readonly { readonly version: string }[]
}

const root = new URL('../../../', import.meta.url)
const read = (path: string): string => readFileSync(new URL(path, root), 'utf8')
const workspaces = (JSON.parse(read('package.json')) as { workspaces: string[] }).workspaces

describe('the version of package.json', () => {
  const version = projectVersion()

  it('is the version of every workspace, and workspaces accept any version of each other', () => {
    assert(workspaces.length > 0)
    for (const workspace of workspaces) {
      const manifest = JSON.parse(read(`${workspace}/package.json`)) as Manifest
      assert.equal(manifest.version, version, workspace)
      for (const [name, range] of Object.entries({ ...manifest.dependencies, ...manifest.devDependencies })) {
        if (name.startsWith('@order-saga/')) assert.equal(range, '*', `${name} in ${workspace}`)
      }
    }
  })

  it('is the version and the appVersion of every chart', () => {
    for (const name of ['order-saga', 'rabbitmq', 'postgres']) {
      const chart = load(read(`charts/${name}/Chart.yaml`)) as Chart
      assert.equal(chart.version, version, name)
      for (const dependency of chart.dependencies ?? []) assert.equal(dependency.version, version, name)
    }
    assert.equal((load(read('charts/order-saga/Chart.yaml')) as Chart).appVersion, version)
  })

  it('is not in the Dockerfile, which gets it from the release', () => {
    assert.match(read('services/Dockerfile'), /^ARG VERSION=unknown$/m)
  })
})
