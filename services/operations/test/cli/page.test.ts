import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import type { Command } from 'commander'
import { sagaProgram, sagaSettings } from '../../src/index.ts'
import { auditSettings } from '../../src/index.ts'

const page = readFileSync(new URL('../../../../docs/saga-command.md', import.meta.url), 'utf8')
const program = sagaProgram({ out: () => undefined, run: async () => undefined })

/** The subcommands by their full name, without groups. */
function commandsIn(command: Command, path = ''): [string, Command][] {
  if (command.commands.length === 0) return [[path, command]]
  return command.commands.flatMap((one) => commandsIn(one, `${path} ${one.name()}`.trim()))
}

/** The section of one command, from its heading to the next. */
function sectionOf(name: string): string {
  const [, section] = page.split(`### \`saga ${name}\`\n`)
  assert(section !== undefined, `the page has no section "### \`saga ${name}\`"`)
  return section.split(/^##/m)[0] ?? ''
}

describe('the page of the command saga', () => {
  const commands = commandsIn(program)

  it('has a section for every command and no other', () => {
    const headings = [...page.matchAll(/^### `saga (.+)`$/gm)].map((match) => match[1])
    assert.deepEqual(
      headings,
      commands.map(([name]) => name),
    )
  })

  for (const [name, command] of commands) {
    it(`names every option of ${name} and no other`, () => {
      const options = command.options.map(({ long }) => long)
      assert(options.includes('--json'))
      const named = [...sectionOf(name).matchAll(/`(--[a-z-]+)`/g)].map((match) => match[1])
      assert.deepEqual(new Set(named), new Set(options))
    })
  }

  it('names its setting in addition to those of the audit', () => {
    const more = Object.entries(sagaSettings).filter(([key]) => !(key in auditSettings))
    for (const [, { env }] of more) assert(page.includes(`\`${env}\``), env)
  })

  it('matches the help: every command has a description', () => {
    for (const [name, command] of commands) assert.notEqual(command.description(), '', name)
  })
})
