import type { AuditCounts } from './audit-counts.ts'
import type { ReadOnlyDatabase } from './read-only-database.ts'

interface Entry {
  readonly actId: string
  readonly seq: number
  readonly hash: string
  readonly previousHash: string
  readonly isUnchanged: boolean
  readonly hasItsBody: boolean
}

const pageSize = 1_000
const firstPreviousHash = '00'.repeat(32)

/**
 * The hashes are computed here and not by a function of the database, which its owner could replace: migrations/order/005
 * defines them. A removed body is no violation.
 */
const page = `SELECT a.act_id AS "actId", a.seq, encode(a.hash, 'hex') AS hash, encode(a.previous_hash, 'hex') AS "previousHash",
    coalesce(a.hash = sha256(convert_to(jsonb_strip_nulls(to_jsonb(a) - 'hash')::text, 'UTF8')), false) AS "isUnchanged",
    b.act_id IS NULL OR coalesce(a.body_hash = sha256(convert_to(b.body::text, 'UTF8')), false) AS "hasItsBody"
  FROM operator_acts a LEFT JOIN operator_act_bodies b ON b.act_id = a.act_id
  WHERE a.seq > $1 ORDER BY a.seq LIMIT ${pageSize}`

const orphans = `SELECT b.act_id AS "actId" FROM operator_act_bodies b
  WHERE NOT EXISTS (SELECT FROM operator_acts a WHERE a.act_id = b.act_id AND a.seq IS NOT NULL) LIMIT $1`

/**
 * Follows the hash chain of the operator acts from its first row. Rows of releases without a chain are not checked. Rows that
 * are missing at the end leave no trace in the chain: the report contains its length and last hash, to be compared with an
 * earlier report.
 */
export async function auditOperatorActs(database: ReadOnlyDatabase, counts: AuditCounts): Promise<void> {
  let last = { seq: 0, hash: firstPreviousHash }
  for (;;) {
    const entries = await database.read<Entry>(page, [last.seq])
    for (const entry of entries) {
      const { actId, seq, hash } = entry
      if (!entry.isUnchanged) counts.violation('operator_acts', 'an entry was changed', [actId])
      if (seq !== last.seq + 1 || entry.previousHash !== last.hash) {
        counts.violation('operator_acts', 'entries before this one are missing or were replaced', [actId])
      }
      if (!entry.hasItsBody) counts.violation('operator_acts', 'the body of the message was changed', [actId])
      last = { seq, hash }
    }
    if (entries.length < pageSize) break
  }
  const foreign = await database.read<{ actId: string }>(orphans, [pageSize])
  counts.violation(
    'operator_acts',
    'a body of a message belongs to no entry',
    foreign.map(({ actId }) => actId),
  )
  if (last.seq > 0) counts.note('operator_acts', [`${last.seq}, last hash ${last.hash}`])
}
