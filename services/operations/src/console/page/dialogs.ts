import { button, html } from './dom.ts'

interface Question {
  readonly title: string
  readonly text: string
  readonly fields: readonly { readonly label: string; readonly input: HTMLInputElement }[]
  readonly yes: string
  readonly danger?: boolean
}

/** @returns the values of the fields; undefined if the dialog was cancelled */
async function openDialog({ title, text, fields, yes, danger = false }: Question): Promise<string[] | undefined> {
  const before = document.activeElement
  const form = html(
    'form',
    html('h2', { id: 'question' }, title),
    html('p', text),
    ...fields.map(({ label, input }) => html('label', label, input)),
    html(
      'p',
      { class: 'actions' },
      button('Cancel', () => dialog.close()),
      html('button', { class: danger ? 'danger' : 'primary' }, yes),
    ),
  )
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    dialog.close('submitted')
  })
  const dialog = html('dialog', { 'aria-labelledby': 'question' }, form)
  document.body.append(dialog)
  dialog.showModal()
  await new Promise((closed) => dialog.addEventListener('close', closed, { once: true }))
  dialog.remove()
  if (before instanceof HTMLElement && before.isConnected) before.focus()
  return dialog.returnValue === 'submitted' ? fields.map(({ input }) => input.value.trim()) : undefined
}

export async function requestToken(why: string): Promise<string | undefined> {
  const input = html('input', { id: 'token', type: 'password', autocomplete: 'current-password', required: true })
  const values = await openDialog({ title: 'Sign in', text: why, fields: [{ label: 'Token', input }], yes: 'Sign in' })
  return values?.[0]
}

/** Prompts for confirmation and reason; undefined if cancelled. */
export async function confirmAct(question: Omit<Question, 'fields'>): Promise<{ readonly reason: string } | undefined> {
  const input = html('input', { required: true, maxlength: 500, autocomplete: 'off' })
  const values = await openDialog({ ...question, fields: [{ label: 'Why', input }] })
  const reason = values?.[0]
  return reason === undefined ? undefined : { reason }
}
