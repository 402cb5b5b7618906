import { type Cluster, isReady, type Pod } from './cluster.ts'
import { messageOf } from '@order-saga/chassis'
import { say } from './suite.ts'

const eventsShown = 25
const logLines = 15

/** Prints diagnostics of a failure: the pods, the last events, and the logs of pods that are not ready. */
export async function printDiagnostics(cluster: Cluster): Promise<void> {
  if (!(await cluster.exists().catch(() => false))) return
  await show('pods', cluster.kubectl(['get', 'pods,jobs,hpa', '--output=wide']))
  const events = cluster.kubectl([
    'get',
    'events',
    '--sort-by=.lastTimestamp',
    '--output=custom-columns=KIND:.involvedObject.kind,NAME:.involvedObject.name,REASON:.reason,MESSAGE:.message',
    '--no-headers',
  ])
  await show(
    'last events',
    events.then((text) => text.trim().split('\n').slice(-eventsShown).join('\n')),
  )
  const pods = await cluster.list<Pod>('pods', '').catch(() => [])
  for (const pod of pods.filter(isUnwell)) {
    const { name } = pod.metadata
    await show(`log of ${name}`, cluster.kubectl(['logs', name, '--all-containers', '--prefix', `--tail=${logLines}`]))
  }
}

function isUnwell(pod: Pod): boolean {
  if (pod.status.phase === 'Succeeded') return false
  const restarted = pod.status.containerStatuses?.some(({ restartCount }) => restartCount > 0) ?? false
  return !isReady(pod) || restarted
}

async function show(title: string, text: Promise<string>): Promise<void> {
  say(`# ${title}\n${await text.catch(messageOf)}`)
}
