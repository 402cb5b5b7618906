import { once } from 'node:events'
import type { Server, Socket } from 'node:net'
import { text as readText } from 'node:stream/consumers'
import { SMTPServer, type SMTPServerOptions, type SMTPServerSession } from 'smtp-server'
import { readMail, type ReceivedMail } from './received-mail.ts'

/** Where in a session something goes wrong; `data` is after the whole mail has come and before it is answered. */
export type Stage = 'connect' | 'auth' | 'mail' | 'rcpt' | 'data'

export interface MailServerOptions {
  /** Then only this user may send, and `url` carries the login. */
  readonly user?: { readonly name: string; readonly password: string }
  /** Offers STARTTLS with a certificate that nobody trusts. */
  readonly startTls?: boolean
}

export interface MailServer {
  readonly url: string
  /** Oldest first; also holds the mails whose answer was cut off. */
  readonly received: ReceivedMail[]
  /** How many sessions were opened since the start. */
  readonly sessions: number
  /** Answers the next command of this kind with `code`; without `text` the reply repeats what it was about, as servers do. */
  rejectNext(code: number, stage: Stage, text?: string): void
  /** Breaks the connection in place of the next answer of this kind. */
  cutNext(stage: Stage): void
  /** Gives no answer to the next command of this kind, and keeps the connection. */
  stallNext(stage: Stage): void
  /** Breaks every connection and refuses new ones. */
  down(): Promise<void>
  /** Listens again, on the same port. */
  up(): Promise<void>
  stop(): Promise<void>
}

type Disturbance =
  | { readonly stage: Stage; readonly kind: 'cut' | 'stall' }
  | { readonly stage: Stage; readonly kind: 'reject'; readonly code: number; readonly text: string | undefined }

type Answer = (error?: Error | null) => void

/** A real SMTP server on a free loopback port, which keeps what it receives and fails on demand. */
export async function startMailServer(options: MailServerOptions = {}): Promise<MailServer> {
  const { user, startTls = false } = options
  const received: ReceivedMail[] = []
  const disturbances: Disturbance[] = []
  const sockets = new Map<number, Socket>()
  let sessions = 0
  let server: SMTPServer | undefined

  function next(stage: Stage): Disturbance | undefined {
    const index = disturbances.findIndex((disturbance) => disturbance.stage === stage)
    return index === -1 ? undefined : disturbances.splice(index, 1)[0]
  }

  function reply(
    disturbance: Disturbance | undefined,
    session: SMTPServerSession,
    about: string,
    answer: Answer,
  ): void {
    if (disturbance === undefined) answer()
    else if (disturbance.kind === 'cut') sockets.get(session.remotePort)?.destroy()
    else if (disturbance.kind === 'reject') answer(refusal(disturbance.code, disturbance.text ?? `<${about}> refused`))
  }

  const handlers: SMTPServerOptions = {
    logger: false,
    disableReverseLookup: true,
    disabledCommands: [...(startTls ? [] : ['STARTTLS']), ...(user === undefined ? ['AUTH'] : [])],
    authOptional: user === undefined,
    onConnect: (session, answer) => {
      sessions += 1
      reply(next('connect'), session, 'connection', answer)
    },
    onAuth: (auth, session, answer) =>
      reply(next('auth'), session, 'login', (error) => {
        if (error) answer(error)
        else if (auth.username === user?.name && auth.password === user?.password) answer(null, { user: auth.username })
        else answer(refusal(535, 'Authentication failed'))
      }),
    onMailFrom: ({ address }, session, answer) => reply(next('mail'), session, address, answer),
    onRcptTo: ({ address }, session, answer) => reply(next('rcpt'), session, address, answer),
    onData: (stream, session, answer) => {
      const { mailFrom, rcptTo } = session.envelope
      const from = mailFrom === false ? '' : mailFrom.address
      const to = rcptTo.map(({ address }) => address)
      void takeMail()

      async function takeMail(): Promise<void> {
        // Fails when the client goes away halfway: then there is neither a mail nor anyone to answer.
        const raw = await readText(stream).catch(() => undefined)
        if (raw === undefined) return
        const disturbance = next('data')
        const account: unknown = session.user

        if (disturbance?.kind !== 'reject')
          received.push(readMail(raw, { from, to, user: typeof account === 'string' ? account : undefined }))
        reply(disturbance, session, to.join(), answer)
      }
    },
  }

  async function listen(port: number): Promise<number> {
    server = new SMTPServer({ ...handlers })
    server.on('error', () => {})
    server.server.on('connection', (socket: Socket) => {
      const { remotePort = 0 } = socket
      sockets.set(remotePort, socket)
      socket.once('close', () => sockets.delete(remotePort))
    })
    const listener = server.listen(port, '127.0.0.1')
    await once(listener, 'listening')
    return portOf(listener)
  }

  async function down(): Promise<void> {
    const closing = server
    server = undefined
    if (closing === undefined) return
    const closed = new Promise<void>((resolve) => closing.close(resolve))
    for (const socket of sockets.values()) socket.destroy()
    await closed
  }

  const port = await listen(0)
  const login = user === undefined ? '' : `${encodeURIComponent(user.name)}:${encodeURIComponent(user.password)}@`
  return {
    url: `smtp://${login}127.0.0.1:${port}`,
    received,
    get sessions() {
      return sessions
    },
    rejectNext(code, stage, text) {
      disturbances.push({ stage, kind: 'reject', code, text })
    },
    cutNext(stage) {
      disturbances.push({ stage, kind: 'cut' })
    },
    stallNext(stage) {
      disturbances.push({ stage, kind: 'stall' })
    },
    down,
    async up() {
      if (server === undefined) await listen(port)
    },
    stop: down,
  }
}

function refusal(responseCode: number, text: string): Error {
  return Object.assign(new Error(text), { responseCode })
}

export function portOf(listener: Server): number {
  const address = listener.address()
  if (address === null || typeof address === 'string') throw new Error('not listening on a port')
  return address.port
}
