import { fileURLToPath } from 'node:url'
import { loadAll } from 'js-yaml'
import { helms, must, type Outcome, run } from '../../tools/ci/src/programs.ts'

export const charts = fileURLToPath(new URL('..', import.meta.url))
export const umbrella = `${charts}order-saga`

/** Renderings that are kept, and that every other check looks at. */
export const variants = {
  development: ['order-saga/values-dev.yaml'],
  production: ['order-saga/values-prod.yaml'],
  'production-keda': ['order-saga/values-prod.yaml', 'order-saga/values-keda.yaml'],
  test: ['order-saga/values-prod.yaml', 'order-saga/values-test.yaml', 'test/values/fixed-passwords.yaml'],
  external: ['test/values/external.yaml'],
  operator: ['test/values/operator.yaml', 'test/values/fixed-passwords.yaml'],
} as const

export type Variant = keyof typeof variants
export const variantNames = Object.keys(variants) as Variant[]

/** An object of Kubernetes, as loosely typed as YAML is. */
// oxlint-disable-next-line typescript/no-explicit-any
export type Loose = any

// Values that a rendering without a cluster cannot know.
const cluster = ['--kube-version', '1.34.0', '--api-versions', 'monitoring.coreos.com/v1']

const valuesOf = (variant: Variant): string[] => variants[variant].flatMap((file) => ['-f', charts + file])

export function template(args: readonly string[], helm = helms()[0] ?? 'helm', release = 'shop'): Outcome {
  return run(helm, ['template', release, umbrella, '--namespace', 'orders', ...cluster, ...args])
}

interface Input {
  /** The values file, over those of the variant. */
  values?: Loose
  variant?: Variant
  release?: string
  namespace?: string
  helm?: string | undefined
  chart?: string
  args?: readonly string[]
}

/** Renders with a values file as a user writes one: numbers of a file are floats to Helm, those of --set are not. */
export function templateWith(input: Input): Outcome {
  const { values = {}, variant, release = 'shop', namespace = 'orders', chart = umbrella, args = [] } = input
  const files = variant === undefined ? [] : valuesOf(variant)
  return run(
    input.helm ?? helms()[0] ?? 'helm',
    ['template', release, chart, '--namespace', namespace, ...cluster, ...files, '-f', '-', ...args],
    typeof values === 'string' ? values : JSON.stringify(values),
  )
}

/** @throws Error with Helm's message when the chart refuses the values */
export function objectsWith(input: Input): Loose[] {
  const { code, out, err } = templateWith(input)
  if (code !== 0) throw new Error(err)
  return parse(out)
}

export function render(variant: Variant, helm?: string): string {
  const { code, out, err } = template(valuesOf(variant), helm)
  if (code !== 0) throw new Error(`${variant} does not render: ${err}`)
  return out
}

export function parse(text: string): Loose[] {
  return (loadAll(text) as Loose[]).filter((object) => object !== null && object !== undefined)
}

const parsed = new Map<Variant, Loose[]>()

/** The objects of a rendering; made once. */
export function objects(variant: Variant, kind?: string): Loose[] {
  let all = parsed.get(variant)
  if (all === undefined) {
    all = parse(render(variant))
    parsed.set(variant, all)
  }
  return kind === undefined ? all : all.filter((object) => object.kind === kind)
}

interface Pod {
  name: string
  labels: Record<string, string>
  annotations: Record<string, string>
  spec: Loose
  object: Loose
}

/** Every pod the chart makes itself, with the name of what makes it. */
export const pods = (variant: Variant): Pod[] => podsOf(objects(variant))

export function podsOf(rendered: readonly Loose[]): Pod[] {
  return rendered.flatMap((object) => {
    const pod =
      object.kind === 'Pod'
        ? object
        : object.kind === 'CronJob'
          ? object.spec.jobTemplate.spec.template
          : ['Deployment', 'StatefulSet', 'Job'].includes(object.kind)
            ? object.spec.template
            : undefined
    if (pod === undefined) return []
    const name = `${object.kind}/${object.metadata.name}`
    return [
      { name, labels: pod.metadata.labels ?? {}, annotations: pod.metadata.annotations ?? {}, spec: pod.spec, object },
    ]
  })
}

/** Puts the sub-charts into the umbrella, from the folders beside it: no network is needed. */
export function prepare(): void {
  must(helms()[0] ?? 'helm', ['dependency', 'build', umbrella])
}
