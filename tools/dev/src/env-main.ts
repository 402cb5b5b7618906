import { localFolder } from './checkout.ts'
import { addressReport, print } from './run-report.ts'

print(await addressReport(localFolder))
