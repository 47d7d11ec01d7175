import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { browserPath } from './browser'

export const dist = fileURLToPath(new URL('../../dist', import.meta.url))

// Without a browser or a build there is nothing to test, and that is a failure with its remedy.
export default function setup() {
  if (!existsSync(`${dist}/index.html`)) throw new Error('the site is not built: run `npm run build`')
  if (browserPath() === undefined)
    throw new Error('no Chromium: install Debian’s package chromium, or name one in CHROMIUM')
}
