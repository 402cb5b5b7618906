import { localFolder } from './checkout.ts'
import { up } from './up.ts'

process.exitCode = await up({ env: process.env, localFolder })
