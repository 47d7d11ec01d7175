import axe from 'axe-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Browser, Page } from 'playwright-core'
import { launch, visit, type Visit } from './browser'
import { Mock } from './mock'
import { dist } from './site'
import { best, small } from './world'

const mock = new Mock(dist)
let browser: Browser
let base: string
let here: Visit
let page: Page

beforeAll(async () => {
  base = await mock.start()
  browser = await launch()
})
afterAll(async () => {
  await browser.close()
  await mock.stop()
})
beforeEach(() => {
  mock.reset()
})
afterEach(async () => {
  expect(here.problems).toEqual([])
  await here.close()
})

async function open(path = '/', options = {}) {
  here = await visit(browser, base, path, options)
  page = here.page
}

const judge = small.find((n) => n.permit)
const uid = best?.uid ?? 0
const phone = { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true }

// Each page and something that is there once it has been drawn.
const pages: [string, string][] = [
  ['/', 'neurons serve on subnet'],
  ['/step', 'Take the step'],
  ['/subnets/1/metagraph', 'blocks to the next'],
  ['/subnets/1/incentive', 'block of the epoch'],
  [`/subnets/1/neurons/${uid}`, 'Weights it gets'],
  [`/subnets/1/neurons/${judge?.uid ?? 0}`, 'Weights it gives'],
  ['/accounts', 'Look it up'],
  [`/accounts/${best?.hotkey ?? ''}`, 'north watch'],
  ['/nowhere', 'There is no such page'],
]

async function violations() {
  await page.evaluate(axe.source)
  const { violations: found } = await page.evaluate(() =>
    (window as unknown as { axe: typeof axe }).axe.run(document, {
      runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
    }),
  )
  return found.map((v) => `${v.id}: ${v.nodes.map((n) => n.html.slice(0, 120)).join(' | ')}`)
}

describe.each([
  ['light', { colorScheme: 'light' }],
  ['dark', { colorScheme: 'dark' }],
  ['phone', { ...phone, colorScheme: 'light' }],
])('%s', (_, options) => {
  test.each(pages)('%s is sound', async (path, text) => {
    await open(path, options)
    await page.getByText(text).first().waitFor()
    expect(await violations()).toEqual([])
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)
    expect(wide, 'scrolls sideways').toBe(0)
    expect(await page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor)).toBe(
      options.colorScheme === 'dark' ? 'rgb(22, 21, 19)' : 'rgb(246, 243, 234)',
    )
  })

  test('the playground with answers, errors and what opens is sound', async () => {
    await open('/?model=best&versus=broken', options)
    await page.getByLabel('Prompt').fill('go')
    await page.getByLabel('Prompt').press('Enter')
    await page.getByRole('alert').waitFor()
    await page.getByRole('button', { name: 'Ask' }).waitFor()
    expect(await violations()).toEqual([])
    for (const name of ['Settings', 'Show as code', 'Help and keys']) {
      await page.getByRole('button', { name, exact: true }).click()
      await page.getByRole('dialog').waitFor()
      expect(await violations(), name).toEqual([])
      await page.keyboard.press('Escape')
    }
    await page.getByRole('dialog').waitFor({ state: 'hidden' })
  })
})

describe('metagraph', () => {
  const rows = () => page.getByRole('table', { name: 'Neurons' }).getByRole('row')
  const firstUid = () => rows().nth(1).getByRole('link').first().innerText()

  test('sorts and filters in the URL', async () => {
    await open('/subnets/1/metagraph')
    await expect.poll(firstUid).toBe(String(uid))
    await page.getByRole('button', { name: 'uid' }).click()
    await expect.poll(() => page.url()).toContain('sort=uid')
    await page.getByRole('radio', { name: 'Validators' }).check({ force: true })
    await expect.poll(() => page.url()).toContain('show=validators')
    const link = page.url()
    await page.goto(base)
    await page.goto(link)
    await page.getByText(`${small.filter((n) => n.permit).length} of 64`).waitFor()
    await page.getByRole('searchbox').fill('nobody')
    await page.getByText('Nothing here is called “nobody”').waitFor()
  })

  test('4,096 neurons cost what is in view', async () => {
    await open('/subnets/2/metagraph?sort=uid&desc=false')
    await page.getByText('4096 of 4096').waitFor()
    expect(await page.getByRole('table', { name: 'Neurons' }).getAttribute('aria-rowcount')).toBe('4097')
    expect(await rows().count()).toBeLessThan(60)
    await page.evaluate(() => {
      window.scrollTo(0, document.documentElement.scrollHeight)
    })
    await page.getByRole('link', { name: '4095', exact: true }).waitFor()
    expect(await rows().count()).toBeLessThan(60)
  })

  test('shows the next block by itself', async () => {
    const before = small[uid]?.incentive ?? 0
    await open('/subnets/1/metagraph')
    await page.getByText(`uid ${uid}`).first().isVisible()
    try {
      await expect.poll(firstUid).toBe(String(uid))
      if (small[uid]) small[uid].incentive = 1
      mock.height++
      await expect.poll(firstUid).not.toBe(String(uid))
    } finally {
      if (small[uid]) small[uid].incentive = before
    }
  })
})

