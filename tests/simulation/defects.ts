import type { Client, QueryConfig } from 'pg'
import type { BrokerDefects } from './simulated-broker.ts'

/** Defects that can be put into the system, to show that the simulation finds them. */
export const defects = {
  'no-charge-key': 'the provider is given no key by which it knows a repetition',
  'early-ack': 'a message is acknowledged before its effect is durable',
  'early-confirm': 'an event counts as published before the broker has it',
  'early-claim': "an event's id is claimed in a transaction before that of its effect",
} as const
export type Defect = keyof typeof defects

export function brokerDefects(defect: Defect | undefined): BrokerDefects {
  return { acksEarly: defect === 'early-ack', confirmsEarly: defect === 'early-confirm' }
}

/** Has the claims of the inbox committed beside the transaction they belong to. */
export function statementRewriter(
  defect: Defect | undefined,
): (sql: QueryConfig, besides: Client) => Promise<QueryConfig> {
  return async (sql, besides) => {
    if (defect !== 'early-claim' || sql.name !== 'inbox-claim') return sql
    await besides.query(`${sql.text} ON CONFLICT DO NOTHING`, sql.values as unknown[])
    return { text: 'SELECT 1' }
  }
}
