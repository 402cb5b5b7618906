import type { Environment } from './service-process.ts'

/** The environment of a Node.js process whose own clock is ahead by `ms`; its monotonic clock is not changed. */
export function shiftedClock(ms: number): Environment {
  const code = `
    const real = Date
    globalThis.Date = new Proxy(real, {
      construct: (_, args) => (args.length === 0 ? new real(real.now() + ${ms}) : Reflect.construct(real, args)),
      get: (_, key) => (key === 'now' ? () => real.now() + ${ms} : Reflect.get(real, key)),
    })`
  return { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(code)}` }
}
