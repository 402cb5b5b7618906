import convict from 'convict'

/** One setting: a convict schema object that also carries what the README's table shows. */
export interface Setting<T> extends convict.SchemaObj<T> {
  readonly env: string
  readonly default: T
  readonly doc: string
  readonly format: string
}

interface Described {
  readonly env: string
  readonly doc: string
}

/** Thrown for an environment no service may start with; its message is one sentence that names the variable. */
export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError'
}

const known = new Set<string>()

/** Registers a convict format that refuses what it cannot read whole, where convict's own `int` reads 12abc as 12. */
function format(name: string, reader: (input: string) => unknown): string {
  if (!known.has(name)) {
    known.add(name)
    convict.addFormat({
      name,
      coerce: (value: unknown) => (typeof value === 'string' ? (reader(value.trim()) ?? value) : value),
      validate: (value: unknown) => {
        if (reader(Array.isArray(value) ? value.join(',') : String(value).trim()) === undefined) {
          throw new Error(`must be ${name}, but is ${JSON.stringify(value)}`)
        }
      },
    })
  }
  return name
}

function numberWithin(input: string, pattern: RegExp, min: number, max: number): number | undefined {
  const value = pattern.test(input) ? Number(input) : Number.NaN
  return value >= min && value <= max ? value : undefined
}

/** An integer from `min` to `max`, both allowed, counted in `unit`. */
export function integer(
  setting: Described & { default: number; min: number; max: number; unit?: string },
): Setting<number> {
  const { min, max, unit, ...rest } = setting
  const name = `an integer from ${min} to ${max}${unit === undefined ? '' : ` (${unit})`}`
  return { ...rest, format: format(name, (input) => numberWithin(input, /^-?\d{1,15}$/, min, max)) }
}

/** A duration in milliseconds. */
export function milliseconds(setting: Described & { default: number; min?: number; max?: number }): Setting<number> {
  return integer({ min: 1, max: 31 * 24 * 3_600_000, ...setting, unit: 'milliseconds' })
}

/** A share from 0 to 1. */
export function rate(setting: Described & { default: number }): Setting<number> {
  return {
    ...setting,
    format: format('a number from 0 to 1', (input) => numberWithin(input, /^\d+(\.\d+)?$/, 0, 1)),
  }
}

/** A TCP port; 0 lets the system choose a free one. */
export function port(setting: Described & { default: number }): Setting<number> {
  return { ...setting, format: format('a port from 0 to 65535', (input) => numberWithin(input, /^\d+$/, 0, 65_535)) }
}

/** A list of increasing delays, separated by commas. */
export function delays(setting: Described & { default: readonly number[] }): Setting<readonly number[]> {
  const name = 'a list of 1 to 10 increasing delays from 1 to 86400000 (milliseconds), separated by commas'
  return { ...setting, format: format(name, readDelays) }
}

function readDelays(input: string): readonly number[] | undefined {
  const values = input.split(',').map((part) => numberWithin(part.trim(), /^\d+$/, 1, 86_400_000))
  const increasing = values.every((value, i) => value !== undefined && (i === 0 || value > (values[i - 1] ?? 0)))
  return increasing && values.length <= 10 ? (values as number[]) : undefined
}

/** One of the given words. */
export function oneOf<const T extends string>(
  setting: Described & { default: NoInfer<T>; values: readonly T[] },
): Setting<T> {
  const { values, ...rest } = setting
  return { ...rest, format: format(`one of ${values.join(', ')}`, (input) => values.find((value) => value === input)) }
}

/** Any text that is not empty. */
export function text(setting: Described & { default: string; sensitive?: boolean }): Setting<string> {
  return { ...setting, format: format('a text that is not empty', (value) => (value === '' ? undefined : value)) }
}

/** Any text; empty when the thing it names is not used. */
export function optionalText(setting: Described & { default?: string; sensitive?: boolean }): Setting<string> {
  return { ...setting, default: setting.default ?? '', format: format('a text', (value) => value) }
}

/** A URL with one of the given schemes; empty only where the default is. A value that is refused is never repeated: it may hold a password. */
export function url(setting: Described & { default: string; schemes: readonly string[] }): Setting<string> {
  const { schemes, ...rest } = setting
  const name = `a URL that starts with ${schemes.map((scheme) => `${scheme}://`).join(' or ')}`
  const optional = setting.default === ''
  return {
    ...rest,
    sensitive: true,
    format: format(optional ? `${name}, or empty` : name, (value) => {
      if (value === '') return optional ? value : undefined
      const { protocol, host } = URL.canParse(value) ? new URL(value) : { protocol: '', host: '' }
      return schemes.includes(protocol.slice(0, -1)) && host !== '' ? value : undefined
    }),
  }
}

/**
 * Reads the settings from the environment. An empty variable counts as not set, as Compose and Helm leave it.
 * @throws ConfigurationError naming the variable, what it must be and what it is (unless it is secret)
 */
export function loadConfig<T extends object>(
  settings: { [K in keyof T]: Setting<T[K]> },
  environment: NodeJS.ProcessEnv,
): T {
  const env = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''))
  const values = Object.entries<Setting<unknown>>(settings).map(([key, setting]) => [key, read(setting, env)])
  return Object.fromEntries(values) as T
}

function read(setting: Setting<unknown>, env: NodeJS.ProcessEnv): unknown {
  const config = convict<{ value: unknown }>({ value: setting }, { env, args: [] })
  try {
    config.validate({ allowed: 'strict' })
  } catch {
    const shown = setting.sensitive === true ? '' : `, but is ${JSON.stringify(env[setting.env])}`
    throw new ConfigurationError(`${setting.env} must be ${setting.format}${shown}.`)
  }
  return config.get('value')
}
