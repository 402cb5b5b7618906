import { readActs, readStockActs, type RecordedAct } from '../inspect/operator-acts.ts'
import type { StoreReader } from '../inspect/store.ts'
import type { Result } from './result.ts'
import { instant, tableOf } from './text.ts'
import { counted } from '../audit/format-report.ts'

export async function listActs(
  { order, inventory }: Readonly<Record<'order' | 'inventory', StoreReader>>,
  options: { readonly about?: string | undefined; readonly limit: number },
): Promise<Result> {
  const [ofSagas, ofStock] = await Promise.all([readActs(order, options), readStockActs(inventory, options)])
  const acts = [...ofSagas, ...ofStock]
    .toSorted((one, other) => other.startedAt.getTime() - one.startedAt.getTime())
    .slice(0, options.limit)
  const rows = acts.map((act) => [
    instant(act.startedAt),
    act.operator,
    act.act,
    act.event ?? '-',
    act.subject,
    act.place,
    endOf(act),
    act.reason,
  ])
  return {
    items: acts,
    summary: { shown: acts.length },
    text: [
      ...tableOf(['AT', 'BY', 'ACT', 'EVENT', 'SUBJECT', 'PLACE', 'END', 'REASON'], rows),
      counted(acts.length, 'act'),
    ].join('\n'),
    wrong: false,
  }
}

const endOf = ({ completedAt, failure }: RecordedAct): string =>
  failure === null ? (completedAt === null ? 'cut off' : 'done') : `failed: ${failure}`
