import { button, html } from './dom.ts'

/** Shows a dialog until it is answered; Escape is a no. The focus goes back to where it was. */
async function ask(dialog: HTMLDialogElement): Promise<string> {
  const before = document.activeElement
  document.body.append(dialog)
  dialog.showModal()
  await new Promise((closed) => dialog.addEventListener('close', closed, { once: true }))
  dialog.remove()
  if (before instanceof HTMLElement && before.isConnected) before.focus()
  return dialog.returnValue
}

/** Asks for the token; undefined when nobody gives one. */
export async function askForToken(why: string): Promise<string | undefined> {
  const input = html('input', { id: 'token', type: 'password', autocomplete: 'current-password', required: true })
  const form = html(
    'form',
    { method: 'dialog' },
    html('h2', { id: 'token-title' }, 'Sign in'),
    html('p', { class: 'muted' }, why),
    html('label', { for: 'token' }, 'Token'),
    input,
    html('p', { class: 'actions' }, html('button', { type: 'submit', class: 'primary' }, 'Sign in')),
  )
  const dialog = html('dialog', { 'aria-labelledby': 'token-title' }, form)
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    dialog.close('given')
  })
  return (await ask(dialog)) === 'given' ? input.value : undefined
}

const operatorKey = 'order-saga-console-operator'

/** Who acts and why, as it is recorded with the act. */
export interface Said {
  readonly operator: string
  readonly reason: string
}

/** Asks before something is changed, and who changes it and why; undefined when it is not to be. */
export async function confirmAct(question: {
  readonly title: string
  readonly text: string
  readonly yes: string
  readonly danger?: boolean
}): Promise<Said | undefined> {
  const field = (id: string, value: string): HTMLInputElement =>
    html('input', { id, value, required: true, maxlength: id === 'operator' ? 100 : 500, autocomplete: 'off' })
  const operator = field('operator', localStorage.getItem(operatorKey) ?? '')
  const reason = field('reason', '')
  const form = html(
    'form',
    { method: 'dialog' },
    html('h2', { id: 'act-title' }, question.title),
    html('p', { id: 'act-text' }, question.text),
    html('label', { for: 'operator' }, 'Your name'),
    operator,
    html('label', { for: 'reason' }, 'Why'),
    reason,
    html(
      'p',
      { class: 'actions' },
      button('Cancel', () => dialog.close('no')),
      html('button', { type: 'submit', class: question.danger === true ? 'danger' : 'primary' }, question.yes),
    ),
  )
  const dialog = html('dialog', { 'aria-labelledby': 'act-title', 'aria-describedby': 'act-text' }, form)
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    dialog.close('yes')
  })
  if ((await ask(dialog)) !== 'yes') return undefined
  localStorage.setItem(operatorKey, operator.value.trim())
  return { operator: operator.value.trim(), reason: reason.value.trim() }
}
