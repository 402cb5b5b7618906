import { basename } from 'node:path'
import { files, names, phrases, type Retired, words } from './retired.ts'

export interface Occurrence {
  readonly file: string
  readonly line: number
  /** The text of the file, on one line. */
  readonly text: string
  readonly expression: string
  readonly instead: string
}

interface Rule {
  readonly retired: Retired
  readonly pattern: RegExp
}

const maxTextLength = 60

/** White space, or a line break within a comment including the comment marker of the next line. */
const space = String.raw`\s+(?:(?:\/\/|\*|#|--)\s+)?`

const wordRules = words.map((retired) => ({ retired, pattern: wordPattern(retired.expression) }))
const phraseRules = phrases.map((retired) => {
  const pattern = (retired.pattern ?? retired.expression).replaceAll(' ', space)
  return { retired, pattern: new RegExp(String.raw`(?<![\w-])(?:${pattern})(?!\w)`, 'gi') }
})
const nameRules = names.map((retired) => {
  const declared = String.raw`(?:type|interface|class|enum|const|let|function|readonly|import|export|[{(,])\s+(?:type\s+)?`
  return { retired, pattern: new RegExp(String.raw`(?<=${declared})#?${retired.expression}\b(?!\s+\w)`, 'g') }
})
/** A statement, not a question. */
const sentence: Rule = {
  retired: { expression: 'What …', instead: 'begin with the actor or the thing' },
  pattern: /(?<=(?:\/\/|\/\*\*|^\s*\*|^\s*#|^|[.:])\s)What(?: [^.?!\n]*)?(?:\n[^.?!\n]+)?(?=[.!\n])(?!\?)/gm,
}

/** The retired expressions of a file, in the order of its lines. */
export function occurrencesIn(file: string, text: string): Occurrence[] {
  const rules = [...wordRules, ...phraseRules, ...(/\.(?:ts|js|mjs)$/.test(file) ? nameRules : []), sentence]
  const prose = file.endsWith('.md') ? text.replaceAll(/^#+ What/gm, (heading) => ' '.repeat(heading.length)) : text
  const inText = rules.flatMap(({ retired, pattern }) =>
    [...prose.matchAll(pattern)].map(({ 0: found, index }) => ({
      file,
      line: text.slice(0, index).split('\n').length,
      text: found.replaceAll(/\s+/g, ' ').slice(0, maxTextLength),
      ...retired,
    })),
  )
  // SQL in capitals, such as CASE … END AS.
  const sql = inText.filter(({ text: found }) => / /.test(found) && found === found.toUpperCase())
  return [...inFileName(file), ...inText.filter((each) => !sql.includes(each))].toSorted((a, b) => a.line - b.line)
}

function inFileName(file: string): Occurrence[] {
  const name = basename(file).replace(/\..*$/, '')
  const exact = files.filter(({ expression }) => expression === name)
  const parts = wordRules.filter(({ pattern }) => name.search(pattern) >= 0).map(({ retired }) => retired)
  return [...exact, ...parts].map((retired) => ({ file, line: 1, text: basename(file), ...retired }))
}

/** Matches a whole word, or a part of a name in camel case, snake case, kebab case or capitals. */
function wordPattern(word: string): RegExp {
  const [first = '', ...rest] = word
  const upper = first.toUpperCase()
  const tail = rest.join('')
  return new RegExp(
    [
      `(?<![A-Za-z])[${first}${upper}]${tail}(?![a-z])`,
      `(?<=[a-z\\d])${upper}${tail}(?![a-z])`,
      `(?<![A-Z])${word.toUpperCase()}(?![A-Z])`,
    ].join('|'),
    'g',
  )
}
