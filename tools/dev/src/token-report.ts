import { reasonOf } from './error-code.ts'
import { fetchToken } from './local-issuer.ts'
import { type Report, addressReport } from './run-report.ts'
import { readRunState } from './run-state.ts'

const usualScope = 'orders:create orders:read'

/** An access token of the run in that folder, with SCOPE, CUSTOMER and SUBJECT of the environment. */
export async function tokenReport(folder: string, env: NodeJS.ProcessEnv): Promise<Report> {
  const addresses = (await readRunState(folder))?.addresses ?? {}
  const tokenUrl = addresses['TOKEN_URL']
  if (tokenUrl === undefined) {
    const { message, exitCode } = await addressReport(folder)
    if (exitCode !== 0) return { lines: [], exitCode, ...(message !== undefined && { message }) }
    return {
      lines: [],
      message: 'The running system has no local issuer: start it with make up AUTH_MODE=jwt.',
      exitCode: 1,
    }
  }
  try {
    const { SCOPE: scope, CUSTOMER: customer, SUBJECT: subject } = env
    const request = { scope: scope || usualScope, customer: customer || undefined, subject: subject || undefined }
    return { lines: [await fetchToken(tokenUrl, request)], exitCode: 0 }
  } catch (error) {
    return { lines: [], message: reasonOf(error), exitCode: 1 }
  }
}
