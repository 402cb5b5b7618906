import type { MutantsByPromise } from '../mutant.ts'

export const moneyStockMail: MutantsByPromise = {
  'A customer is charged once for an order, and a charge is refunded once.': [
    {
      name: 'charge-under-a-new-key',
      file: 'services/payment/src/effects/charge.ts',
      original: '`charge:${orderId}`',
      replacement: '`charge:${orderId}:${Date.now()}`',
      test: 'while the provider charges or refunds causes one charge and one refund',
    },
  ],
  'A cancelled order keeps no money, even if the charge succeeds after the cancellation.': [
    {
      name: 'refund-not-started',
      file: 'services/payment/src/domain/payment.ts',
      original: "case 'charged':\n      return startRefund(payment)",
      replacement: "case 'charged':\n      return late",
      test: 'refunds a payment that arrives after it, exactly once',
    },
  ],
  'Stock is never sold twice; an order gets all its items or none.': [
    {
      name: 'shortage-per-line',
      file: 'services/inventory/src/domain/stock.ts',
      original: 'needed.set(sku, (needed.get(sku) ?? 0) + qty)',
      replacement: 'needed.set(sku, qty)',
      test: 'is never negative after a reservation without a shortage, and is conserved by every move',
    },
    {
      name: 'reserves-what-is-there',
      file: 'services/inventory/src/store/locked-inventory.ts',
      original: 'if (this.#stock.get(sku) === level) continue',
      replacement: "if (this.#stock.get(sku) === level || state.status === 'reserved') continue",
      test: 'sells the last item once under concurrent orders',
    },
  ],
  'A cancelled order holds no stock.': [
    {
      name: 'cancellation-without-release',
      file: 'services/inventory/src/domain/reservation.ts',
      original: "stock: moveStock(stock, items, 'release')",
      replacement: 'stock',
      test: 'reserved on cancelled: released',
    },
  ],
  'Each outcome is notified by e-mail, at least once, to the right customer.': [
    {
      name: 'mail-of-a-failed-server-counts-as-sent',
      file: 'services/notification/src/reactions/send-mail.ts',
      original: 'throw error',
      replacement: "return { kind: 'sent' }",
      test: 'leave an event unhandled and uncounted while the server is unavailable, and send its mail later',
    },
    {
      name: 'repeated-mail-differs',
      file: 'services/notification/src/domain/mail.ts',
      original: '`<${eventId}@${senderDomain}>`',
      replacement: '`<${eventId}.${Date.now()}@${senderDomain}>`',
      test: 'send one mail per event and count it',
    },
  ],
}
