import { equal } from 'node:assert/strict'
import { charts, umbrella } from './render.ts'
import { helms, run } from '../../tools/ci/src/programs.ts'

const combinations: string[][] = [
  [],
  ['values-dev.yaml'],
  ['values-prod.yaml'],
  ['values-test.yaml'],
  ['values-prod.yaml', 'values-keda.yaml'],
  ['values-dev.yaml', 'values-keda.yaml'],
  ['values-prod.yaml', 'values-test.yaml'],
]

for (const helm of helms()) {
  describe(`${helm} lint --strict`, () => {
    for (const files of combinations) {
      it(`accepts order-saga with ${files.join(', ') || 'the defaults'}`, () => {
        const { code, out, err } = run(helm, [
          'lint',
          '--strict',
          umbrella,
          ...files.flatMap((file) => ['-f', `${umbrella}/${file}`]),
        ])
        equal(code, 0, out + err)
      })
    }

    it('accepts rabbitmq standalone', () => {
      const { code, out, err } = run(helm, ['lint', '--strict', `${charts}rabbitmq`])
      equal(code, 0, out + err)
    })

    it('accepts postgres standalone', () => {
      const named = ['--set', 'database=orders,owner=orders']
      const { code, out, err } = run(helm, ['lint', '--strict', `${charts}postgres`, ...named])
      equal(code, 0, out + err)
    })
  })
}
