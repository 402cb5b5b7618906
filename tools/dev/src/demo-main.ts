import { localFolder } from './checkout.ts'
import { demo } from './demo.ts'

process.exitCode = await demo({ env: process.env, localFolder })
