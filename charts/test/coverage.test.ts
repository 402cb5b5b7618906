import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { helms } from '../../tools/ci/src/programs.ts'
import { charts, type Loose, objectsWith, podsOf, templateWith } from './render.ts'

const tolerations = [{ key: 'dedicated', operator: 'Exists' }]
const requirement = { matchExpressions: [{ key: 'zone', operator: 'In', values: ['a'] }] }
const affinity = {
  nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [requirement] } },
}
const pod = {
  podLabels: { cost: 'shop' },
  podAnnotations: { note: 'here' },
  nodeSelector: { disk: 'ssd' },
  tolerations,
  affinity,
  priorityClassName: 'high',
}
const image = { pullSecrets: ['registry'] }
const values: Loose = {
  podLabels: { team: 'a' },
  image,
  defaults: { ...pod, serviceAccount: { create: false, name: 'given' } },
  operations: {
    serviceAccount: { create: false, name: 'given' },
    console: { enabled: true },
    operatorTokens: { secret: 'operators' },
    toolbox: { enabled: true },
    audit: { exporter: { enabled: true } },
  },
  rabbitmq: { ...pod, image, serviceAccount: { create: false, name: 'given' } },
}
const operatorMode = { ...values, rabbitmq: { ...values.rabbitmq, mode: 'operator', serviceAccount: {} } }

function check(name: string, metadata: Loose, spec: Loose): void {
  equal(metadata.labels.team, 'a', name)
  equal(metadata.labels.cost, 'shop', name)
  equal(metadata.annotations.note, 'here', name)
  deepEqual(spec.nodeSelector, pod.nodeSelector, name)
  equal(spec.priorityClassName, 'high', name)
}

for (const helm of helms()) {
  describe(`settings of pods, with ${helm}`, () => {
    it('apply to every pod of the chart', () => {
      const all = podsOf(objectsWith({ values, helm }))
      equal(all.length, 13)
      for (const { name, labels, annotations, spec } of all) {
        check(name, { labels, annotations }, spec)
        deepEqual(spec.tolerations, tolerations, name)
        deepEqual(spec.affinity, affinity, name)
        deepEqual(spec.imagePullSecrets, [{ name: 'registry' }], name)
        equal(spec.serviceAccountName, 'given', name)
      }
    })

    it('apply to the pods of the RabbitMQ Cluster Operator', () => {
      const [cluster] = objectsWith({ values: operatorMode, helm }).filter(({ kind }) => kind === 'RabbitmqCluster')
      const { metadata, spec } = cluster.spec.override.statefulSet.spec.template
      check('RabbitmqCluster', metadata, spec)
      deepEqual(cluster.spec.tolerations, tolerations)
      deepEqual(cluster.spec.affinity, affinity)
      deepEqual(cluster.spec.imagePullSecrets, [{ name: 'registry' }])
    })

    it('are rejected if the RabbitMQ Cluster Operator sets them', () => {
      for (const serviceAccount of [{ name: 'mine' }, { annotations: { a: 'b' } }]) {
        const given = { rabbitmq: { mode: 'operator', serviceAccount } }
        match(templateWith({ values: given, helm }).err, /at '\/serviceAccount\/(name|annotations)': max/)
      }
    })

    it('can name an existing ServiceAccount', () => {
      const serviceAccount = { create: false }
      const none = { defaults: { serviceAccount }, operations: { serviceAccount }, rabbitmq: { serviceAccount } }
      const rendered = objectsWith({ values: none, helm })
      for (const { name, spec } of podsOf(rendered)) equal(spec.serviceAccountName, 'default', name)
      equal(
        rendered.some(({ kind }) => kind === 'ServiceAccount'),
        false,
      )
    })

    it('apply to the broker if its chart is installed standalone', () => {
      const rendered = objectsWith({ chart: `${charts}rabbitmq`, values: pod, helm })
      ok(rendered.some(({ kind, spec }) => kind === 'StatefulSet' && spec.template.metadata.labels.cost === 'shop'))
    })

    it('change the name of a migration Job, whose template is immutable', () => {
      const names = (given: Loose): string[] =>
        objectsWith({ values: given, helm }).flatMap(({ kind, metadata }) =>
          kind === 'Job' ? [metadata.name as string] : [],
        )
      for (const given of [
        { podLabels: { a: 'b' } },
        { defaults: { podAnnotations: { a: 'b' } } },
        { defaults: { affinity } },
      ]) {
        equal(new Set([...names({}), ...names(given)]).size, 6, JSON.stringify(given))
      }
    })
  })
}
