import { createLog } from '@order-saga/chassis'

/** For the services' parts at work here: standard output is the result's, and what they would tell is thrown as well. */
export const quietLog = createLog('saga', 'error')
