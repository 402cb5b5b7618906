import { deepEqual, equal, match, notEqual, ok } from 'node:assert/strict'
import { type Loose, objects, pods, umbrella, type Variant, variantNames } from './render.ts'
import { readFileSync } from 'node:fs'

/** Pods for operators, with one replica: they do not take part in the saga. */
const operations = ['toolbox', 'audit-exporter', 'console']
const containersOf = (spec: Loose): Loose[] => [...(spec.initContainers ?? []), ...spec.containers]

for (const variant of variantNames) {
  describe(`pods of ${variant}`, () => {
    for (const { name, spec } of pods(variant)) {
      it(`${name} is restricted`, () => {
        const { securityContext: pod } = spec
        equal(pod.runAsNonRoot, true)
        equal(pod.seccompProfile.type, 'RuntimeDefault')
        for (const { name: container, securityContext: own } of containersOf(spec)) {
          equal(own.allowPrivilegeEscalation, false, container)
          deepEqual(own.capabilities.drop, ['ALL'], container)
          equal(own.capabilities.add, undefined, container)
          notEqual(own.privileged, true, container)
          // Live update copies changed code into the running container.
          if (variant !== 'development' || pod.runAsUser === 999) equal(own.readOnlyRootFilesystem, true, container)
          ok((own.runAsUser ?? pod.runAsUser) > 0, container)
        }
        for (const volume of spec.volumes ?? []) equal(volume.hostPath, undefined)
        for (const key of ['hostNetwork', 'hostPID', 'hostIPC']) notEqual(spec[key], true)
      })

      it(`${name} has no token and no service links`, () => {
        equal(spec.automountServiceAccountToken, false)
        equal(spec.enableServiceLinks, false)
      })

      it(`${name} has resource requests and limits`, () => {
        for (const { name: container, resources } of containersOf(spec)) {
          for (const resource of ['cpu', 'memory', 'ephemeral-storage']) {
            notEqual(resources.requests[resource], undefined, `${container}: requests.${resource}`)
            notEqual(resources.limits[resource], undefined, `${container}: limits.${resource}`)
          }
        }
      })

      it(`${name} reads secrets from Secrets`, () => {
        for (const { command = [], args = [], env = [] } of containersOf(spec)) {
          for (const word of [...command, ...args]) ok(!/password|secret|:\/\//i.test(word), word)
          for (const { name: variable, value, valueFrom } of env) {
            if (/(PASSWORD|API_KEY|TOKEN)$/.test(variable)) notEqual(valueFrom?.secretKeyRef, undefined, variable)
            ok(!/:\/\/[^/@]*:[^@]*@/.test(value ?? ''), variable)
          }
        }
      })
    }

    it('variables precede the variables that refer to them', () => {
      for (const { name, spec } of pods(variant)) {
        for (const { env = [] } of containersOf(spec)) {
          const seen = new Set<string>()
          for (const { name: variable, value = '' } of env) {
            for (const [, used] of String(value).matchAll(/\$\(([A-Z_]+)\)/g))
              ok(seen.has(used ?? ''), `${name}: ${used}`)
            ok(!seen.has(variable), `${name}: ${variable} is set twice`)
            seen.add(variable)
          }
        }
      }
    })

    it("each mount of a database's Secret contains only the certificate", () => {
      for (const { spec } of pods(variant)) {
        for (const { name, secret } of spec.volumes ?? []) {
          if (String(name).endsWith('-db-ca')) equal(secret.items.length, 1)
        }
      }
    })

    it('Deployments with an autoscaler have no replicas', () => {
      for (const { metadata, spec } of objects(variant, 'Deployment')) {
        if (!operations.includes(metadata.labels['app.kubernetes.io/component']))
          equal(spec.replicas, undefined, metadata.name)
      }
    })

    it('exactly one object scales each service', () => {
      const targets = [...objects(variant, 'HorizontalPodAutoscaler'), ...objects(variant, 'ScaledObject')].map(
        ({ spec }) => spec.scaleTargetRef.name,
      )
      equal(new Set(targets).size, targets.length)
      equal(targets.length, variant === 'development' ? 0 : 4)
    })

    it('old pods serve until new ones are ready', () => {
      for (const { metadata, spec } of objects(variant, 'Deployment')) {
        if (operations.includes(metadata.labels['app.kubernetes.io/component'])) continue
        equal(spec.strategy.rollingUpdate.maxUnavailable, 0)
        const [{ env, lifecycle }] = spec.template.spec.containers
        const limit = Number(env.find(({ name }: Loose) => name === 'SHUTDOWN_TIMEOUT_MS').value)
        const sleep = (lifecycle?.preStop.sleep.seconds ?? 0) * 1_000
        ok(limit + sleep < spec.template.spec.terminationGracePeriodSeconds * 1_000, metadata.name)
      }
    })
  })
}

const names = (variant: Variant): string[] => objects(variant, 'Job').map(({ metadata }) => metadata.name)

describe('migrations', () => {
  it('have names that depend on the pod template', () => {
    equal(new Set([...names('test'), ...names('production')]).size, 6)
  })

  it('keep a failed pod and its log', () => {
    for (const { spec } of objects('production', 'Job')) {
      equal(spec.template.spec.restartPolicy, 'Never')
      equal(spec.ttlSecondsAfterFinished, undefined)
      equal(spec.template.spec.containers[0].terminationMessagePolicy, 'FallbackToLogsOnError')
    }
  })

  it('are waited for by each pod with a database', () => {
    for (const { name, spec } of pods('production')) {
      if (!/^Deployment\/shop-(order|payment|inventory)$/.test(name)) continue
      match(spec.initContainers[0].command.join(' '), /wait-for-schema-main\.js$/)
      equal(spec.initContainers[0].image, spec.containers[0].image)
    }
  })
})

describe('NOTES.txt', () => {
  it('prints the next three commands', () => {
    const notes = readFileSync(`${umbrella}/templates/NOTES.txt`, 'utf8')
    for (const step of ['1.', '2.', '3.']) ok(notes.includes(`\n  ${step} `), step)
  })
})
