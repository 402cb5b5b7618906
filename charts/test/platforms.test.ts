import { deepEqual, equal, match } from 'node:assert/strict'
import { helms } from '../../tools/ci/src/programs.ts'
import { type Loose, objects, objectsWith, podsOf, templateWith, variantNames } from './render.ts'

const none = { runAsUser: null, runAsGroup: null, fsGroup: null }

/** Paths with an empty list, which the API server does not store. */
function emptyLists(value: Loose, at: string): string[] {
  if (value === null || typeof value !== 'object') return []
  if (Array.isArray(value) && value.length === 0) return [at]
  return Object.entries(value).flatMap(([key, inner]) => emptyLists(inner, `${at}.${key}`))
}

describe('network policies', () => {
  for (const variant of variantNames) {
    it(`of ${variant} have no empty list, which would increment their generation at every upgrade`, () => {
      deepEqual(
        objects(variant, 'NetworkPolicy').flatMap((policy) => emptyLists(policy.spec, policy.metadata.name)),
        [],
      )
    })
  }
})

for (const helm of helms()) {
  describe(`platforms, with ${helm}`, () => {
    it('that assign user ids can do so for every pod', () => {
      const values = { defaults: { podSecurityContext: none }, rabbitmq: { podSecurityContext: none } }
      for (const { name, spec } of podsOf(objectsWith({ values, helm }))) {
        deepEqual(
          Object.keys(spec.securityContext).filter((key) => key in none),
          [],
          name,
        )
        equal(spec.securityContext.runAsNonRoot, true, name)
        for (const { securityContext } of [...spec.containers, ...(spec.initContainers ?? [])]) {
          deepEqual(
            Object.keys(securityContext).filter((key) => key in none),
            [],
            name,
          )
        }
      }
    })

    it('run the broker as the image user unless overridden', () => {
      const broker = podsOf(objectsWith({ helm })).find(({ name }) => name === 'StatefulSet/shop-rabbitmq')
      const { runAsUser, runAsGroup, fsGroup } = broker?.spec.securityContext ?? {}
      deepEqual([runAsUser, runAsGroup, fsGroup], [999, 999, 999])
    })

    for (const schedule of ['17 * * * *', '*/5 1-3 * * 1,2', '@hourly', '@every 6h']) {
      it(`accept the schedule ${schedule}`, () => {
        const [audit] = objectsWith({ values: { operations: { audit: { schedule } } }, helm }).filter(
          ({ kind }) => kind === 'CronJob',
        )
        equal(audit.spec.schedule, schedule)
      })
    }

    for (const schedule of ['hourly', '@often', '* * * *', '0 17 * * * *']) {
      it(`reject the schedule ${schedule}`, () => {
        match(templateWith({ values: { operations: { audit: { schedule } } }, helm }).err, /audit\/schedule/)
      })
    }
  })
}
