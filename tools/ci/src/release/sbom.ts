import { must } from '../programs.ts'

interface Component {
  readonly type: string
  readonly name: string
  readonly version: string
  readonly purl: string
  readonly 'bom-ref': string
  readonly properties?: readonly { readonly name: string }[]
}

/** The parts of CycloneDX 1.5 that are read here. */
export interface Sbom {
  readonly metadata: { readonly component: object }
  readonly components: readonly Component[]
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn: readonly string[] }[]
}

/** Prints "debian 13 v26.10.0", then a line per Debian package: name, version and architecture, separated by tabs. */
const listSystem = `. /etc/os-release && echo "$ID $VERSION_ID $(node --version)" &&
  dpkg-query --show --showformat='\${Package}\\t\${Version}\\t\${Architecture}\\n'`

/** The SBOM of a service's image: npm packages of the lock file, Node.js and Debian packages of the image. */
export function sbomOf(docker: string, image: string, service: string, version: string): Sbom {
  const workspaces = ['contracts', 'chassis', service].map((name) => `--workspace=@order-saga/${name}`)
  const format = ['--sbom-format=cyclonedx', '--sbom-type=application', '--package-lock-only']
  const packages = withoutDevelopment(JSON.parse(must('npm', ['sbom', ...format, ...workspaces])) as Sbom)
  const system = must(docker, ['run', '--rm', '--network=none', image, 'sh', '-c', listSystem])
  return {
    ...packages,
    metadata: {
      ...packages.metadata,
      // npm names the component after the folder of the checkout.
      component: { ...packages.metadata.component, type: 'container', name: `order-saga/${service}`, version },
    },
    components: [...packages.components, ...systemComponents(system)],
  }
}

/** Not by `--omit=dev`: it also omits packages that both an image and a tool need, such as pg-protocol. */
function withoutDevelopment(sbom: Sbom): Sbom {
  const isDevelopment = ({ properties = [] }: Component): boolean =>
    properties.some(({ name }) => name === 'cdx:npm:package:development')
  const omitted = new Set(sbom.components.filter(isDevelopment).map((each) => each['bom-ref']))
  return {
    ...sbom,
    components: sbom.components.filter((each) => !omitted.has(each['bom-ref'])),
    dependencies: sbom.dependencies
      .filter(({ ref }) => !omitted.has(ref))
      .map(({ ref, dependsOn }) => ({ ref, dependsOn: dependsOn.filter((each) => !omitted.has(each)) })),
  }
}

function systemComponents(listing: string): Component[] {
  const [first = '', ...lines] = listing.trim().split('\n')
  const [distribution = '', release = '', node = ''] = first.split(' ')
  const nodeVersion = node.replace(/^v/, '')
  return [
    component('application', 'node', nodeVersion, `pkg:generic/node@${nodeVersion}`),
    ...lines.map((line) => {
      const [name = '', version = '', architecture = ''] = line.split('\t')
      const qualifiers = `arch=${architecture}&distro=${distribution}-${release}`
      const purl = `pkg:deb/${distribution}/${encodeURIComponent(name)}@${encodeURIComponent(version)}?${qualifiers}`
      return component('library', name, version, purl)
    }),
  ]
}

function component(type: string, name: string, version: string, purl: string): Component {
  return { type, name, version, purl, 'bom-ref': purl }
}
