import { mkdirSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { dashboards, textOf } from './dashboards/index.ts'

const folder = fileURLToPath(new URL('../../../charts/order-saga/dashboards/', import.meta.url))

mkdirSync(folder, { recursive: true })
for (const dashboard of dashboards) writeFileSync(`${folder}${dashboard.uid}.json`, textOf(dashboard))
