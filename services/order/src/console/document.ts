/** The page's frame; its program fills it. Addresses are relative, so that a proxy may put it below any path. */
export const documentHtml = /* HTML */ `<!doctype html>
  <html lang="en">
    <head>
      <meta charset="utf-8" />
      <meta name="viewport" content="width=device-width, initial-scale=1" />
      <meta name="color-scheme" content="light dark" />
      <title>Order saga console</title>
      <link rel="icon" href="console/icon.svg" type="image/svg+xml" />
      <link rel="stylesheet" href="console/style.css" />
      <script type="module" src="console/app.js"></script>
    </head>
    <body>
      <a class="skip" href="#main">Skip to content</a>
      <header class="top">
        <h1><img src="console/icon.svg" alt="" width="22" height="22" /> Order saga</h1>
        <nav aria-label="Console">
          <a href="#/sagas" data-view="sagas">Sagas</a>
          <a href="#/dead-letters" data-view="dead-letters"
            >Dead letters <span class="tally" id="dead-tally" hidden></span
          ></a>
          <a href="#/delivery" data-view="delivery">Delivery</a>
        </nav>
        <form id="search" role="search">
          <label for="search-id" class="hidden">Order or saga id</label>
          <input id="search-id" type="search" placeholder="Order or saga id" autocomplete="off" spellcheck="false" />
          <button type="submit">Find</button>
        </form>
        <p class="link" id="link" data-state="connecting">connecting</p>
      </header>
      <main id="main" tabindex="-1"></main>
      <p class="hidden" id="announcer" role="status" aria-live="polite"></p>
      <noscript><p class="empty">The console needs JavaScript.</p></noscript>
    </body>
  </html> `

export const iconSvg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="8" fill="#3b5bdb"/><path d="M8 8v16M24 8v16" stroke="#fff" stroke-opacity=".55" stroke-width="2"/><path d="M8 12h13m-4-3.5 4.500 3.500-4.500 3.500M24 20.500H11m4-3.500-4.500 3.500 4.500 3.500" fill="none" stroke="#fff" stroke-width="2.400" stroke-linejoin="round"/></svg>`