test('incentive: lines can be hidden, by keyboard too, and a link keeps that', async () => {
  await open('/subnets/1/incentive')
  const box = page.getByRole('checkbox', { name: `Show uid ${uid}` })
  await box.focus()
  await page.keyboard.press('Space')
  await expect.poll(() => page.url()).toContain(`hide=`)
  await page.reload()
  expect(await box.isChecked()).toBe(false)
  await page.locator('canvas').waitFor()
  await page.getByText('16', { exact: true }).click()
  await expect.poll(() => page.getByRole('checkbox').count()).toBe(16)
})

test('a neuron leads to the playground, its keys to their accounts', async () => {
  await open(`/subnets/1/neurons/${uid}`)
  await page.getByRole('link', { name: 'Ask this neuron' }).click()
  await expect.poll(() => page.url()).toContain(`model=uid-${uid}`)
  await page.goBack()
  await page.getByRole('link', { name: best?.hotkey ?? '' }).click()
  await page.getByText('1284.5032 TAO').waitFor()
  await page.getByRole('link', { name: `subnet 1, uid ${uid}` }).click()
  await page.getByRole('heading', { name: `uid ${uid}` }).waitFor()
})

test('what is wrong is said, with what to do', async () => {
  await open('/accounts')
  await page.getByLabel('Address').fill('cosmos1xyz')
  await page.keyboard.press('Enter')
  await page.getByText('is no address: one begins with tao1').waitFor()
  await page.goto(`${base}/accounts/alice`)
  await expect.poll(() => page.getByRole('alert').innerText()).toContain('want tao1')
  await page.goto(`${base}/subnets/x/metagraph`)
  await expect.poll(() => page.getByRole('alert').innerText()).toContain('is no number from 0 to 65535')
  await page.goto(`${base}/subnets/7/metagraph`)
  await expect.poll(() => page.getByRole('alert').innerText()).toContain('Nothing is at')
})

describe('by keyboard alone', () => {
  test('skip link, prompt, stop, help, pages', async () => {
    mock.hold()
    await open()
    await page.getByText('neurons serve').waitFor()
    await page.keyboard.press('Tab')
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('Skip to the content')
    await page.keyboard.press('Enter')
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('main')
    await page.keyboard.press('/')
    await page.keyboard.type('go?')
    await page.keyboard.press('Enter')
    await page.getByText('loud').waitFor()
    await page.keyboard.press('Escape')
    await page.getByText('Stopped.').waitFor()
    await page.getByLabel('Prompt').blur()
    await page.keyboard.press('?')
    await page.getByRole('dialog', { name: 'Help' }).waitFor()
    await page.keyboard.press('Escape')
    await page.getByRole('dialog').waitFor({ state: 'hidden' })
    await page.keyboard.press('g')
    await page.keyboard.press('m')
    await page.getByRole('heading', { name: 'Metagraph of subnet 1' }).waitFor()
  })

  test('every stop of the tab key can be seen', async () => {
    await open()
    await page.getByText('neurons serve').waitFor()
    for (let i = 0; i < 18; i++) {
      await page.keyboard.press('Tab')
      const seen = await page.evaluate(() => {
        const at = document.activeElement
        if (!at || at === document.body) return true
        const rings = [at, at.parentElement].map((e) => e && getComputedStyle(e))
        return rings.some((s) => s && s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) >= 2)
      })
      expect(seen, `stop ${i}`).toBe(true)
    }
  })

  test('single keys can be turned off', async () => {
    await open()
    await page.getByText('neurons serve').waitFor()
    await page.keyboard.press('?')
    await page.getByLabel(/Single keys act/).uncheck()
    await page.keyboard.press('Escape')
    await page.getByRole('dialog').waitFor({ state: 'hidden' })
    await page.keyboard.press('?')
    await page.reload()
    await page.getByText('neurons serve').waitFor()
    await page.keyboard.press('?')
    expect(await page.getByRole('dialog').count()).toBe(0)
  })
})

test('the switch of colours holds over a reload, and can give the choice back', async () => {
  await open('/', { colorScheme: 'light' })
  const ground = () => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor)
  await page.getByRole('button', { name: 'Colours: as the system' }).click()
  await page.getByRole('button', { name: 'Colours: light' }).click()
  await expect.poll(ground).toBe('rgb(22, 21, 19)')
  await page.reload()
  expect(await ground()).toBe('rgb(22, 21, 19)')
  await page.getByRole('button', { name: 'Colours: dark' }).click()
  await expect.poll(ground).toBe('rgb(246, 243, 234)')
})
