import { prepare } from './render.ts'

// Before any test file is read, for some tests are named after what is rendered: that is what lies in the folders now.
prepare()
