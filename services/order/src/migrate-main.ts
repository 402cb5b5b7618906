import { databaseSettings, runMigrations, start } from '@order-saga/chassis'

await start(() => runMigrations('order', databaseSettings('order_db')))
