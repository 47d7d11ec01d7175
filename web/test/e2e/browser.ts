import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { chromium, type Browser, type BrowserContextOptions, type Page } from 'playwright-core'

export function browserPath(): string | undefined {
  const named = process.env.CHROMIUM
  const places = (process.env.PATH ?? '')
    .split(':')
    .flatMap((dir) => ['chromium', 'chromium-browser', 'google-chrome'].map((n) => join(dir, n)))
  return [...(named === undefined ? [] : [named]), ...places].find((p) => existsSync(p))
}

export async function launch(): Promise<Browser> {
  const path = browserPath()
  if (path === undefined) throw new Error('no Chromium')
  // No sandbox: tests also run as root in containers. The other flags keep the browser from calling home.
  const args =
    '--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync'
  return chromium.launch({ executablePath: path, args: args.split(' ') })
}

export interface Visit {
  page: Page
  // problems are errors on the console, uncaught errors, and requests to other hosts.
  problems: string[]
  close: () => Promise<void>
}

export async function visit(
  browser: Browser,
  base: string,
  path = '/',
  options: BrowserContextOptions = {},
): Promise<Visit> {
  const context = await browser.newContext({
    reducedMotion: 'reduce',
    viewport: { width: 1280, height: 860 },
    ...options,
  })
  const page = await context.newPage()
  page.setDefaultTimeout(20_000)
  const problems: string[] = []
  page.on('console', (m) => {
    // the browser itself reports refused requests as errors: tests of refusals expect them
    if (m.type() === 'error' && !m.text().startsWith('Failed to load resource')) problems.push(m.text())
  })
  page.on('pageerror', (e) => problems.push(String(e)))
  page.on('request', (r) => {
    if (!r.url().startsWith(base) && !r.url().startsWith('data:')) problems.push(`request to ${r.url()}`)
  })
  await page.goto(base + path)
  return { page, problems, close: () => context.close() }
}
