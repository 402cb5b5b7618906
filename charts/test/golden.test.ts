import { deepEqual, equal } from 'node:assert/strict'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { dump } from 'js-yaml'
import { type Loose, parse, render, template, umbrella, variantNames } from './render.ts'
import { helms } from '../../tools/ci/src/programs.ts'

const composeRules = fileURLToPath(new URL('../../tools/monitoring/compose/rules.yaml', import.meta.url))
const aboutComposeRules = '# Written by make charts-golden from the rules of the chart: change them there.\n'
const update = process.env['UPDATE_GOLDEN'] !== undefined
const fileOf = (variant: string): string => `${umbrella}/golden/${variant}.yaml`

/** Dashboards are compared with their files in another test. */
const withoutDashboards = (text: string): string =>
  text.replaceAll(/^ {2}(order-saga-\w+\.json): \|\n(?: {4}.*\n)+/gm, '  $1: the file of this name\n')

const identity = ({ kind, metadata }: Loose): string => `${kind}/${metadata.name}`
const sorted = (objects: Loose[]): Loose[] => objects.toSorted((a, b) => identity(a).localeCompare(identity(b)))

describe('golden renderings', () => {
  if (update) mkdirSync(`${umbrella}/golden`, { recursive: true })

  for (const variant of variantNames) {
    for (const helm of helms()) {
      it(`${variant} equals its golden file, with ${helm}`, () => {
        const now = withoutDashboards(render(variant, helm))
        if (update && helm === helms()[0]) writeFileSync(fileOf(variant), now)
        const before = readFileSync(fileOf(variant), 'utf8')
        // Helm versions differ in blank lines and in the order of unknown kinds.
        deepEqual(
          sorted(parse(now)),
          sorted(parse(before)),
          `${variant} changed: review it, then run make charts-golden`,
        )
      })
    }
  }

  it('the rules for Docker Compose equal those of the chart', () => {
    const shown = ['alerts.yaml', 'charts/rabbitmq/templates/monitoring.yaml'].flatMap((name) => [
      '--show-only',
      name.startsWith('charts') ? name : `templates/${name}`,
    ])
    const { out, err } = template([...shown, '--namespace', 'order-saga'], undefined, 'order-saga')
    const rules = parse(out).filter(({ kind }) => kind === 'PrometheusRule')
    equal(rules.length, 2, err)
    const groups = rules.flatMap(({ spec }) => spec.groups)
    if (update) writeFileSync(composeRules, `${aboutComposeRules}${dump({ groups }, { lineWidth: 120 })}`)
    deepEqual(parse(readFileSync(composeRules, 'utf8')), [{ groups }], 'the rules changed: run make charts-golden')
  })

  it('every object of a rendering has a unique kind and name', () => {
    for (const variant of variantNames) {
      const names = parse(render(variant)).map(identity)
      equal(new Set(names).size, names.length, variant)
    }
  })
})
