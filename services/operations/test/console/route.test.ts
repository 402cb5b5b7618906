import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { blockerKinds } from '@order-saga/order'
import { blockerLabels } from '../../src/console/page/format.ts'
import { hrefOf, routeOf } from '../../src/console/page/route.ts'

const alerts = readFileSync(new URL('../../../../charts/order-saga/files/alerts.yaml', import.meta.url), 'utf8')

describe('An address of the console', () => {
  const links = [...alerts.matchAll(/^ +console: '(.*)'$/gm)].map(([, link = '']) => link)

  it('is known if an alert links to it', () => {
    assert(links.length >= 10, `${links.length} alerts have a link`)
    assert.deepEqual(
      links.filter((link) => routeOf(link).problem !== undefined),
      [],
    )
  })

  it('exists for each kind of blocker', () => {
    assert.deepEqual(Object.keys(blockerLabels).toSorted(), ['any', ...blockerKinds].toSorted())
    for (const blocked of blockerKinds) assert.deepEqual(routeOf(hrefOf({ blocked })).filter, { blocked })
  })

  it('combines filters, whose values are encoded', () => {
    const filter = {
      status: 'pending',
      violations: true,
      blocked: 'any',
      customer: 'a&b=c d/é',
      olderThan: '5m',
    } as const
    assert.deepEqual(routeOf(hrefOf(filter)), {
      view: 'sagas',
      filter: { ...filter, olderThanMs: 300_000 },
      problem: undefined,
    })
  })

  const wrong = {
    'an unknown view': ['#/nonsense', 'The address #/nonsense names no view of the console.'],
    'a view of an object': ['#/constructor', 'The address #/constructor names no view of the console.'],
    'a path that is too long': ['#/saga/1/2', 'The address #/saga/1/2 names no view of the console.'],
    'a saga without id': ['#/saga/', 'The address #/saga/ names no view of the console.'],
    'an unknown kind': ['#/sagas?blocked=lok', '(blocked=lok)'],
    'a property of each object': ['#/sagas?blocked=toString', '(blocked=toString)'],
    'an unknown status': ['#/sagas/lost', '(status=lost)'],
    'an age without unit': ['#/sagas?olderThan=5', '(olderThan=5)'],
    'an age of millennia': ['#/sagas?olderThan=999999999d', '(olderThan=999999999d)'],
    'an unknown filter beside a known one': ['#/sagas?blocked=any&color=red', '(color=red)'],
    'a broken encoding': ['#/sagas/%E0%A4%A', '(status=%E0%A4%A)'],
  } as const
  for (const [name, [address, part]] of Object.entries(wrong)) {
    it(`says so with ${name}`, () => assert(routeOf(address).problem?.includes(part), routeOf(address).problem))
  }
})
