import { findChromium } from '@order-saga/dev'
import axe from 'axe-core'
import { type BrowserContext, chromium, type Page } from 'playwright-core'
import { RunFolder } from '../../tools/dev/src/run-folder.ts'

export interface PageOptions {
  readonly dark?: boolean
  readonly width?: number
  readonly height?: number
}

/** Nothing but what the tests ask for: no first-run pages, no calls to the browser's makers. */
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
  /** What went wrong on any page: errors of scripts, refused loads, refused markup. */
  readonly complaints: string[] = []
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
    page.on('pageerror', (error) => this.complaints.push(String(error)))
    page.on('console', (message) => {
      if (message.type() === 'error') this.complaints.push(message.text())
    })
    await page.goto(url)
    return page
  }

  /** Chooses the colours the reader's system asks for. */
  async paint(page: Page, scheme: 'light' | 'dark'): Promise<void> {
    await page.emulateMedia({ colorScheme: scheme, reducedMotion: 'reduce' })
  }

  async stop(): Promise<void> {
    await this.#context.close()
    await this.#folder.remove()
  }
}

/** What axe finds against WCAG 2.2 A and AA: each rule with the places that break it; empty when all is well. */
export async function accessibilityFaults(page: Page): Promise<string[]> {
  // By the debugger, which the page's own policy does not concern.
  await page.evaluate(axe.source)
  const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']
  const faults = await page.evaluate(`axe.run(document, { runOnly: ${JSON.stringify(tags)} }).then(({ violations }) =>
    violations.flatMap(({ id, help, nodes }) => nodes.map(({ target, failureSummary }) =>
      id + ': ' + help + ' at ' + target.join(' ') + ': ' + failureSummary)))`)
  return faults as string[]
}
