import { databaseSettings, runSchemaWait, start } from '@order-saga/chassis'
import { schema } from './store/schema.ts'

await start(() => runSchemaWait('payment', databaseSettings('payment_db'), schema))
