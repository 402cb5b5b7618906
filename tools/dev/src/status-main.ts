import { localFolder } from './checkout.ts'
import { print, processReport } from './run-report.ts'

print(await processReport(localFolder))
