import { localFolder } from './checkout.ts'
import { print } from './run-report.ts'
import { tokenReport } from './token-report.ts'

print(await tokenReport(localFolder, process.env))
