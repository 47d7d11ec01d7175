import { afterAll, beforeAll, describe, test } from 'vitest'
import type { Browser } from 'playwright-core'
import { launch, visit } from './browser'
import { Mock } from './mock'
import { dist } from './site'
import { best, small } from './world'

// Pictures of every page for people to look at: SHOTS=folder npm run e2e -- shots
const folder = process.env.SHOTS

describe.skipIf(folder === undefined)('pictures', () => {
  const mock = new Mock(dist)
  let browser: Browser
  let base: string
  beforeAll(async () => {
    base = await mock.start()
    browser = await launch()
  })
  afterAll(async () => {
    await browser.close()
    await mock.stop()
  })

  const views = [
    { name: 'wide-light', options: { viewport: { width: 1360, height: 860 }, colorScheme: 'light' as const } },
    { name: 'wide-dark', options: { viewport: { width: 1360, height: 860 }, colorScheme: 'dark' as const } },
    {
      name: 'phone-light',
      options: { viewport: { width: 360, height: 740 }, colorScheme: 'light' as const, hasTouch: true, isMobile: true },
    },
    {
      name: 'phone-dark',
      options: { viewport: { width: 360, height: 740 }, colorScheme: 'dark' as const, hasTouch: true, isMobile: true },
    },
  ]
  const judge = small.find((n) => n.permit)
  const pages = {
    empty: '/',
    chat: '/',
    network: '/?model=network',
    compare: `/?model=uid-${best?.uid ?? 1}&versus=best`,
    failed: '/?model=broken',
    step: '/step',
    metagraph: '/subnets/1/metagraph',
    incentive: '/subnets/1/incentive',
    neuron: `/subnets/1/neurons/${best?.uid ?? 1}`,
    validator: `/subnets/1/neurons/${judge?.uid ?? 0}`,
    account: `/accounts/${best?.hotkey ?? ''}`,
    find: '/accounts',
    settings: '/',
    code: '/',
    help: '/',
  }
  for (const view of views) {
    for (const [name, path] of Object.entries(pages)) {
      test(`${name} ${view.name}`, async () => {
        const { page, close } = await visit(browser, base, path, view.options)
        await page.waitForLoadState('networkidle').catch(() => undefined)
        if (['chat', 'network', 'compare', 'failed'].includes(name)) {
          await page.getByLabel('Prompt').fill('Explain in three sentences why a weighted median is hard to bribe.')
          await page.getByLabel('Prompt').press('Enter')
          await page.locator('[aria-busy=true]').first().waitFor({ state: 'detached' })
        }
        if (name === 'step') {
          await page.getByRole('button', { name: 'Take the step' }).click()
          await page.getByRole('table').waitFor()
        }
        if (name === 'settings') await page.getByLabel('Settings', { exact: true }).click()
        if (name === 'code') await page.getByLabel('Show as code').click()
        if (name === 'help') await page.getByLabel('Help and keys').click()
        await page.evaluate(() => document.fonts.ready)
        await page.screenshot({ path: `${folder ?? ''}/${name}-${view.name}.png` })
        await close()
      })
    }
  }
})
