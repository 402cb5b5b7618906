import { readdirSync, readFileSync } from 'node:fs'
import { ConfigurationError } from '@order-saga/chassis'
import { documentHtml, iconSvg } from './document.ts'
import { styleCss } from './style.ts'

export interface Asset {
  readonly type: string
  readonly body: string
}

/** Where the compiler puts the page's program, seen from `src` and from `dist` alike. */
const pageFolder = new URL('../../dist/console/page/', import.meta.url)

/**
 * All files of the page by their path below `/console`; the empty one is the document.
 * @throws ConfigurationError when the page's program is not built
 */
export function readAssets(): ReadonlyMap<string, Asset> {
  const scripts = scriptNames().map((name): [string, Asset] => [
    name,
    { type: 'text/javascript; charset=utf-8', body: readFileSync(new URL(name, pageFolder), 'utf8') },
  ])
  if (scripts.length === 0) throw new ConfigurationError('CONSOLE needs the console to be built: run npm run build.')
  return new Map([
    ['', { type: 'text/html; charset=utf-8', body: documentHtml }],
    ['style.css', { type: 'text/css; charset=utf-8', body: styleCss }],
    ['icon.svg', { type: 'image/svg+xml', body: iconSvg }],
    ...scripts,
  ])
}

function scriptNames(): string[] {
  try {
    return readdirSync(pageFolder).filter((name) => name.endsWith('.js'))
  } catch {
    return []
  }
}

/** Nothing but this process's own files runs or is loaded, and no text becomes markup. */
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
