import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv'
import type { Static, TSchema } from 'typebox'
import { instantOf } from './instant.ts'
import { isMailAddress } from './mail-address.ts'

const formats = {
  'date-time': (text: string) => instantOf(text) !== undefined,
  'mail-address': isMailAddress,
}
// TypeBox builds only valid schemas; checking them again would be a third of what loading the contracts costs a process.
const ajv = new Ajv({ allErrors: false, strict: false, verbose: true, formats, meta: false, validateSchema: false })

/** One thing wrong with a value: the field as a path from the root (`items.0.qty`), and what it must be. */
export interface Problem {
  readonly field: string
  readonly message: string
}

export type Checked<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly problem: Problem }

/** A condition on several fields, checked when each has its form. */
export type Rule<T> = (value: T) => Problem | undefined

/**
 * Compiles a schema once, at its first check. The function it returns never throws and never changes its input;
 * it reports the first thing that is wrong.
 */
export function checkerOf<S extends TSchema>(
  schema: S,
  rule?: Rule<Static<S>>,
): (value: unknown) => Checked<Static<S>> {
  let validate: ValidateFunction<Static<S>> | undefined
  return (value) => {
    // When it is needed first: a process checks a few of the schemas that it loads.
    validate ??= ajv.compile<Static<S>>(schema)
    if (!validate(value)) return { ok: false, problem: problemOf(validate.errors?.[0] as ErrorObject) }
    const problem = rule?.(value)
    return problem === undefined ? { ok: true, value } : { ok: false, problem }
  }
}

function problemOf(error: ErrorObject): Problem {
  const path = error.instancePath.split('/').slice(1)
  const parameters = error.params as { missingProperty?: string; additionalProperty?: string }
  if (parameters.missingProperty !== undefined) {
    return { field: [...path, parameters.missingProperty].join('.'), message: 'is required' }
  }
  if (parameters.additionalProperty !== undefined) {
    return { field: [...path, parameters.additionalProperty].join('.'), message: 'is not a known field' }
  }
  const description = (error.parentSchema as { description?: string } | undefined)?.description
  const wanted = description === undefined ? error.message : `must be ${description}`
  return { field: path.join('.') || '(body)', message: wanted ?? 'is not valid' }
}
