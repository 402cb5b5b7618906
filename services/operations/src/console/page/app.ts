import type { Overview, SagaDetail } from './answers.ts'
import { get, RequestError, storeToken, takeToken } from './api.ts'
import { DeadLetterView } from './dead-letters.ts'
import { DeliveryView } from './delivery.ts'
import { requestToken } from './dialogs.ts'
import { announce, byId, html } from './dom.ts'
import { age, count, since, span } from './format.ts'
import { ParkedView } from './parked.ts'
import { routeOf } from './route.ts'
import { SagaList } from './saga-list.ts'
import { SagaView } from './saga-view.ts'

const updateMs = 1_000
const followMs = 1_500

const main = byId('main')
const link = byId('link')
const errorBox = html('p', { class: 'error', role: 'alert', hidden: true })
const list = new SagaList(showError)
const detail = new SagaView(showError, () => void openSaga(shownId))
const delivery = new DeliveryView()
const deadLetters = new DeadLetterView(showError)
const parked = new ParkedView(showError)
const workspace = html('div', { class: 'workspace' }, list.element, detail.element)

let overview: Overview | undefined
let route = routeOf('')
let followTimer: number | undefined
/** Number of dead letters and mode of the last read of their list. */
let listVersion: string | undefined
/** The saga in the detail view: that of the address, or the newest of the list. */
let shownId: string | undefined

function showError(error: unknown): void {
  errorBox.textContent = error instanceof Error ? error.message : String(error)
  errorBox.hidden = false
}

function setLink(state: 'live' | 'lost', words: string = state): void {
  if (link.dataset['state'] === state && link.textContent === words) return
  link.dataset['state'] = state
  link.textContent = words
  announce(`Live updates: ${words}`)
}

function open(): void {
  route = routeOf(location.hash)
  for (const item of document.querySelectorAll<HTMLElement>('nav [data-view]')) {
    if (item.dataset['view'] === route.view) item.setAttribute('aria-current', 'page')
    else item.removeAttribute('aria-current')
  }
  errorBox.hidden = route.problem === undefined
  errorBox.textContent = route.problem ?? ''
  main.dataset['view'] = route.view
  main.dataset['selected'] = route.id === undefined ? 'no' : 'yes'
  const content = {
    sagas: workspace,
    'dead-letters': deadLetters.element,
    parked: parked.element,
    delivery: delivery.element,
  }[route.view]
  if (content.parentElement !== main) main.replaceChildren(errorBox, content)
  shownId = route.id
  list.choose(route.filter, route.id)
  window.clearTimeout(followTimer)
  listVersion = undefined
  if (route.view === 'sagas') void openSaga(route.id ?? list.newest)
  if (overview !== undefined) update(overview)
}

async function openSaga(id: string | undefined): Promise<void> {
  if (id === undefined) {
    return detail.showNothing(overview === undefined ? 'Reading…' : 'There is no saga in this list.')
  }
  shownId = id
  window.clearTimeout(followTimer)
  try {
    const saga = await get<SagaDetail>(`sagas/${encodeURIComponent(id)}`)
    if (shownId !== id) return
    detail.show(saga, overview?.mode === 'full')
    list.choose(route.filter, saga.sagaId)
    const young = saga.finishedAt === null || since(saga.finishedAt) < 10_000
    if (!saga.atRest || young) followTimer = window.setTimeout(() => void openSaga(id), followMs)
  } catch (error) {
    if (shownId !== id) return
    if (error instanceof RequestError && error.status === 404) return detail.showNothing(error.message)
    showError(error)
    followTimer = window.setTimeout(() => void openSaga(id), followMs)
  }
}

function update(newest: Overview): void {
  overview = newest
  list.overview = newest
  // Without an id in the address the newest saga is shown, and stays while newer ones arrive.
  if (route.view === 'sagas' && shownId === undefined && list.newest !== undefined) void openSaga(list.newest)
  if (route.view === 'delivery') delivery.show(newest)
  const letters = (newest.queues ?? []).reduce((sum, { deadLetters: dead }) => sum + (dead ?? 0), 0)
  const badge = byId('dead-letter-count')
  badge.textContent = count(letters)
  badge.hidden = letters === 0
  const parkedEvents = newest.outboxes.reduce((sum, { state }) => sum + (state?.parked ?? 0), 0)
  const parkedBadge = byId('parked-count')
  parkedBadge.textContent = count(parkedEvents)
  parkedBadge.hidden = parkedEvents === 0
  if (route.view === 'parked' && listVersion !== `${parkedEvents} ${newest.mode}`) {
    listVersion = `${parkedEvents} ${newest.mode}`
    void parked.read(newest.mode)
  }
  const isStale = listVersion !== `${letters} ${newest.mode}` || deadLetters.size !== letters
  if (route.view === 'dead-letters' && isStale) {
    listVersion = `${letters} ${newest.mode}`
    void deadLetters.read(newest.mode)
  }
}

function tick(): void {
  for (const element of document.querySelectorAll<HTMLElement>('[data-age]')) {
    element.textContent = age(since(element.dataset['age'] ?? ''))
  }
  for (const element of document.querySelectorAll<SVGElement>('[data-since]')) {
    element.textContent = span(since(element.dataset['since'] ?? ''))
  }
}

/** Reads the overview periodically; requests the token from the user when the console requires it. */
async function keepReading(): Promise<never> {
  for (;;) {
    try {
      update(await get<Overview>('overview'))
      setLink('live')
    } catch (error) {
      const signedOut = error instanceof RequestError && error.status === 401
      setLink('lost', signedOut ? 'signed out' : error instanceof Error ? error.message : 'lost')
      if (signedOut && (await signIn(error.message))) continue
    }
    await new Promise((resolve) => window.setTimeout(resolve, updateMs))
  }
}

async function signIn(why: string): Promise<boolean> {
  const token = await requestToken(why)
  if (token === undefined) return false
  storeToken(token)
  open()
  return true
}

byId('search').addEventListener('submit', (event) => {
  event.preventDefault()
  const input = byId('search-id') as HTMLInputElement
  const id = input.value.trim()
  if (id === '') return
  location.hash = `#/saga/${encodeURIComponent(id)}`
  input.select()
})
window.addEventListener('hashchange', () => {
  open()
  if (route.id !== undefined && !window.matchMedia('(min-width: 60rem)').matches) main.focus()
})

takeToken()
open()
window.setInterval(tick, 1_000)
void keepReading()
