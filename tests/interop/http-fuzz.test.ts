// needs: system
// slow: installs Schemathesis, and sends thousands of requests
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { useSystem } from '../support/use-system.ts'
import { pythonWith } from './python.ts'

/** Test cases of each operation, in each of its phases. */
const maxExamples = process.env['EXAMPLES'] || '40'
const seed = process.env['SEED'] || String(Math.trunc(Math.random() * 2 ** 31))
/** Schemathesis keeps its cache in the current folder. */
const cwd = fileURLToPath(new URL('../../.local', import.meta.url))
const hooks = fileURLToPath(new URL('schemathesis_hooks.py', import.meta.url))

/**
 * Not `positive_data_acceptance`: no JSON schema says how many decimals the amount of a currency may have. Not the checks
 * of authorization.
 */
const checks = [
  'not_a_server_error',
  'status_code_conformance',
  'content_type_conformance',
  'response_headers_conformance',
  'response_schema_conformance',
  'negative_data_rejection',
  'unsupported_method',
  'allow_header_conformance',
]

describe('Schemathesis', function () {
  this.timeout(600_000)
  let programs: string
  before(async () => {
    programs = await pythonWith('requirements-fuzz.txt')
  })
  const system = useSystem(() => ({ envOf: { order: { MAX_OPEN_ORDERS: 1_000_000 } } }))

  for (const api of ['order', 'inventory'] as const) {
    it(`finds no undocumented response and no server error in the API of ${api} (SEED=${seed})`, async () => {
      const url = `${system().shop.urls[api]}/openapi.json`
      const { code, output } = await schemathesis(url)
      assert.equal(code, 0, output)
      assert.match(output, /\d+ generated/, output)
    })
  }

  async function schemathesis(url: string): Promise<{ code: unknown; output: string }> {
    const values = ['run', url, '--checks', checks.join(','), '--max-examples', maxExamples, '--seed', seed]
    const env = { ...process.env, SCHEMATHESIS_HOOKS: hooks, NO_COLOR: '1', COLUMNS: '160' }
    return await new Promise((resolve) => {
      execFile(
        `${programs}/schemathesis`,
        [...values, '--no-shrink'],
        { env, cwd, maxBuffer: 2 ** 26 },
        (error, stdout, stderr) => resolve({ code: error?.code ?? 0, output: `${stdout}${stderr}` }),
      )
    })
  }
})
