import { readdirSync, readFileSync } from 'node:fs'
import { ConfigurationError } from '@order-saga/chassis'

export interface Asset {
  readonly type: string
  readonly body: string
}

const document = 'index.html'
const types: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  css: 'text/css; charset=utf-8',
  svg: 'image/svg+xml',
  js: 'text/javascript; charset=utf-8',
}
/** The page's files and its compiled modules, relative to both `src` and `dist`. */
const folders = ['../../src/console/page/', '../../dist/console/page/'].map((path) => new URL(path, import.meta.url))

/** All files of the page by their path below `/console`; the document's is empty. @throws ConfigurationError if not built */
export function readAssets(): ReadonlyMap<string, Asset> {
  const assets = new Map<string, Asset>()
  for (const folder of folders) {
    for (const name of namesIn(folder)) {
      const type = types[name.split('.').at(-1) ?? '']
      if (type === undefined || name.endsWith('.d.ts')) continue
      assets.set(name === document ? '' : name, { type, body: readFileSync(new URL(name, folder), 'utf8') })
    }
  }
  if (!assets.has('app.js')) throw new ConfigurationError('The console is not built: run npm run build.')
  return assets
}

function namesIn(folder: URL): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

/** Only files of this process are loaded, and text cannot become markup. */
export const pageHeaders = {
  'content-security-policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "connect-src 'self'",
    "img-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join('; '),
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
} as const
