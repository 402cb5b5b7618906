import { type Import, packages } from './read-imports.ts'

export interface Rule {
  readonly title: string
  readonly violates: (each: Import) => boolean
  /** An import that violates it. */
  readonly example: readonly [file: string, text: string]
}

const libraries = ['packages/contracts', 'packages/chassis']
/** The packages of this repository that each package may import. Services share only the contracts. */
const below: Readonly<Record<string, readonly string[]>> = {
  'packages/contracts': [],
  'packages/chassis': ['packages/contracts'],
  'services/order': libraries,
  'services/payment': libraries,
  'services/inventory': libraries,
  'services/notification': libraries,
  // It previews the effect of a message by the services' own reactions.
  'services/operations': [...libraries, 'services/order', 'services/payment', 'services/inventory'],
  'tools/ci': ['packages/contracts'],
  'tools/dev': ['packages/contracts'],
  'tools/monitoring': [...libraries, 'services/operations', 'tools/dev'],
  'tools/bench': [...libraries, 'services/operations', 'tools/dev', 'tests'],
}

/** The folders of `tests` that each of them may import, besides itself. */
const testFolders: Readonly<Record<string, readonly string[]>> = {
  'tests/support': [],
  'tests/chaos': ['tests/support'],
  'tests/simulation': ['tests/support'],
  'tests/model': ['tests/support'],
  'tests/cluster': ['tests/support'],
  // It runs the overload program for a short time.
  'tests/system': ['tests/support', 'tests/chaos'],
}

/** Each may import those before it. */
const chassisFolders = ['core', 'messaging', 'persistence', 'http', 'process']

/** Exports that all events and services share. */
const commonContracts = [
  'catalogue',
  'checkerOf',
  'Checked',
  'deadLetterQueue',
  'Envelope',
  'EnvelopeSchema',
  'EventType',
  'instantOf',
  'maxMessageBytes',
  'ownExchange',
  'personalFields',
  'QueueNames',
  'retryQueue',
  'secondaryQueue',
  'secondaryQueuesOf',
  'ServiceName',
  'ServiceQueue',
  'services',
  'Topology',
  'topologyOf',
]

const contracts = 'packages/contracts/src/index.ts'
/** Pure functions, given the same arguments. */
const pureFunctions = new Set(['createHash'])

export const rules: readonly Rule[] = [
  {
    title: 'services import chassis, chassis imports contracts, and nothing the other way',
    violates: ({ file, target }) =>
      isSource(file) && isElsewhere(file, target) && below[packageOf(file)]?.includes(packageOf(target)) !== true,
    example: ['services/order/src/main.ts', `import { decide } from '@order-saga/payment'`],
  },
  {
    title: 'sources import another package by its name',
    violates: ({ file, target, specifier }) => isSource(file) && isElsewhere(file, target) && specifier.startsWith('.'),
    example: ['services/operations/src/a.ts', `export { decide } from '../../order/src/domain/saga.ts'`],
  },
  {
    title: 'sources import packages that their manifest declares',
    violates: ({ file, specifier, target }) => {
      if (!isSource(file) || /^(?:node:|\.)/.test(specifier)) return false
      if (target !== undefined && !isElsewhere(file, target)) return false
      const { declared = [] } = packages.get(packageOf(file)) ?? {}
      return !declared.some((name) => specifier === name || specifier.startsWith(`${name}/`))
    },
    example: ['services/order/src/a.ts', `import { property } from 'fast-check'`],
  },
  {
    title: 'sources import no tests, except that benchmarks import the support of all tests',
    violates: ({ file, target }) =>
      isSource(file) &&
      target !== undefined &&
      !isSource(target) &&
      !(packageOf(file) === 'tools/bench' && testFolderOf(target) === 'tests/support'),
    example: ['packages/chassis/src/core/a.ts', `import { outgoing } from '../../test/support/deliveries.ts'`],
  },
  {
    title: 'tests import only their own test folder and the support of all tests',
    violates: ({ file, target }) => {
      if (isSource(file) || target === undefined || isSource(target)) return false
      const [own, other] = [testFolderOf(file), testFolderOf(target)]
      return own !== other && !(testFolders[own] ?? ['tests/support']).includes(other)
    },
    example: ['services/order/test/a.test.ts', `import { causes } from '../../notification/test/causes.ts'`],
  },
  {
    title: 'services export their domain, reactions, tables and settings',
    violates: ({ file, target = '' }) =>
      /^services\/(?!operations)[^/]+\/src\/index\.ts$/.test(file) &&
      !/\/src\/(?:(?:domain|reactions|store)\/.+|config\.ts)$/.test(target),
    example: ['services/order/src/index.ts', `export { wireOrder } from './wiring.ts'`],
  },
  {
    title: 'a domain imports itself and types of the contracts',
    violates: ({ file, target, names, specifier, isTypeOnly }) => {
      const folder = /^services\/[^/]+\/src\/domain\//.exec(file)?.[0]
      if (folder === undefined || target?.startsWith(folder) === true) return false
      if (specifier === 'node:crypto') return !names.every((name) => pureFunctions.has(name))
      return target !== contracts || !isTypeOnly
    },
    example: ['services/order/src/domain/a.ts', `import { OrderCreated } from '@order-saga/contracts'`],
  },
  {
    title: 'contracts do no input or output',
    violates: ({ file, specifier }) => file.startsWith('packages/contracts/src/') && specifier.startsWith('node:'),
    example: ['packages/contracts/src/a.ts', `import { readFileSync } from 'node:fs'`],
  },
  {
    title: `the folders of chassis import in this order: ${chassisFolders.join(', ')}`,
    violates: ({ file, target = '' }) => {
      const [own, other] = [file, target].map((path) => /^packages\/chassis\/src\/([^/]+)\//.exec(path)?.[1])
      if (own === undefined) return false
      if (target === 'packages/chassis/src/index.ts' || !chassisFolders.includes(own)) return true
      return other !== undefined && chassisFolders.indexOf(other) > chassisFolders.indexOf(own)
    },
    example: ['packages/chassis/src/messaging/a.ts', `import type { Database } from '../persistence/database.ts'`],
  },
  {
    title: 'chassis imports only the shared exports of the contracts',
    violates: ({ file, target, names }) =>
      file.startsWith('packages/chassis/src/') &&
      target === contracts &&
      (names.length === 0 || !names.every((name) => commonContracts.includes(name))),
    example: ['packages/chassis/src/core/a.ts', `import { checkerOf, OrderCreated } from '@order-saga/contracts'`],
  },
]

/** Everything that is no test and no support of one. */
function isSource(path: string): boolean {
  return !/^(?:tests|charts\/test|(?:packages|services|tools)\/[^/]+\/test)\//.test(path)
}

function packageOf(path: string): string {
  return [...packages.keys()].find((folder) => path.startsWith(`${folder}/`)) ?? ''
}

function isElsewhere(file: string, target: string | undefined): target is string {
  return target !== undefined && packageOf(target) !== packageOf(file)
}

/** `tests/chaos`, or `services/order/test`. */
function testFolderOf(path: string): string {
  return /^(?:tests\/[^/]+|charts\/test|[^/]+\/[^/]+\/test)(?=\/)/.exec(path)?.[0] ?? path
}
