import { readFileSync } from 'node:fs'
import type { Definitions } from '@order-saga/contracts'
import { root } from '../../support/runner/test-files.ts'

/** A test of the charts compares it with what Helm renders. */
const rendering = `${root}charts/order-saga/golden/production.yaml`

/** The definitions that the chart renders for production, in another virtual host, with the password of each user. */
export function chartDefinitions(vhost: string, passwordOf: (user: string) => string): Definitions {
  const [, text] = /^ {2}definitions\.json: \|\n((?: {4}.*\n)+)/m.exec(readFileSync(rendering, 'utf8')) ?? []
  const rendered = JSON.parse(text ?? '') as Definitions
  const inVhost = <T extends object>(all: readonly T[]): (T & { vhost: string })[] =>
    all.map((each) => ({ ...each, vhost }))
  return {
    ...rendered,
    users: rendered.users.map((user) => ({ ...user, password: passwordOf(user.name) })),
    vhosts: rendered.vhosts.map((each) => ({ ...each, name: vhost })),
    permissions: inVhost(rendered.permissions),
    topic_permissions: inVhost(rendered.topic_permissions),
    exchanges: inVhost(rendered.exchanges),
    queues: inVhost(rendered.queues),
    bindings: inVhost(rendered.bindings),
  }
}
