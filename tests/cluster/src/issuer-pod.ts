import { localAudience as audience, LocalIssuer } from '@order-saga/dev'
import { tags } from './images.ts'
import type { Values } from './release.ts'
import type { Shop } from './shop.ts'

const name = 'issuer'
const port = 8080
const drillToken = { secret: 'drill-token', key: 'token' }
/** The scopes of a service that places orders, follows them and sets stock. */
const scope = 'orders:create orders:read stock:write'
const readyLimitSeconds = 120

/** The published keys never change, so a constant response is enough. */
const program = `require('node:http').createServer((_, response) => response.end(process.env.JWKS)).listen(${port}, '0.0.0.0')`

/**
 * Starts a pod that publishes the key of an issuer, and a Secret with a token of it for the drill.
 * @returns the values with which a release requires such tokens, and the token
 */
export async function startIssuer({ cluster }: Shop): Promise<{ readonly values: Values; readonly token: string }> {
  const { namespace } = cluster
  const issuer = await LocalIssuer.start()
  try {
    const { url } = issuer
    const token = await issuer.token({ subject: 'drill', scope })
    const metadata = { name, namespace, labels: { app: name } }
    await cluster.apply({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: drillToken.secret, namespace },
      stringData: { [drillToken.key]: token },
    })
    const jwks = await (await fetch(issuer.jwksUrl)).text()
    await cluster.apply({ apiVersion: 'v1', kind: 'Pod', metadata, spec: podSpec(jwks) })
    await cluster.apply({
      apiVersion: 'v1',
      kind: 'Service',
      metadata,
      spec: { selector: { app: name }, ports: [{ port }] },
    })
    await cluster.kubectl(['wait', `pod/${name}`, '--for=condition=Ready', `--timeout=${readyLimitSeconds}s`], {
      limitMs: (readyLimitSeconds + 10) * 1_000,
    })
    const jwksUrl = `http://${name}.${namespace}.svc:${port}`
    return { values: { auth: { mode: 'jwt', issuer: url, audience, jwksUrl }, drill: { token: drillToken } }, token }
  } finally {
    await issuer.close()
  }
}

/** Satisfies the Pod Security Standard `restricted`. */
function podSpec(jwks: string): object {
  return {
    automountServiceAccountToken: false,
    securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
    containers: [
      {
        name,
        image: `order-saga/order:${tags.tested}`,
        imagePullPolicy: 'IfNotPresent',
        command: ['node', '--eval', program],
        env: [{ name: 'JWKS', value: jwks }],
        readinessProbe: { httpGet: { path: '/', port }, periodSeconds: 1 },
        resources: { requests: { cpu: '10m', memory: '64Mi' }, limits: { memory: '128Mi' } },
        securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
      },
    ],
  }
}
