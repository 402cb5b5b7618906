import { LocalIssuer } from './local-issuer.ts'

const issuer = await LocalIssuer.start(Number(process.env['PORT']))
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void issuer.close())
