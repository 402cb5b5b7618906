const quoted = /"(?:[^"\\]|\\.)*"/g
const words = new Set(['and', 'or', 'unless', 'bool', 'by', 'without', 'on', 'ignoring', 'group_left', 'group_right'])

/** A metric with its label matchers, as it stands in a query. */
export interface Selector {
  /** Its name, or the pattern its name must match. */
  readonly metric: string
  readonly text: string
}

/** The selectors of a query, each once. Every one of ours has matchers, so they are known by their braces. */
export function selectorsIn(query: string): Selector[] {
  const found = new Map<string, Selector>()
  for (const [text, name = ''] of query.matchAll(/([a-zA-Z_:][\w:]*)?\{(?:[^{}"]|"(?:[^"\\]|\\.)*")*\}/g)) {
    const pattern = /__name__=~"([^"]+)"/.exec(text)?.[1]
    found.set(text, { metric: name === '' ? (pattern ?? '') : name, text })
  }
  return [...found.values()]
}

/** The metrics a query asks for; of a histogram without what its series end in. */
export function metricsIn(query: string): string[] {
  return [...new Set(selectorsIn(query).map(({ metric }) => metric.replace(/_(bucket|sum|count)$/, '')))]
}

/** Names in a query that are neither functions nor labels and have no matchers: they would ask for the whole cluster. */
export function bareNames(query: string): string[] {
  const rest = query
    .replaceAll(/([a-zA-Z_:][\w:]*)?\{(?:[^{}"]|"(?:[^"\\]|\\.)*")*\}/g, ' ')
    .replaceAll(quoted, ' ')
    .replaceAll(/\b(by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)/g, ' ')
    .replaceAll(/\[[^\]]*\]/g, ' ')
  return [...rest.matchAll(/\b[a-zA-Z_:][\w:]*\b(?!\s*\()/g)]
    .map(([name]) => name)
    .filter((name) => !words.has(name) && !/^(e|inf|nan)$/i.test(name))
}
