import { helmDocs } from './helm-docs.ts'

for (const chart of ['order-saga', 'rabbitmq', 'postgres']) helmDocs(`charts/${chart}`)
