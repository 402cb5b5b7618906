import { databaseSettings, runMigrations, start } from '@order-saga/chassis'

await start(() => runMigrations('inventory', databaseSettings('inventory_db')))
