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
    await page.getByText('the shelf has collapsed').first().waitFor()
    assert.deepEqual(await accessibilityFaults(page), [])
    const replay = page.locator('[data-key=replay]')
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

  it('opens with the newest saga, and keeps the deep link of a link with a token', async () => {
    const older = await system().shop.post()
    await system().untilFinal(older.sagaId)
    const { sagaId } = await system().shop.post()
    await rowOf(sagaId).waitFor()
    await page.close()
    page = await browser.open(`http://127.0.0.1:${system().console.port}/console#token=${token}`)
    await page.locator('.detail dl', { hasText: sagaId }).waitFor()
    for (const link of [`#token=${token}#/saga/${older.sagaId}`, `#/saga/${older.sagaId}?token=${token}`]) {
      await page.close()
      page = await browser.open(`http://127.0.0.1:${system().console.port}/console${link}`)
      await page.locator('.detail dl', { hasText: older.sagaId }).waitFor()
      assert.equal(await page.evaluate('location.hash'), `#/saga/${older.sagaId}`)
    }
  })

  it('says that an address has an unknown view or filter', async () => {
    for (const [hash, says] of [
      ['/nonsense', 'The address #/nonsense names no view of the console.'],
      ['/sagas?blocked=nonsense', 'has an unknown filter (blocked=nonsense)'],
      ['/sagas/nonsense', 'has an unknown filter (status=nonsense)'],
    ] as const) {
      await goTo(hash)
      await page.locator('.error', { hasText: says }).waitFor()
    }
    await goTo('/sagas')
    await page.locator('.error').waitFor({ state: 'hidden' })
  })

  it('shows what blocks a saga, in the banner and the list, and replays from there', async () => {
    const repair = await breakShelf(system())
    const { sagaId } = await system().shop.post({ customerId: 'blocked-1' })
    await page.locator('#dead-letter-count', { hasText: '1' }).waitFor()
    await goTo('/sagas?blocked=dead_letter&customer=blocked-1')
    await rowOf(sagaId).locator('.by', { hasText: 'Blocked by dead letter' }).waitFor()
    await rowOf(sagaId).click()
    const banner = page.locator('#blocked li')
    await banner.first().waitFor()
    const says = (await banner.allTextContents()).join()
    assert.match(
      says,
      /Blocked: payment\.completed is a dead letter in \S+: the shelf has collapsed\. Next: correct the cause, then/,
    )
    await page.locator('svg.sequence .message.is-blocked', { hasText: 'payment.completed' }).waitFor()
    await repair()
    await banner.getByRole('button', { name: 'Replay' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel('Why').fill('repaired')
    await dialog.getByRole('button', { name: 'Replay' }).click()
    assert.equal((await system().untilFinal(sagaId)).status, 'completed')
    await banner.first().waitFor({ state: 'detached' })
  })

  it('groups dead letters, with the recorded cause, and acts on a group', async () => {
    const queue = system().broker.queueOf('payment')
    for (let n = 1; n <= 3; n += 1) {
      await system().broker.send(queue, { content: `broken ${n} {`, options: { type: 'order.exploded' } })
    }
    await page.locator('#dead-letter-count', { hasText: '3' }).waitFor()
    await goTo('/dead-letters')
    const group = page.getByRole('region', { name: 'Table of groups' }).getByRole('row', { name: /unknown event/ })
    await group.getByRole('cell', { name: '3', exact: true }).waitFor()
    await page.getByText('Cause', { exact: true }).first().click()
    await page.locator('pre', { hasText: 'PoisonMessage: unknown event' }).first().waitFor()
    await group.getByRole('button', { name: /^Discard group/ }).click()
    const dialog = page.getByRole('dialog', { name: 'Discard 3 messages?' })
    await dialog.getByLabel('Why').fill('a test of the partner')
    await dialog.getByRole('button', { name: 'Discard' }).click()
    await page.getByText('There are no dead letters.').waitFor()
  })

  it('lists parked events with the queue that should be bound, and releases them', async () => {
    const { sagaId } = await system().shop.post()
    await system().untilFinal(sagaId)
    await system().settle()
    await system().sql(
      'order',
      `UPDATE events SET published_at = NULL, parked_at = now(), park_reason = 'unroutable', unroutable_since = now()
       WHERE saga_id = $1 AND routing_key = 'order.created'`,
      [sagaId],
    )
    await page.locator('#parked-count', { hasText: '1' }).waitFor()
    await goTo('/parked')
    const expected = `no queue is bound to routing key order.created; expected ${system().broker.queueOf('payment')}`
    await page.getByText(expected).waitFor()
    assert.deepEqual(await accessibilityFaults(page), [])
    await page.getByRole('checkbox', { name: /Choose order.created/ }).check()
    await page.getByRole('button', { name: 'Release' }).click()
    const dialog = page.getByRole('dialog', { name: 'Release 1 event?' })
    await dialog.getByLabel('Why').fill('bound again')
    await dialog.getByRole('button', { name: 'Release' }).click()
    await page.getByText('There are no parked events.').waitFor()
    await system().settle()
  })

  it('shows the complete diagram from a width of 1,100 px, and no text outside of it', async () => {
    const { sagaId } = await system().shop.post({ items: [{ sku: 'SIM-NONE', qty: 1 }] })
    await system().untilFinal(sagaId)
    await goTo(`/saga/${sagaId}`)
    await page.locator('svg.sequence').waitFor()
    for (const width of [1_100, 1_280, 1_920]) {
      await page.setViewportSize({ width, height: 800 })
      const hidden = await page.evaluate(`(() => {
        const box = document.querySelector('figure .scroll')
        return box.scrollWidth - box.clientWidth
      })()`)
      assert(Number(hidden) <= 0, `${String(hidden)} px of the diagram are hidden at ${width}`)
    }
    const outside = await page.evaluate(`(() => {
      const picture = document.querySelector('svg.sequence').getBoundingClientRect()
      return [...document.querySelectorAll('svg.sequence text')].filter((text) => {
        const { left, right } = text.getBoundingClientRect()
        return left < picture.left - 1 || right > picture.right + 1
      }).map((text) => text.textContent)
    })()`)
    assert.deepEqual(outside, [])
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
          ['/parked', '.dead h2'],
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
