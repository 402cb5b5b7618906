import { databaseSettings, runMigrations, start } from '@order-saga/chassis'

await start(() => runMigrations('payment', databaseSettings('payment_db')))
