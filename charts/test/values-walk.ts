import { readFileSync } from 'node:fs'
import { Ajv, type ValidateFunction } from 'ajv'
import { load } from 'js-yaml'
import { charts, type Loose, type Variant, variants } from './render.ts'

export type Path = readonly (string | number)[]

const databases = ['order-db', 'payment-db', 'inventory-db']
const yaml = (file: string): Loose => load(readFileSync(charts + file, 'utf8'))
const json = (file: string): Loose => JSON.parse(readFileSync(charts + file, 'utf8'))

/** Merges values as Helm does: later values take precedence, maps are merged, lists are replaced, null removes. */
function merged(...all: Loose[]): Loose {
  const target: Loose = {}
  for (const values of all) {
    for (const [key, value] of Object.entries<Loose>(values ?? {})) {
      if (value === null) delete target[key]
      else if (isMap(value)) target[key] = merged(isMap(target[key]) ? target[key] : {}, value)
      else target[key] = structuredClone(value)
    }
  }
  return target
}

const isMap = (value: Loose): boolean => value !== null && typeof value === 'object' && !Array.isArray(value)

const subCharts = {
  rabbitmq: yaml('rabbitmq/values.yaml'),
  ...Object.fromEntries(databases.map((name) => [name, yaml('postgres/values.yaml')])),
}

/** All values of a rendering, with the defaults of the sub-charts. */
export function valuesOf(variant: Variant | undefined, further: Loose = {}): Loose {
  const files = variant === undefined ? [] : variants[variant].map((file) => yaml(file))
  const { global } = yaml('order-saga/values.yaml')
  return merged(subCharts, yaml('order-saga/values.yaml'), { global }, ...files, further)
}

/** Paths of the values selected by `select`. */
export function paths(values: Loose, select: (value: Loose) => boolean, at: Path = []): Path[] {
  const own = at.length > 0 && select(values) ? [at] : []
  if (values === null || typeof values !== 'object') return own
  const inner = Object.entries(values).flatMap(([key, value]) =>
    paths(value, select, [...at, Array.isArray(values) ? Number(key) : key]),
  )
  return [...own, ...inner]
}

export function get(values: Loose, path: Path): Loose {
  return path.reduce((inner, key) => inner?.[key], values)
}

export function set(values: Loose, path: Path, value: Loose): void {
  get(values, path.slice(0, -1))[path.at(-1) as string] = value
}

// The schemas use draft 7; Helm validates formats and unions.
const ajv = new Ajv({ strict: false })
const schemas: [string, ValidateFunction][] = [
  ['', ajv.compile(json('order-saga/values.schema.json'))],
  ['rabbitmq', ajv.compile(json('rabbitmq/values.schema.json'))],
  ...databases.map((name): [string, ValidateFunction] => [name, ajv.compile(json('postgres/values.schema.json'))]),
]

/** Whether the values are valid in the schemas of all charts. */
export function accepted(values: Loose): boolean {
  return schemas.every(([part, validate]) => validate(part === '' ? values : values[part]))
}
