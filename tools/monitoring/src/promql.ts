const quoted = /"(?:[^"\\]|\\.)*"/g
const words = new Set(['and', 'or', 'unless', 'bool', 'by', 'without', 'on', 'ignoring', 'group_left', 'group_right'])

/** A metric with its label matchers, as written in a query. */
export interface Selector {
  /** Its name, or the pattern of `__name__`. */
  readonly metric: string
  readonly text: string
}

/** The distinct selectors of a query. All selectors of this project have matchers, so they are recognized by braces. */
export function selectorsIn(query: string): Selector[] {
  const found = new Map<string, Selector>()
  for (const [text, name = ''] of query.matchAll(/([a-zA-Z_:][\w:]*)?\{(?:[^{}"]|"(?:[^"\\]|\\.)*")*\}/g)) {
    const pattern = /__name__=~"([^"]+)"/.exec(text)?.[1]
    found.set(text, { metric: name === '' ? (pattern ?? '') : name, text })
  }
  return [...found.values()]
}

/** The metrics of a query, without the suffixes of histograms. */
export function metricsIn(query: string): string[] {
  return [...new Set(selectorsIn(query).map(({ metric }) => metric.replace(/_(bucket|sum|count)$/, '')))]
}

/** Selectors without matchers: they would query the whole cluster. */
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
