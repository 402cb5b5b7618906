// needs: system
// slow: a browser, in both themes
import assert from 'node:assert/strict'
import type { Locator, Page } from 'playwright-core'
import { accessibilityFaults, Browser } from '../../support/browser.ts'
import { breakShelf } from '../../support/failing-statements.ts'
import { someCustomer, type WantedOrder } from '../../support/shop.ts'
import { operatorEntry } from '../../support/operators.ts'
import { useSystem } from '../../support/use-system.ts'

const token = 'a-token-nobody-guesses'

describe('The console in a browser', function () {
  this.timeout(120_000)
  const system = useSystem(() => ({ console: { CONSOLE: 'full', OPERATOR_TOKENS: operatorEntry('ann', token) } }))
  let browser: Browser
  let page: Page

  before(async function startBrowser() {
    // It may have to be installed.
    this.timeout(600_000)
    browser = await Browser.start()
  })
  beforeEach(async () => {
    page = await browser.open(`http://127.0.0.1:${system().console.port}/console#token=${token}`)
    await page.locator('#link[data-state=live]').waitFor()
  })
  afterEach(async () => {
    await page.close()
    assert.deepEqual(browser.errors.splice(0), [], 'the page reported errors')
  })
  after(() => browser.stop())

  const rowOf = (sagaId: string): Locator => page.locator(`.rows a[href="#/saga/${sagaId}"]`)
  const goTo = async (hash: string): Promise<void> =>
    void (await page.evaluate(`location.hash = ${JSON.stringify(hash)}`))

  /** The arrows as they are drawn: what each says above its line. */
  const arrows = async (): Promise<string[]> => await page.locator('svg.sequence .message .event').allTextContents()

  const flows: [name: string, order: WantedOrder, badge: string, says: RegExp, arrows: string[]][] = [
    [
      'an order that is confirmed',
      {},
      'Confirmed',
      /was confirmed at .*paid and its stock is reserved/,
      [
        'order.created',
        'payment.completed',
        'payment.completed',
        'inventory.reserved',
        'order.confirmed',
        'order.confirmed',
      ],
    ],
    [
      'an order whose payment is declined',
      { customerEmail: someCustomer('decline') },
      'Cancelled',
      /because its payment failed. Nothing was charged/,
      ['order.created', 'payment.failed', 'order.cancelled', 'order.cancelled', 'order.cancelled'],
    ],
    [
      'an order whose stock does not reach',
      { items: [{ sku: 'SIM-NONE', qty: 1 }] },
      'Cancelled',
      /because the stock was insufficient. The payment was refunded/,
      [
        'order.created',
        'payment.completed',
        'payment.completed',
        'inventory.failed',
        'payment.refund.requested',
        'payment.refunded',
        'payment.refunded',
        'order.cancelled',
        'order.cancelled',
        'order.cancelled',
      ],
    ],
  ]
  for (const [name, order, badge, says, expected] of flows) {
    it(`shows ${name}, as it happens`, async () => {
      const { sagaId, orderId } = await system().shop.post(order)
      await rowOf(sagaId).click()
      await page.locator('.detail .badge', { hasText: badge }).waitFor()
      await system().settle()
      await page.locator('.rows a[aria-current]', { hasText: badge }).waitFor()
      await system().until('all arrows to be drawn', async () => (await arrows()).length === expected.length + 1)
      assert.deepEqual(await arrows(), ['POST /orders', ...expected])
      await system().until('every message to have arrived', async () => {
        return (await page.locator('svg.sequence .message:not(.processed, .published)').count()) === 0
      })
      assert.match((await page.locator('#explanation').textContent()) ?? '', says)
      assert((await page.locator('.detail dl').textContent())?.includes(orderId))
    })
  }

  it('shows the sagas with violations in a list of their own', async () => {
    const { sagaId } = await system().shop.post()
    const other = await system().shop.post()
    await system().untilFinal(sagaId)
    await rowOf(other.sagaId).waitFor()
    assert.equal(await page.locator('.counts a.violations').count(), 0)
    await system().sql(
      'order',
      'INSERT INTO saga_violations (saga_id, violations, first_at, last_at) VALUES ($1, 2, now(), now())',
      [sagaId],
    )
    await page.locator('.counts a.violations', { hasText: 'Violations' }).click()
    await rowOf(sagaId).locator('small', { hasText: '2 violations' }).waitFor()
    assert.equal(await rowOf(other.sagaId).count(), 0)
    await system().sql('order', 'DELETE FROM saga_violations')
    await goTo('/sagas')
    await rowOf(other.sagaId).waitFor()
  })

  it('shows the awaited event and duration of a pending order, and the effect of its deadline', async () => {
    await system().restart('order', { SAGA_TIMEOUT_MS: 2_500 })
    const { sagaId } = await system().shop.post({ customerEmail: someCustomer('slow') })
    await goTo(`/saga/${sagaId}`)
    const waiting = page.locator('svg.sequence .waiting')
    await waiting.waitFor()
    assert.match((await waiting.textContent()) ?? '', /for \d.*payment\.completed or payment\.failed\?/)
    assert.match((await page.locator('#explanation').textContent()) ?? '', /Its deadline is in/)
    await page.locator('.detail .badge', { hasText: 'Timed out' }).waitFor()
    await page.locator('h2 small', { hasText: 'refunded' }).waitFor()
    await page.locator('svg.sequence .note', { hasText: 'the deadline passed' }).waitFor()
    assert((await arrows()).includes('payment.refund.requested'))
    await system().restart('order', { SAGA_TIMEOUT_MS: 60_000 })
  })

  it('finds a saga by the id of its order, and reports an unknown id', async () => {
    const { sagaId, orderId } = await system().shop.post()
    await page.getByLabel('Order or saga id').fill(` ${orderId} `)
    await page.getByRole('button', { name: 'Find' }).click()
    await page.locator('.detail dl', { hasText: sagaId }).waitFor()
    await page.getByLabel('Order or saga id').fill('42')
    await page.keyboard.press('Enter')
    await page.getByText('There is no saga 42: the id of a saga is a UUID.').waitFor()
    // Chromium logs every 404 on its console.
    assert.match(browser.errors.splice(0).join(), /404/)
  })

  it('renders client input as text, never as markup', async () => {
    const customerId = '<script>document.title = "owned"</script><img src=x onerror=alert(1)>'
    const { sagaId } = await system().shop.post({ customerId, items: [{ sku: '<b>BOLD</b>', qty: 1 }] })
    await rowOf(sagaId).click()
    await page.locator('.detail dd', { hasText: customerId }).waitFor()
    await page.locator('.detail dd', { hasText: '1 x <b>BOLD</b>' }).waitFor()
    assert.equal(await page.locator('main script, main img, main b >> text=BOLD').count(), 0)
    assert.equal(await page.title(), 'Order saga console')
  })

  it('can be used by keyboard alone, and keeps the focus while it is updated', async () => {
    const { sagaId } = await system().shop.post()
    await system().untilFinal(sagaId)
    await rowOf(sagaId).waitFor()
    const focused = async (): Promise<string> =>
      String(await page.evaluate('document.activeElement.textContent.trim()'))
    await page.keyboard.press('Tab')
    assert.equal(await focused(), 'Skip to content')
    await page.keyboard.press('Enter')
    assert.equal(await page.evaluate('document.activeElement.id'), 'main')
    await page.keyboard.press('Tab')
    assert.equal(await focused(), 'All')
    const reached = `document.activeElement.getAttribute('href')`
    for (let tabs = 0; (await page.evaluate(reached)) !== `#/saga/${sagaId}`; tabs += 1) {
      assert(tabs < 40, 'the newest saga is not reached by Tab')
      await page.keyboard.press('Tab')
    }
    const other = await system().shop.post()
    await rowOf(other.sagaId).waitFor()
    assert.equal(await page.evaluate(reached), `#/saga/${sagaId}`, 'the focus was lost by an update')
    await page.keyboard.press('Enter')
    await page.locator('.detail dl', { hasText: sagaId }).waitFor()
    const table = page.getByText('As a table')
    await table.focus()
    await page.keyboard.press('Enter')
    await page.getByRole('cell', { name: 'payment.completed (12.50 USD)' }).first().waitFor()
  })

  it('prompts for the token when it has none, and again when it is wrong', async () => {
    await page.close()
    page = await browser.open(`http://127.0.0.1:${system().console.port}/console`)
    const dialog = page.getByRole('dialog', { name: 'Sign in' })
    await dialog.waitFor()
    assert.equal(await page.evaluate('document.activeElement.id'), 'token')
    await page.keyboard.type('a-token-that-is-wrong')
    await page.keyboard.press('Enter')
    await system().until('the second prompt', async () => (await dialog.locator('#token').inputValue()) === '')
    await page.keyboard.type(token)
    await page.keyboard.press('Enter')
    await page.locator('#link[data-state=live]').waitFor()
    assert.equal(await dialog.count(), 0)
    assert.match(browser.errors.splice(0).join(), /401/)
  })

  it('replays a dead letter after a confirmation, with the operator of the token and a reason', async () => {
    const repair = await breakShelf(system())
    const { sagaId } = await system().shop.post()
    await page.locator('#dead-letter-count', { hasText: '1' }).waitFor()
    await repair()
    await page.getByRole('link', { name: /Dead letters/ }).click()
    await page.getByText('the shelf has collapsed').waitFor()
    assert.deepEqual(await accessibilityFaults(page), [])
    const replay = page.getByRole('button', { name: 'Replay' })
    assert(await replay.isDisabled())
    await page.getByRole('checkbox', { name: /Choose payment.completed/ }).check()
    await replay.click()
    const dialog = page.getByRole('dialog', { name: 'Replay 1 message?' })
    assert.deepEqual(await accessibilityFaults(page), [])
    await page.keyboard.press('Escape')
    await dialog.waitFor({ state: 'detached' })
    assert.equal((await system().shop.saga(sagaId)).status, 'payment_completed', 'it was not to be replayed')
    await replay.click()
    await dialog.getByLabel('Why').fill('the shelf stands again')
    await dialog.getByRole('button', { name: 'Replay' }).click()
    await page.getByText('1 replayed.').waitFor()
    await page.getByText('There are no dead letters.').waitFor()
    assert.equal((await system().untilFinal(sagaId)).status, 'completed')
    const acts = await system().sql(
      'order',
      'SELECT act, operator, reason FROM operator_acts WHERE done_at IS NOT NULL',
    )
    assert.deepEqual(acts, [{ act: 'replay', operator: 'ann', reason: 'the shelf stands again' }])
  })

  for (const scheme of ['light', 'dark'] as const) {
    it(`is accessible in ${scheme}, wide and on a phone`, async () => {
      const { sagaId } = await system().shop.post({ items: [{ sku: 'SIM-NONE', qty: 1 }] })
      await system().untilFinal(sagaId)
      await browser.paint(page, scheme)
      const dark = await page.evaluate(`getComputedStyle(document.body).backgroundColor`)
      assert.equal(dark, scheme === 'dark' ? 'rgb(18, 20, 26)' : 'rgb(244, 245, 248)')
      for (const [width, height] of [
        [1280, 800],
        [390, 844],
      ] as const) {
        await page.setViewportSize({ width, height })
        for (const [hash, seen] of [
          ['/sagas', '.rows .dot.cancelled'],
          [`/saga/${sagaId}`, 'svg.sequence'],
          ['/delivery', '.delivery table'],
          ['/dead-letters', '.dead h2'],
        ] as const) {
          await goTo(hash)
          await page.locator(seen).first().waitFor()
          assert.deepEqual(await accessibilityFaults(page), [], `${hash} at ${width}`)
          const wider = await page.evaluate('document.documentElement.scrollWidth - window.innerWidth')
          assert(Number(wider) <= 0, `${hash} is wider than the window of ${width}`)
        }
      }
    })
  }
})
