export interface Retired {
  /** Printed and counted by `make vocabulary`; for words and names also the search term. */
  readonly expression: string
  readonly instead: string
  /** For phrases: the search pattern, case-insensitive. A space also matches a line break within a comment. */
  readonly pattern?: string
}

const be = '(?:is|are|was|were|be|been|being)'

/** Words that are retired in prose and as a part of a name such as `realSurroundings` or `trail-route`. */
export const words: readonly Retired[] = [
  { expression: 'born', instead: 'inserted with' },
  { expression: 'conductor', instead: 'scheduler' },
  { expression: 'entomb', instead: 'markCancelled' },
  { expression: 'equipment', instead: 'test-support' },
  { expression: 'foresee', instead: 'preview' },
  { expression: 'foresight', instead: 'ReplayPreview' },
  { expression: 'ghost', instead: 'orphaned' },
  { expression: 'ghosts', instead: 'orphans' },
  { expression: 'judge', instead: 'assert, evaluate' },
  { expression: 'judged', instead: 'evaluated' },
  { expression: 'judges', instead: 'evaluates' },
  { expression: 'lane', instead: 'secondary queue' },
  { expression: 'lanes', instead: 'secondary queues' },
  { expression: 'loner', instead: 'isolated' },
  { expression: 'loners', instead: 'isolated' },
  { expression: 'losers', instead: 'KeyConflicts' },
  { expression: 'patience', instead: 'request timeout, RequestDeadline, RefundRetryPolicy' },
  { expression: 'slots', instead: 'concurrency limit, ConcurrencyLimit' },
  { expression: 'stories', instead: 'scenarios' },
  { expression: 'story', instead: 'scenario' },
  { expression: 'stretch', instead: 'window' },
  { expression: 'stretches', instead: 'windows' },
  { expression: 'strike', instead: 'inject a fault' },
  { expression: 'strikes', instead: 'injects a fault' },
  { expression: 'surely', instead: 'nothing: delete it' },
  { expression: 'surroundings', instead: 'runtime dependencies, RuntimeDependencies' },
  { expression: 'tally', instead: 'counts' },
  { expression: 'tell', instead: 'report, return, notify' },
  { expression: 'tells', instead: 'reports, returns, notifies' },
  { expression: 'told', instead: 'reported, returned, notified' },
  { expression: 'trail', instead: 'saga trace, SagaTrace' },
  { expression: 'trails', instead: 'saga traces' },
  { expression: 'untold', instead: 'without notification' },
  { expression: 'warehouse', instead: 'StockUnitOfWork, loadStock, saveStock' },
  { expression: 'whatever', instead: 'name the thing' },
  { expression: 'whoever', instead: 'name the actor' },
  { expression: 'workplace', instead: 'command context, CommandContext' },
]

/** Names that are retired in TypeScript declarations; in prose the same word may be plain English. */
export const names: readonly Retired[] = [
  { expression: 'Advanced', instead: 'AdvanceContext' },
  { expression: 'Asked', instead: 'ServiceReply' },
  { expression: 'Found', instead: 'ScannedMessage' },
  { expression: 'Moved', instead: 'MoveResult' },
  { expression: 'OutboxRecord', instead: 'PublicationMarker' },
  { expression: 'PaymentBook', instead: 'LockedPayments' },
  { expression: 'Published', instead: 'PublishOutcome' },
  { expression: 'Reacted', instead: 'ReactionResult' },
  { expression: 'SagaBook', instead: 'LockedSagas' },
  { expression: 'enough', instead: 'flushThreshold' },
  { expression: 'gatherMs', instead: 'flushDelayMs' },
]

/** Names of files, without their extension. */
export const files: readonly Retired[] = [
  { expression: 'look', instead: 'theme' },
  { expression: 'look-through', instead: 'scan' },
  { expression: 'measured', instead: 'instrument' },
]

export const phrases: readonly Retired[] = [
  { expression: 'is away', instead: 'is unavailable', pattern: `${be} away(?! from)` },
  {
    expression: 'the broker is gone',
    instead: 'the broker connection is lost',
    pattern: `(?:broker|database|server|connection|channel|RabbitMQ|PostgreSQL) ${be} gone`,
  },
  { expression: 'given up', instead: 'dead-lettered; stops after', pattern: '(?:give|gives|giving|given|gave) up' },
  { expression: 'died of', instead: 'was dead-lettered because of', pattern: 'died (?:of|in|there)|(?:it|they) died' },
  {
    expression: 'held (a message)',
    instead: 'retained unacknowledged',
    pattern: `(?:message|messages|delivery|deliveries)(?: \\w+)? ${be}(?: then)? held|held (?:message|messages|delivery|deliveries)`,
  },
  { expression: 'on its way', instead: 'in flight', pattern: 'on (?:its|their|the) way|under way' },
  {
    expression: 'comes to its end',
    instead: 'completes',
    pattern: '(?:come|comes|came|coming) to (?:its|their|an) end|(?:to|until) (?:its|their) end',
  },
  { expression: 'ends as', instead: 'final status', pattern: '(?:end|ends|ended) as(?! soon)' },
  { expression: 'met the order', instead: 'has a record of the order', pattern: 'met (?:the|an|its|this) order' },
  {
    expression: 'look for, look through',
    instead: 'query, scan',
    pattern: '(?:look|looks|looked|looking) (?:for|through|after)',
  },
  {
    expression: 'a look',
    instead: 'a query, a scan, a poll',
    pattern: '(?:a|an|each|every|next|last|its|this|two|between|between two) looks?(?! up)(?![-\\w])',
  },
  { expression: 'asked again', instead: 'retried', pattern: '(?:ask|asks|asked|asking) again' },
  { expression: 'asks for', instead: 'requests', pattern: '(?:ask|asks|asked|asking) for' },
  { expression: 'set aside', instead: 'diverted to a secondary queue, parked', pattern: '(?:set|sets|setting) aside' },
  { expression: 'slowest hundredth', instead: 'p99', pattern: 'slowest (?:hundredth|thousandth|tenth)' },
  { expression: 'lost, double', instead: 'lost, duplicated', pattern: 'lost, double' },
  { expression: 'it takes a machine', instead: 'measured on', pattern: 'it takes a machine|such a machine' },
  { expression: 'people on call', instead: 'on-call engineer', pattern: '(?:people|person|somebody|those) on call' },
  {
    expression: 'unless told otherwise',
    instead: 'unless overridden',
    pattern: '(?:say|says|said|told) otherwise',
  },
  { expression: 'may well', instead: 'nothing: delete it', pattern: 'may well' },
  { expression: 'without further ado', instead: 'nothing: delete it', pattern: 'without further ado' },
  { expression: 'gives the process its work', instead: 'nothing: delete it', pattern: 'gives? the process its work' },
]
