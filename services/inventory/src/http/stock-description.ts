import { type ApiDescription, invalidField, notFound } from '@order-saga/chassis'
import { read, stockAccess } from './access-rules.ts'
import { Sku, StockAnswer, StockBody } from './stock-bodies.ts'

const json = { 'content-type': 'application/json' }
const put = (path: string, body: object) => ({ method: 'PUT', path, headers: json, body })
const parameters = { path: { sku: Sku } }
const stock = { sku: 'BOOK', available: 12, reserved: 0 }

/** The stock API: its operations, with an example of each response. */
export const stockDescription: ApiDescription = {
  title: 'Stock API',
  description: 'Sets and reports the stock of a SKU. A SKU that was never set is available without limit by default.',
  version: '1.0.0',
  schemas: { Stock: StockAnswer, NewStock: StockBody },
  access: stockAccess,
  samples: {
    path: '/stock/BOOK',
    access: read,
    allow: 'GET, HEAD, OPTIONS, PUT',
    write: { method: 'PUT', path: '/stock/BOOK' },
  },
  operations: [
    {
      id: 'setStock',
      method: 'put',
      path: '/stock/{sku}',
      summary: 'Set the available quantity; open reservations stay',
      parameters,
      body: StockBody,
      answer: StockAnswer,
      examples: {
        stock: {
          summary: 'a quantity',
          request: put('/stock/BOOK', { available: 12 }),
          response: { status: 200, body: stock },
        },
        invalidField: {
          summary: 'an invalid quantity',
          request: put('/stock/BOOK', { available: -1 }),
          response: invalidField('available', 'must be an integer from 0 to 1000000000000'),
        },
        invalidSku: {
          summary: 'an invalid SKU',
          request: put('/stock/%20', { available: 12 }),
          response: invalidField('sku', 'must be a string of 1 to 64 printable characters without space at its ends'),
        },
      },
    },
    {
      id: 'readStock',
      method: 'get',
      path: '/stock/{sku}',
      summary: 'Read the stock of a SKU',
      parameters,
      answer: StockAnswer,
      examples: {
        stock: { summary: 'a SKU', request: { path: '/stock/BOOK' }, response: { status: 200, body: stock } },
        unknownSku: {
          summary: 'a SKU that was never set',
          request: { path: '/stock/LAMP' },
          response: notFound('Stock of LAMP'),
        },
      },
    },
  ],
}
