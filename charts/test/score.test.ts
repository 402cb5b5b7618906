import { equal, match, notEqual } from 'node:assert/strict'
import { objects, render, variantNames } from './render.ts'
import { tool } from '../../tools/ci/src/go-tools.ts'
import { run } from '../../tools/ci/src/programs.ts'

interface Scored {
  object_name: string
  checks: { check: { id: string }; grade: number; skipped: boolean; comments: { summary: string }[] | null }[]
}

/** Grades of kube-score: 1 critical, 5 warning, 7 almost OK, 10 all OK. */
const critical = 1

describe('kube-score', () => {
  before(function () {
    this.timeout(600_000)
    tool('kube-score')
  })

  it('reports nothing critical for the production values', () => {
    const { out } = run(tool('kube-score'), ['score', '--output-format', 'json', '-'], render('production'))
    const findings = (JSON.parse(out) as Scored[]).flatMap(({ object_name: name, checks }) =>
      checks
        .filter(({ grade, skipped }) => grade === critical && !skipped)
        .map(({ check, comments }) => `${name}: ${check.id} ${(comments ?? []).map((c) => c.summary).join()}`),
    )
    equal(findings.join('\n'), '')
  })

  it('ignores no check without a documented reason', () => {
    for (const variant of variantNames) {
      for (const { kind, metadata } of objects(variant)) {
        const { annotations = {}, name } = metadata
        if (annotations['kube-score/ignore'] === undefined) continue
        notEqual(annotations['order-saga/why-ignored'], undefined, `${kind}/${name}`)
        match(annotations['order-saga/why-ignored'], /\w+ \w+/)
      }
    }
  })
})
