const css = String.raw

/** One look for light and dark, chosen by the reader's system. Contrast is checked by a test. */
export const styleCss = css`
  :root {
    color-scheme: light dark;
    --page: light-dark(#f4f5f8, #12141a);
    --panel: light-dark(#ffffff, #1b1e26);
    --raised: light-dark(#f4f6fb, #242833);
    --line: light-dark(#dcdfe7, #343a48);
    --ink: light-dark(#1b2130, #e7eaf1);
    --muted: light-dark(#596275, #a2abbd);
    --accent: light-dark(#3450c8, #9db1ff);
    --good: light-dark(#1f7a43, #6fd694);
    --warn: light-dark(#8f5500, #f3b760);
    --bad: light-dark(#b9242c, #ff8f8f);
    --money: light-dark(#7b35b3, #cf9bf7);
    --on-accent: light-dark(#ffffff, #12141a);
    --code: ui-monospace, 'SF Mono', 'Cascadia Mono', 'DejaVu Sans Mono', Menlo, Consolas, monospace;
    font:
      15px/1.5 system-ui,
      -apple-system,
      'Segoe UI',
      Roboto,
      'Noto Sans',
      'DejaVu Sans',
      sans-serif;
  }
  * {
    box-sizing: border-box;
  }
  body {
    margin: 0;
    background: var(--page);
    color: var(--ink);
    min-height: 100vh;
    display: flex;
    flex-direction: column;
  }
  h1,
  h2,
  h3,
  p,
  ul,
  dl,
  dd,
  figure {
    margin: 0;
    padding: 0;
  }
  ul {
    list-style: none;
  }
  a {
    color: var(--accent);
  }
  small {
    font-size: 0.8rem;
    font-weight: 400;
    color: var(--muted);
  }
  [hidden] {
    display: none !important;
  }
  :focus-visible {
    outline: 2px solid var(--accent);
    outline-offset: 2px;
    border-radius: 4px;
  }
  main:focus {
    outline: none;
  }
  .hidden,
  .skip:not(:focus) {
    position: absolute;
    width: 1px;
    height: 1px;
    overflow: hidden;
    clip-path: inset(50%);
    white-space: nowrap;
  }
  .skip:focus {
    position: absolute;
    top: 8px;
    left: 8px;
    z-index: 2;
    padding: 6px 12px;
    background: var(--panel);
  }
  .muted {
    color: var(--muted);
    font-size: 0.87rem;
  }
  .code {
    font-family: var(--code);
    font-size: 0.82rem;
  }
  .empty {
    padding: 40px 20px;
    text-align: center;
    color: var(--muted);
  }

  .top {
    display: flex;
    align-items: center;
    gap: 8px 20px;
    padding: 9px 20px;
    background: var(--panel);
    border-bottom: 1px solid var(--line);
    position: sticky;
    top: 0;
    z-index: 1;
  }
  h1 {
    display: flex;
    gap: 9px;
    align-items: center;
    font-size: 1rem;
    font-weight: 650;
    letter-spacing: -0.01em;
    white-space: nowrap;
  }
  nav {
    display: flex;
    gap: 2px;
  }
  nav a {
    padding: 5px 11px;
    border-radius: 7px;
    color: var(--muted);
    text-decoration: none;
    white-space: nowrap;
  }
  nav a:hover {
    color: var(--ink);
  }
  nav a[aria-current] {
    background: var(--raised);
    color: var(--ink);
    font-weight: 600;
  }
  .tally {
    padding: 0 6px;
    border-radius: 9px;
    background: var(--bad);
    color: var(--on-accent);
    font-size: 0.74rem;
    font-weight: 650;
  }
  #search {
    display: flex;
    gap: 6px;
    flex: 1;
    max-width: 430px;
    margin-left: auto;
  }
  input {
    font: inherit;
    min-width: 0;
    padding: 5px 10px;
    border: 1px solid light-dark(#8b93a5, #737d92);
    border-radius: 7px;
    background: var(--page);
    color: var(--ink);
  }
  #search input {
    flex: 1;
  }
  ::placeholder {
    color: var(--muted);
    opacity: 1;
  }
  button {
    font: inherit;
    font-weight: 550;
    padding: 5px 13px;
    border: 1px solid var(--line);
    border-radius: 7px;
    background: var(--raised);
    color: var(--ink);
    cursor: pointer;
  }
  button:hover {
    border-color: var(--muted);
  }
  button.primary {
    background: var(--accent);
    border-color: var(--accent);
    color: var(--on-accent);
  }
  button.danger {
    background: var(--bad);
    border-color: var(--bad);
    color: var(--on-accent);
  }
  button:disabled {
    background: var(--raised);
    border-color: var(--line);
    color: var(--muted);
    cursor: default;
  }
  .link {
    font-size: 0.84rem;
    color: var(--muted);
    white-space: nowrap;
    overflow: hidden;
    text-overflow: ellipsis;
    max-width: 240px;
  }
  .link::before {
    content: '';
    display: inline-block;
    width: 8px;
    height: 8px;
    margin-right: 7px;
    border-radius: 50%;
    background: var(--warn);
  }
  .link[data-state='live']::before {
    background: var(--good);
  }
  .link[data-state='lost']::before {
    background: var(--bad);
  }

  main {
    flex: 1;
    width: 100%;
    max-width: 1480px;
    margin: 0 auto;
    padding: 16px 20px 24px;
  }
  .trouble {
    margin-bottom: 12px;
    padding: 8px 14px;
    border: 1px solid var(--bad);
    border-radius: 8px;
    color: var(--bad);
    background: var(--panel);
  }
  .workspace {
    display: grid;
    grid-template-columns: minmax(300px, 350px) minmax(0, 1fr);
    gap: 16px;
    align-items: start;
  }
  .list,
  .detail,
  .delivery,
  .dead {
    background: var(--panel);
    border: 1px solid var(--line);
    border-radius: 12px;
  }
  .list {
    overflow: hidden;
  }
  .counts {
    display: grid;
    grid-template-columns: repeat(2, 1fr);
    gap: 1px;
    background: var(--line);
    border-bottom: 1px solid var(--line);
  }
  .counts li:first-child {
    grid-column: 1 / -1;
  }
  .counts a {
    display: flex;
    align-items: baseline;
    gap: 7px;
    height: 100%;
    padding: 6px 12px;
    background: var(--panel);
    color: var(--muted);
    font-size: 0.82rem;
    text-decoration: none;
    border-left: 3px solid transparent;
  }
  .counts a:hover {
    color: var(--ink);
  }
  .counts a[aria-current] {
    background: var(--raised);
    color: var(--ink);
    border-left-color: currentColor;
  }
  .counts b {
    font-size: 1.02rem;
    font-variant-numeric: tabular-nums;
    color: var(--ink);
  }
  .counts .completed b,
  .badge.completed {
    color: var(--good);
  }
  .counts .pending b,
  .counts .payment_completed b,
  .badge.pending,
  .badge.payment_completed {
    color: var(--accent);
  }
  .counts .refunding b,
  .badge.refunding {
    color: var(--money);
  }
  .counts .timeout_cancelled b,
  .badge.timeout_cancelled {
    color: var(--bad);
  }
  .counts .cancelled b,
  .badge.cancelled {
    color: var(--warn);
  }
  .counts a:focus-visible,
  .rows a:focus-visible {
    outline-offset: -3px;
  }
  .rows li + li {
    border-top: 1px solid var(--line);
  }
  .rows a {
    display: grid;
    grid-template-columns: 14px minmax(0, 1fr) auto;
    gap: 1px 8px;
    padding: 8px 14px;
    color: var(--ink);
    text-decoration: none;
    align-items: baseline;
  }
  .rows a:hover,
  .rows a[aria-current] {
    background: var(--raised);
  }
  .rows a[aria-current] {
    box-shadow: inset 3px 0 var(--accent);
  }
  .rows .what {
    display: flex;
    gap: 7px;
    align-items: baseline;
    min-width: 0;
  }
  .rows .what b {
    font-weight: 600;
    font-size: 0.9rem;
    white-space: nowrap;
  }
  .rows .what small {
    overflow: hidden;
    text-overflow: ellipsis;
    white-space: nowrap;
  }
  .rows .sum {
    font-variant-numeric: tabular-nums;
    font-size: 0.9rem;
  }
  .rows .who {
    grid-column: 2;
    color: var(--muted);
    font-size: 0.8rem;
    overflow: hidden;
    text-overflow: ellipsis;
    white-space: nowrap;
  }
  .rows time {
    text-align: right;
    color: var(--muted);
    font-size: 0.8rem;
    font-variant-numeric: tabular-nums;
  }
  .dot {
    width: 9px;
    height: 9px;
    border-radius: 50%;
    background: var(--accent);
  }
  .dot.completed {
    background: var(--good);
  }
  .dot.refunding {
    background: var(--money);
  }
  .dot.cancelled {
    background: var(--warn);
  }
  .dot.timeout_cancelled {
    background: var(--bad);
  }
  .dot.pending,
  .dot.payment_completed,
  .dot.refunding {
    background: transparent;
    border: 2px solid var(--accent);
  }
  .dot.refunding {
    border-color: var(--money);
  }
  .more:not(:empty) {
    padding: 10px;
    text-align: center;
    border-top: 1px solid var(--line);
  }

  .detail {
    padding: 16px 20px 18px;
  }
  .detail header {
    display: grid;
    gap: 12px;
  }
  h2 {
    font-size: 1.18rem;
    letter-spacing: -0.01em;
    font-variant-numeric: tabular-nums;
  }
  h2 small {
    margin-left: 4px;
  }
  .badge {
    display: inline-block;
    margin-right: 6px;
    padding: 2px 10px;
    border: 1px solid currentColor;
    border-radius: 20px;
    font-size: 0.82rem;
    font-weight: 650;
    letter-spacing: 0;
    vertical-align: 3px;
  }
  dl {
    display: grid;
    grid-template-columns: repeat(auto-fit, minmax(262px, 1fr));
    gap: 8px 20px;
  }
  dt {
    color: var(--muted);
    font-size: 0.76rem;
  }
  dd {
    font-size: 0.87rem;
    overflow-wrap: anywhere;
  }
  dl .code dd {
    font-size: 0.77rem;
  }
  .explanation {
    margin: 14px 0 12px;
    padding: 10px 14px;
    border-left: 3px solid var(--accent);
    border-radius: 0 8px 8px 0;
    background: var(--raised);
    font-size: 0.92rem;
    overflow-wrap: anywhere;
  }
  figcaption,
  h3 {
    font-size: 0.95rem;
    font-weight: 650;
  }
  .scroll {
    overflow-x: auto;
  }
  .back {
    display: none;
  }
  summary {
    width: fit-content;
    margin-top: 6px;
    color: var(--muted);
    font-size: 0.87rem;
    cursor: pointer;
  }
  table {
    border-collapse: collapse;
    width: 100%;
    font-size: 0.87rem;
  }
  th,
  td {
    padding: 6px 14px 6px 0;
    text-align: left;
    font-weight: 400;
    vertical-align: top;
    border-bottom: 1px solid var(--line);
  }
  td {
    font-variant-numeric: tabular-nums;
  }
  thead th {
    color: var(--muted);
    font-size: 0.78rem;
    white-space: nowrap;
  }
  tr.warn th,
  tr.warn td {
    color: var(--bad);
    font-weight: 600;
  }
  .delivery,
  .dead {
    padding: 18px 20px;
    display: grid;
    gap: 12px;
    max-width: 1000px;
    margin: 0 auto;
  }
  .why {
    max-width: 340px;
    overflow-wrap: anywhere;
  }
  .actions {
    display: flex;
    gap: 8px;
    justify-content: flex-end;
    align-items: center;
  }
  .actions.start {
    justify-content: flex-start;
  }
  dialog {
    width: min(430px, calc(100vw - 32px));
    padding: 20px 22px;
    border: 1px solid var(--line);
    border-radius: 14px;
    background: var(--panel);
    color: var(--ink);
    box-shadow: 0 18px 60px rgb(0 0 0 / 35%);
  }
  dialog::backdrop {
    background: rgb(10 12 20 / 45%);
  }
  dialog,
  dialog form {
    gap: 10px;
  }
  dialog[open],
  dialog form {
    display: grid;
  }

  .sequence {
    display: block;
    max-width: none;
    min-width: 780px;
    width: 100%;
    height: auto;
    max-height: none;
  }
  .sequence text {
    font-size: 12px;
    fill: var(--ink);
    text-anchor: middle;
    paint-order: stroke;
    stroke: var(--panel);
    stroke-width: 4px;
    stroke-linejoin: round;
  }
  .sequence .lifeline {
    stroke: var(--line);
    stroke-width: 1.5;
  }
  .sequence .head rect {
    fill: var(--raised);
    stroke: var(--line);
  }
  .sequence .head text {
    stroke: none;
  }
  .sequence .head .name {
    font-size: 13px;
    font-weight: 650;
  }
  .sequence text.holds,
  .sequence text.detail,
  .sequence text.when {
    font-size: 11px;
    fill: var(--muted);
  }
  .sequence .head.no_answer text.holds {
    fill: var(--bad);
  }
  .sequence text.when {
    text-anchor: end;
    font-variant-numeric: tabular-nums;
  }
  .sequence .event {
    font-weight: 600;
  }
  .sequence .message line {
    stroke: var(--tone);
    stroke-width: 1.8;
  }
  .sequence .message path,
  .sequence .message circle {
    fill: var(--tone);
  }
  .message {
    --tone: var(--ink);
  }
  .message.on_its_way,
  .message.in_hand,
  .message.waiting {
    --tone: var(--accent);
  }
  .message.in_outbox,
  .message.parked {
    --tone: var(--warn);
  }
  .message.dead_lettered {
    --tone: var(--bad);
  }
  .message.unknown {
    --tone: var(--muted);
  }
  .message.on_its_way line,
  .message.in_outbox line,
  .message.waiting line,
  .message.unknown line {
    stroke-dasharray: 5 4;
  }
  .sequence .message.waiting text.event,
  .sequence .message.waiting text.when {
    fill: var(--accent);
  }
  .sequence .message.dead_lettered text.detail,
  .sequence .message.parked text.detail {
    fill: var(--bad);
  }
  .sequence .note rect {
    fill: var(--raised);
    stroke: var(--warn);
  }
  .sequence .note text {
    stroke: none;
    font-size: 11.5px;
  }

  @media (max-width: 60rem) {
    .workspace {
      display: block;
    }
    main[data-selected='yes'] .list,
    main[data-selected='no'] .detail {
      display: none;
    }
    dl {
      grid-template-columns: 1fr 1fr;
    }
    dl .code,
    dl div:last-child {
      grid-column: 1 / -1;
    }
    .back {
      display: inline-block;
      margin-bottom: 10px;
    }
    .top {
      flex-wrap: wrap;
      padding: 9px 14px;
      position: static;
    }
    main {
      padding: 12px;
    }
    h1 {
      flex: 1;
    }
    nav {
      order: 3;
      flex-basis: 100%;
      margin: 0 -6px;
    }
    #search {
      order: 4;
      flex-basis: 100%;
      max-width: none;
      margin: 0;
    }
    .detail,
    .delivery,
    .dead {
      padding: 14px;
    }
  }
  @media (prefers-reduced-motion: no-preference) {
    .rows a,
    button {
      transition: background-color 120ms;
    }
  }
`
