import { prepare } from './render.ts'

// Before any test file is loaded, because some test titles depend on the rendered chart.
prepare()
