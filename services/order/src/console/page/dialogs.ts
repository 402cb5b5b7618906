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

/** Asks before something that cannot be taken back. The focus is on the harmless answer. */
export async function confirm(question: {
  readonly title: string
  readonly text: string
  readonly yes: string
  readonly danger?: boolean
}): Promise<boolean> {
  const no = button('Cancel', () => dialog.close('no'), { autofocus: true })
  const yes = button(question.yes, () => dialog.close('yes'), {
    class: question.danger === true ? 'danger' : 'primary',
  })
  const dialog = html(
    'dialog',
    { 'aria-labelledby': 'confirm-title', 'aria-describedby': 'confirm-text', role: 'alertdialog' },
    html('h2', { id: 'confirm-title' }, question.title),
    html('p', { id: 'confirm-text' }, question.text),
    html('p', { class: 'actions' }, no, yes),
  )
  return (await ask(dialog)) === 'yes'
}
