/** Elements made of data: text only ever becomes text, never markup. */
type Child = Node | string | null | undefined | false
type Attributes = Readonly<Record<string, string | number | boolean | undefined>>

const svgNamespace = 'http://www.w3.org/2000/svg'

function fill(element: Element, attributes: Attributes, children: readonly Child[]): void {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === false) continue
    element.setAttribute(name, value === true ? '' : String(value))
  }
  element.append(...children.filter((child) => child !== null && child !== undefined && child !== false))
}

export function html<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag)
  fill(element, attributes, children)
  return element
}

export function svg<K extends keyof SVGElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: Child[]
): SVGElementTagNameMap[K] {
  const element = document.createElementNS(svgNamespace, tag)
  fill(element, attributes, children)
  return element
}

export function button(label: string, onClick: () => void, attributes: Attributes = {}): HTMLButtonElement {
  const element = html('button', { type: 'button', ...attributes }, label)
  element.addEventListener('click', onClick)
  return element
}

export function byId(id: string): HTMLElement {
  const found = document.getElementById(id)
  if (found === null) throw new Error(`the page has no #${id}`)
  return found
}

/** A table in a region of its own, which scrolls where the page would be too wide. */
export function table(label: string, titles: readonly string[], rows: readonly HTMLElement[]): HTMLElement {
  const heads = titles.map((title) => (title === '' ? html('td') : html('th', { scope: 'col' }, title)))
  return html(
    'div',
    { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': label, 'data-key': label },
    html('table', {}, html('thead', {}, html('tr', {}, ...heads)), html('tbody', {}, ...rows)),
  )
}

/** Replaces the content of a place, and leaves the focus on the element that had it, by its `data-key`. */
export function show(place: Element, ...children: Child[]): void {
  const focused = document.activeElement
  const key = focused instanceof HTMLElement && place.contains(focused) ? focused.dataset['key'] : undefined
  place.replaceChildren(...children.filter((child) => child !== null && child !== undefined && child !== false))
  if (key === undefined) return
  const again = [...place.querySelectorAll<HTMLElement>('[data-key]')].find((each) => each.dataset['key'] === key)
  again?.focus({ preventScroll: true })
}

/** Announces a change to those who do not see the page. */
export function announce(text: string): void {
  byId('announcer').textContent = text
}
