// needs: system
import { mkdir } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import type { Page } from 'playwright-core'
import { Browser } from '../../support/browser.ts'
import { breakShelf } from '../../support/failing-statements.ts'
import { operatorEntry } from '../../support/operators.ts'
import { useSystem } from '../../support/use-system.ts'

/**
 * Makes the pictures of the README: npx mocha tests/system/pictures/console.test.ts
 * With PICTURES, a folder, every view is pictured there as well, to be looked at.
 */
const images = fileURLToPath(new URL('../../../docs/images/', import.meta.url))
const more = process.env['PICTURES']
const token = 'a-token-for-the-pictures'

describe('The screenshots of the console', function () {
  this.timeout(120_000)
  const system = useSystem(() => ({
    console: { CONSOLE: 'full', OPERATOR_TOKENS: operatorEntry('ann', token) },
    envOf: { order: { SAGA_TIMEOUT_MS: 12_000 } },
  }))
  const sagas = new Map<string, string>()

  const flows = [
    ['confirmed', 'user@example.com', 'SKU-1'],
    ['declined', 'decline@example.com', 'SKU-1'],
    ['refunded', 'user@example.com', 'SIM-NONE'],
    ['late', 'slow@example.com', 'SKU-1'],
  ] as const

  async function place([name, customerEmail, sku]: (typeof flows)[number]): Promise<void> {
    const items = [{ sku, qty: 2 }]
    const { sagaId } = await system().shop.post({ customerId: 'cust-1020', customerEmail, items, amount: 125.5 })
    sagas.set(name, sagaId)
  }

  before(async () => {
    const items = ['LAMP-OAK', 'SKU-1', 'CHAIR-BLUE', 'DESK-XL']
    for (let i = 0; i < 14; i += 1) {
      const [name, customerEmail, sku] = flows[i % 5 === 4 ? 2 : i % 7 === 5 ? 1 : 0] ?? flows[0]
      const item = { sku: name === 'refunded' ? sku : (items[i % 4] ?? sku), qty: 1 + (i % 3) }
      await system().shop.post({
        customerId: `cust-${1001 + i}`,
        customerEmail,
        items: [item],
        amount: 18.5 + i * 7.25,
      })
    }
    for (const flow of flows.slice(0, 3)) await place(flow)
  })

  async function picture(page: Page, name: string, folder: string | undefined): Promise<void> {
    if (folder === undefined) return
    await mkdir(folder, { recursive: true })
    await page.screenshot({ path: `${folder}/${name}.png`, animations: 'disabled' })
  }

  async function goTo(page: Page, hash: string, seen: string): Promise<void> {
    await page.evaluate(`location.hash = ${JSON.stringify(hash)}`)
    await page.getByText(seen).first().waitFor()
  }

  it('show sagas and their timelines, in light and dark, wide and narrow', async () => {
    const browser = await Browser.start()
    try {
      const page = await browser.open(`http://127.0.0.1:${system().console.port}/console#token=${token}`)
      await page.locator('#link[data-state=live]').waitFor()
      await place(flows[3])
      await goTo(page, `/saga/${sagas.get('late')}`, 'payment.completed or payment.failed?')
      await picture(page, 'waiting', more)
      for (const sagaId of sagas.values()) await system().untilFinal(sagaId)
      await system().settle()
      for (const scheme of ['light', 'dark'] as const) {
        await browser.paint(page, scheme)
        for (const [name, sagaId] of sagas) {
          await goTo(page, `/saga/${sagaId}`, sagaId)
          await page.locator('svg.sequence').waitFor()
          await picture(page, `${name}-${scheme}`, more)
        }
        await goTo(page, '/delivery', 'Outboxes')
        await picture(page, `delivery-${scheme}`, more)
      }
      await page.setViewportSize({ width: 1120, height: 720 })
      await goTo(page, `/saga/${sagas.get('refunded')}`, sagas.get('refunded') ?? '')
      await picture(page, 'console-dark', images)
      await browser.paint(page, 'light')
      await goTo(page, `/saga/${sagas.get('late')}`, sagas.get('late') ?? '')
      await picture(page, 'console-light', images)
      const repair = await breakShelf(system())
      const blocked = await system().shop.post({ customerId: 'cust-1021', customerEmail: 'user@example.com' })
      await goTo(page, `/saga/${blocked.sagaId}`, 'is a dead letter in')
      await picture(page, 'console-blocked', images)
      await repair()
      await page.locator('#blocked').getByRole('button', { name: 'Replay' }).click()
      await page.getByRole('dialog').getByLabel('Why').fill('repaired')
      await page.getByRole('dialog').getByRole('button', { name: 'Replay' }).click()
      await system().untilFinal(blocked.sagaId)
      await page.setViewportSize({ width: 390, height: 844 })
      await picture(page, 'phone-saga', more)
      await goTo(page, '/sagas', 'Confirmed')
      await picture(page, 'phone-list', more)
      await goTo(page, '/delivery', 'Outboxes')
      await picture(page, 'phone-delivery', more)
      await page.setViewportSize({ width: 1280, height: 800 })
      const queue = system().broker.queueOf('payment')
      const options = { type: 'order.exploded' }
      for (const content of ['{', '[', 'no JSON']) await system().broker.send(queue, { content, options })
      await page.locator('#dead-letter-count', { hasText: '3' }).waitFor()
      await goTo(page, '/dead-letters', 'unknown event')
      await page.getByRole('checkbox').first().check()
      await picture(page, 'dead-letters', more)
      await page.locator('[data-key=discard]').click()
      await page.getByRole('dialog').waitFor()
      await picture(page, 'dead-letters-dialog', more)
      await system().until('the dead letters to be there', async () => {
        return (await system().broker.depths())[`${queue}.dlq`] === 3
      })
      await system().broker.takeDeadLetters('payment')
    } finally {
      await browser.stop()
    }
    if (browser.errors.length > 0) throw new Error(browser.errors.join('\n'))
  })
})
