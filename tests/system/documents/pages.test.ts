import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = new URL('../../../', import.meta.url)

const listed = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '*.md'], {
  cwd: fileURLToPath(root),
  encoding: 'utf8',
})
const pages = listed.split('\n').filter((name) => name !== '' && existsSync(new URL(name, root)))
const textOf = (name: string): string => readFileSync(new URL(name, root), 'utf8')
const linesOf = (name: string): string[] => textOf(name).trimEnd().split('\n')

/** The anchors of a page, as GitHub makes them of its headings. */
function anchorsOf(name: string): string[] {
  return [...textOf(name).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  )
}

describe('The Markdown pages', () => {
  it('have lines of at most 160 columns', () => {
    const long = pages.flatMap((name) =>
      linesOf(name).flatMap((line, i) => (line.length > 160 ? [`${name}:${i + 1}`] : [])),
    )
    assert.deepEqual(long, [])
  })

  it('link to files and headings that exist', () => {
    const broken = pages.flatMap((name) =>
      [...textOf(name).matchAll(/\]\((?!https?:|mailto:)([^)\s]*)\)/g)].flatMap(([, link = '']) => {
        const [path = '', anchor] = link.split('#')
        const target =
          path === '' ? name : fileURLToPath(new URL(path, new URL(name, root))).slice(root.pathname.length)
        const found = existsSync(new URL(target, root)) && (anchor === undefined || anchorsOf(target).includes(anchor))
        return found ? [] : [`${name}: ${link}`]
      }),
    )
    assert.deepEqual(broken, [])
  })

  it('are limited to 150 lines for the README, and 40 for that of a package', () => {
    assert(linesOf('README.md').length <= 150)
    const { workspaces } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8')) as { workspaces: string[] }
    for (const folder of workspaces) {
      const name = `${folder}/README.md`
      assert(pages.includes(name), `${name} is missing`)
      assert(linesOf(name).length <= 40, `${name} has ${linesOf(name).length} lines`)
    }
  })

  it('index every decision record with its title, status and date', () => {
    const folder = 'docs/decisions/'
    const rows = linesOf(`${folder}README.md`).flatMap((line) => {
      const cells = /^\| \[(\d+)\]\(([^)]+)\) *\| (.+?) *\| (\w+) *\| ([\d-]+) *\|$/.exec(line)
      return cells === null ? [] : [cells.slice(1)]
    })
    const records = pages
      .filter((name) => name.startsWith(folder) && name !== `${folder}README.md`)
      .map((name) => {
        const [, number, title] = /^# (\d+)\. (.+)$/m.exec(textOf(name)) ?? []
        const [, status, date] = /^Status: (\w+), ([\d-]+)$/m.exec(textOf(name)) ?? []
        return [number, name.slice(folder.length), title, status, date]
      })
    assert.deepEqual(rows, records)
  })

  it('give the commands of every runbook for Kubernetes, Docker Compose and make up', () => {
    for (const name of pages.filter((page) => page.startsWith('docs/runbooks/'))) {
      for (const environment of ['Kubernetes', 'Docker Compose', 'make up']) {
        assert(textOf(name).includes(environment), `${name} says nothing about ${environment}`)
      }
    }
  })
})
