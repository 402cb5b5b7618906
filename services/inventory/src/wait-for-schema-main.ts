import { databaseSettings, runSchemaWait, start } from '@order-saga/chassis'
import { schema } from './store/schema.ts'

await start(() => runSchemaWait('inventory', databaseSettings('inventory_db'), schema))
