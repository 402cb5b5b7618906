// Exits with 0 if node_modules is what package-lock.json says, with 1 if npm must install. By content, because an installation
// can be newer than the lock and incomplete: interrupted, without development dependencies, or of another branch.
import { existsSync, readFileSync } from 'node:fs'

/** @typedef {{ version?: string, integrity?: string, optional?: boolean, link?: boolean }} Entry */

/** @param {string} file @returns {Record<string, Entry>} */
const packagesIn = (file) => JSON.parse(readFileSync(file, 'utf8')).packages

const wanted = packagesIn('package-lock.json')

function isInstalled() {
  const hidden = 'node_modules/.package-lock.json'
  if (!existsSync(hidden) || !existsSync('node_modules/.bin/tsc')) return false
  const found = packagesIn(hidden)
  return Object.entries(wanted).every(([path, { version, integrity, optional, link }]) => {
    // Optional packages are for one platform each.
    if (!path.includes('node_modules/') || optional) return true
    const same = link || (found[path]?.version === version && found[path]?.integrity === integrity)
    return same && existsSync(`${path}/package.json`)
  })
}

process.exitCode = isInstalled() ? 0 : 1
