import { type Database, unrecordable } from '@order-saga/chassis'
import { NotDone } from '../result.ts'

/** @throws NotDone when the order database has no table for the record of acts */
export async function assertRecordable(database: Database): Promise<void> {
  const why = await unrecordable(database)
  if (why !== undefined) throw new NotDone(`Acts cannot be recorded in the order database: ${why}`)
}
