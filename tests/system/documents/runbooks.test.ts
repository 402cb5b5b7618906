// needs: database
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { sagaProgram } from '@order-saga/operations'
import { load } from 'js-yaml'
import { Databases } from '../../support/databases.ts'

const root = new URL('../../../', import.meta.url)
const read = (path: string): string => readFileSync(new URL(path, root), 'utf8')
const folder = 'docs/runbooks/'
const pages = readdirSync(new URL(folder, root)).filter((name) => name.endsWith('.md'))

const anId = '00000000-0000-7000-8000-000000000000'
const filledIn = (text: string): string =>
  text.replaceAll(/\b(?:ORDER(?! BY)|SAGA|ID)\b/g, anId).replaceAll(/\bPID\b/g, '0')

/** The commands of the pages' code, in blocks and in lines, as words. */
function commandsOf(program: string): { readonly page: string; readonly words: readonly string[] }[] {
  return pages.flatMap((page) => {
    const text = read(folder + page)
    const blocks = [...text.matchAll(/^ *```sh\n([\s\S]*?)^ *```$/gm)].flatMap(([, block = '']) =>
      block.replaceAll(/\\\n\s*/g, '').split('\n'),
    )
    const inline = [...text.replaceAll(/^ *```[\s\S]*?^ *```$/gm, '').matchAll(/`([^`]+)`/g)].map(
      ([, code = '']) => code,
    )
    return [...blocks, ...inline]
      .map((line) => line.trim())
      .filter((line) => line.startsWith(`${program} `))
      .map((line) => ({ page, words: wordsOf(line.slice(program.length)) }))
  })
}

/** The words of a shell command up to a comment, a pipe or a list operator; quotes are removed. */
function wordsOf(command: string): string[] {
  const words: string[] = []
  for (const [word] of command.matchAll(/'[^']*'|"[^"]*"|[|&;#]|[^\s'"|&;#]+/g)) {
    if (/^[|&;#]$/.test(word)) break
    words.push(filledIn(word.replaceAll(/^['"]|['"]$/g, '')))
  }
  return words
}

describe('The runbooks', () => {
  it('call saga with commands and options that it has', async () => {
    const commands = commandsOf('saga')
    assert(commands.length > 30)
    for (const { page, words } of commands) {
      let ran = false
      const run = async (): Promise<void> => void (ran = true)
      const program = sagaProgram({ out: () => undefined, run })
      await program.parseAsync([...words], { from: 'user' }).catch((error: unknown) => {
        assert.fail(`${page}: saga ${words.join(' ')}: ${String(error)}`)
      })
      assert(ran, `${page}: saga ${words.join(' ')} runs no command`)
    }
  })

  it('call targets that the Makefile has', () => {
    const targets = new Set([...read('Makefile').matchAll(/^([a-z-]+):/gm)].map(([, target]) => target))
    const commands = commandsOf('make')
    assert(commands.length > 5)
    for (const { page, words } of commands) {
      const [target = ''] = words.filter((word) => !word.startsWith('-'))
      assert(targets.has(target), `${page}: make ${target}`)
    }
  })

  it('name services that compose.yaml has', () => {
    const { services } = load(read('compose.yaml')) as { readonly services: object }
    const commands = commandsOf('docker compose')
    assert(commands.length > 20)
    for (const { page, words } of commands) {
      const text = words
        .join(' ')
        .replaceAll(/--(?:profile|tail|username) \S+|--scale (?=\S+=)|(?<=\S+)=\d+|(?<!\S)-\S+/g, '')
      const [subcommand = '', ...names] = text.split(/ +/).filter((word) => word !== '')
      const named = ['exec', 'run'].includes(subcommand) ? names.slice(0, 1) : names
      for (const name of named) assert(name in services, `${page}: docker compose ${words.join(' ')}: ${name}`)
    }
  })

  it('name Kubernetes objects and components that the chart renders', () => {
    const golden = readdirSync(new URL('charts/order-saga/golden/', root))
    const rendered = golden.map((name) => read(`charts/order-saga/golden/${name}`)).join('\n')
    const commands = commandsOf('kubectl')
    assert(commands.length > 20)
    for (const { page, words } of commands) {
      const text = words.join(' ')
      for (const [name] of text.matchAll(/\bshop-[a-z-]*[a-z]/g)) {
        assert(rendered.includes(`name: ${name}\n`), `${page}: kubectl ${text}: ${name}`)
      }
      for (const [, component = ''] of text.matchAll(/component=([a-z-]+)/g)) {
        assert(rendered.includes(`component: ${component}\n`), `${page}: kubectl ${text}: ${component}`)
      }
    }
  })

  describe('quote SQL that the databases accept:', () => {
    let system: Databases
    before(async () => (system = await Databases.create(`runbooks_${process.pid}`)))
    after(() => system.drop())

    for (const page of pages) {
      const blocks = [...read(folder + page).matchAll(/^ *```sql\n([\s\S]*?)^ *```$/gm)].map(([, sql = '']) => sql)
      for (const [i, block] of blocks.entries()) {
        it(`${page}, block ${i + 1}`, async () => {
          await system.sql('order', filledIn(block))
        })
      }
    }
  })
})
