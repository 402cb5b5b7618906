import { findChromium } from '@order-saga/dev'
import axe from 'axe-core'
import { type BrowserContext, chromium, type Page } from 'playwright-core'
import { RunFolder } from '../../tools/dev/src/run-folder.ts'

export interface PageOptions {
  readonly dark?: boolean
  readonly width?: number
  readonly height?: number
}

/** Disables requests and pages that the tests do not open, such as first-run pages and telemetry. */
const flags = [
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/** A headless Chromium with a profile of its own. Every page must end without an error on its console. */
export class Browser {
  /** The errors of all pages: script errors, blocked loads, blocked markup. */
  readonly errors: string[] = []
  readonly #context: BrowserContext
  readonly #folder: RunFolder

  private constructor(context: BrowserContext, folder: RunFolder) {
    this.#context = context
    this.#folder = folder
  }

  static async start({ dark = false, width = 1280, height = 800 }: PageOptions = {}): Promise<Browser> {
    const executablePath = await findChromium((line) => process.stderr.write(`${line}\n`))
    const folder = await RunFolder.create('chromium')
    const context = await chromium.launchPersistentContext(folder.path, {
      executablePath,
      args: flags,
      chromiumSandbox: process.getuid?.() !== 0,
      colorScheme: dark ? 'dark' : 'light',
      reducedMotion: 'reduce',
      viewport: { width, height },
      locale: 'en-GB',
      timezoneId: 'UTC',
    })
    return new Browser(context, folder)
  }

  async open(url: string): Promise<Page> {
    const page = await this.#context.newPage()
    page.setDefaultTimeout(15_000)
    page.on('pageerror', (error) => this.errors.push(String(error)))
    page.on('console', (message) => {
      if (message.type() === 'error') this.errors.push(message.text())
    })
    await page.goto(url)
    return page
  }

  /** Sets the preferred colour scheme of the user's system. */
  async paint(page: Page, scheme: 'light' | 'dark'): Promise<void> {
    await page.emulateMedia({ colorScheme: scheme, reducedMotion: 'reduce' })
  }

  async stop(): Promise<void> {
    await this.#context.close()
    await this.#folder.remove()
  }
}

/** The violations of WCAG 2.2 A and AA that axe finds, as rule and elements; empty if there are none. */
export async function accessibilityFaults(page: Page): Promise<string[]> {
  // The debugger is not subject to the page's Content-Security-Policy.
  await page.evaluate(axe.source)
  const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']
  const faults = await page.evaluate(`axe.run(document, { runOnly: ${JSON.stringify(tags)} }).then(({ violations }) =>
    violations.flatMap(({ id, help, nodes }) => nodes.map(({ target, failureSummary }) =>
      id + ': ' + help + ' at ' + target.join(' ') + ': ' + failureSummary)))`)
  return faults as string[]
}
