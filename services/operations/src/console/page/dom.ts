type Child = Node | string | null | undefined | false
type Attributes = Readonly<Record<string, string | number | boolean | undefined>>
type Part = Child | Attributes

const svgNamespace = 'http://www.w3.org/2000/svg'

function fill<E extends Element>(element: E, parts: readonly Part[]): E {
  for (const part of parts) {
    if (part === null || part === undefined || part === false) continue
    if (typeof part === 'string' || part instanceof Node) element.append(part)
    else {
      for (const [name, value] of Object.entries(part)) {
        if (value !== undefined && value !== false) element.setAttribute(name, value === true ? '' : String(value))
      }
    }
  }
  return element
}

/** An element with attributes and children. Strings become text nodes, never markup. */
export function html<K extends keyof HTMLElementTagNameMap>(tag: K, ...parts: Part[]): HTMLElementTagNameMap[K] {
  return fill(document.createElement(tag), parts)
}

export function svg<K extends keyof SVGElementTagNameMap>(tag: K, ...parts: Part[]): SVGElementTagNameMap[K] {
  return fill(document.createElementNS(svgNamespace, tag), parts)
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

/** A table in a scrollable region. */
export function table(label: string, titles: readonly string[], rows: readonly HTMLElement[]): HTMLElement {
  const heads = titles.map((title) => (title === '' ? html('td') : html('th', { scope: 'col' }, title)))
  return html(
    'div',
    { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': label, 'data-key': label },
    html('table', html('thead', html('tr', ...heads)), html('tbody', ...rows)),
  )
}

/** Replaces the children and keeps the focus, by `data-key`. */
export function show(place: Element, ...children: Child[]): void {
  const focused = document.activeElement
  const key = focused instanceof HTMLElement && place.contains(focused) ? focused.dataset['key'] : undefined
  place.replaceChildren()
  fill(place, children)
  if (key === undefined) return
  const again = [...place.querySelectorAll<HTMLElement>('[data-key]')].find((each) => each.dataset['key'] === key)
  again?.focus({ preventScroll: true })
}

export function announce(text: string): void {
  byId('announcer').textContent = text
}
