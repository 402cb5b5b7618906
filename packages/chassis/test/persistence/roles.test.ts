import assert from 'node:assert/strict'
import { rightsOn, scramVerifier } from '../../src/persistence/roles.ts'
import { loadRoles } from '../../src/process/settings.ts'

describe('the roles of a database', () => {
  it('get their passwords as SCRAM verifiers: that of RFC 7677, section 3', () => {
    // Its keys follow from user "user", password "pencil", 4096 iterations and this salt.
    const salt = Buffer.from('W22ZaJ0SNY7soEsUEjb6gQ==', 'base64')
    assert.equal(
      scramVerifier('pencil', salt),
      'SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=',
    )
    assert.notEqual(scramVerifier('pencil'), scramVerifier('pencil'))
    for (const password of ['', 'pässword', 'a\nb']) assert.throws(() => scramVerifier(password), /printable ASCII/)
  })

  it('get no rights on columns that a later migration adds', () => {
    const rights = 'SELECT, INSERT (a, b), UPDATE (b), DELETE'
    assert.equal(rightsOn(['a', 'b'], rights), rights)
    assert.equal(rightsOn(['a'], rights), 'SELECT, INSERT (a), DELETE')
    assert.equal(rightsOn(['c'], 'UPDATE (b)'), '')
    assert.equal(rightsOn(['c'], 'UPDATE (b), SELECT'), 'SELECT')
    assert.equal(rightsOn(['c']), '')
  })

  const all = { DB_RUNTIME_USER: 'a', DB_READER_USER: 'b', DB_OPERATOR_USER: 'c', DB_READER_PASSWORD: 'p' }

  it('are named by the environment, all or none', () => {
    assert.equal(loadRoles('owner', {}), undefined)
    assert.deepEqual(loadRoles('owner', all), {
      runtime: { user: 'a', password: '' },
      reader: { user: 'b', password: 'p' },
      operator: { user: 'c', password: '' },
    })
  })

  for (const [what, change, reason] of [
    ['one is missing', { DB_READER_USER: '' }, /^ConfigurationError: DB_READER_USER must be set/],
    ['one is the owner', { DB_RUNTIME_USER: 'owner' }, /^ConfigurationError: DB_RUNTIME_USER must not be DB_USER/],
    [
      'two are the same',
      { DB_OPERATOR_USER: 'a' },
      /^ConfigurationError: DB_RUNTIME_USER must not be the user of another/,
    ],
  ] as const) {
    it(`are refused where ${what}`, () => {
      assert.throws(() => loadRoles('owner', { ...all, ...change }), reason)
    })
  }
})
