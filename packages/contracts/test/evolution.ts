/** A schema as JSON. */
export type Schema = Readonly<Record<string, unknown>>

/** Keywords that change no result of a validation. */
const annotations = new Set(['description', 'examples', 'title', 'deprecated', '$comment'])

/**
 * Compares a schema with its released form.
 * @returns one sentence for each change other than a new optional field of an object; such a change needs a new version
 */
export function changesOf(released: unknown, current: unknown, path = 'payload'): string[] {
  if (!isObject(released) || !isObject(current)) {
    return JSON.stringify(released) === JSON.stringify(current) ? [] : [`${path} has changed`]
  }
  const keys = [...new Set([...Object.keys(released), ...Object.keys(current)])].filter((key) => !annotations.has(key))
  return keys.flatMap((key) => {
    const [before, after] = [released[key], current[key]]
    if (key === 'properties' && isObject(before) && isObject(after)) return changedFields(before, after, path)
    if (key === 'required') return sorted(before) === sorted(after) ? [] : [`${path} requires other fields`]
    return changesOf(before, after, key === 'items' ? `${path}.N` : `${path} (${key})`)
  })
}

/** Whether a new field is optional is decided by `required`. */
function changedFields(before: Schema, after: Schema, path: string): string[] {
  return Object.keys(before).flatMap((name) =>
    Object.hasOwn(after, name)
      ? changesOf(before[name], after[name], `${path}.${name}`)
      : [`${path}.${name} is removed`],
  )
}

function sorted(list: unknown): string {
  return JSON.stringify((Array.isArray(list) ? [...(list as string[])] : []).toSorted((a, b) => (a < b ? -1 : 1)))
}

function isObject(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
