import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Browser, Page } from 'playwright-core'
import { launch, visit, type Visit } from './browser'
import { Mock } from './mock'
import { dist } from './site'
import { best, serving } from './world'

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

async function askFor(prompt: string) {
  await page.getByLabel('Prompt').fill(prompt)
  await page.getByLabel('Prompt').press('Enter')
}

const chats = () =>
  mock.seen.filter((s) => s.path === '/v1/chat/completions').map((s) => JSON.parse(s.body) as Record<string, unknown>)
const answers = () => page.getByRole('region', { name: /^Answer of/ })

describe('chat', () => {
  test('an answer streams, with who gave it and how', async () => {
    mock.hold()
    await open()
    await askFor('Why a median?')
    const answer = answers().first()
    await answer.getByText('one loud voice').waitFor()
    expect(await page.getByRole('button', { name: 'Stop' }).isVisible()).toBe(true)
    mock.release()
    await page.getByRole('button', { name: 'Ask' }).waitFor()
    const text = await answer.innerText()
    for (const part of [
      'not by praise.',
      `uid ${best?.uid ?? ''}`,
      best?.model ?? '',
      '182\u202Fms',
      '1234 TAO',
      'score',
      'tokens',
    ]) {
      expect(text).toContain(part)
    }
    expect(chats()).toEqual([
      {
        model: 'auto',
        messages: [{ role: 'user', content: 'Why a median?' }],
        stream: true,
        stream_options: { include_usage: true },
      },
    ])
  })

  test('the conversation goes on, survives a reload, and can be cleared', async () => {
    await open()
    await askFor('one')
    await page.getByRole('button', { name: 'Ask' }).waitFor()
    await askFor('two')
    await expect.poll(() => page.locator('[aria-busy=true]').count()).toBe(0)
    const messages = chats()[1]?.messages as { role: string; content: string }[]
    expect(messages.map((m) => m.role)).toEqual(['user', 'assistant', 'user'])
    expect(messages[1]?.content).toContain('not by praise.')
    await page.getByLabel('Prompt').fill('a draft')
    await page.reload()
    await answers().nth(1).waitFor()
    expect(await answers().nth(1).innerText()).toContain('not by praise.')
    expect(await page.getByLabel('Prompt').inputValue()).toBe('a draft')
    await page.getByRole('button', { name: 'New conversation' }).click()
    await page.getByRole('heading', { name: /Many models/ }).waitFor()
    await page.reload()
    await page.getByRole('heading', { name: /Many models/ }).waitFor()
    expect(await answers().count()).toBe(0)
  })

  test('stop ends the answer here and at the gateway, and keeps what there is', async () => {
    mock.hold()
    await open()
    await askFor('go')
    await answers().first().getByText('loud').waitFor()
    await page.getByRole('button', { name: 'Stop' }).click()
    await answers().first().getByText('Stopped.').waitFor()
    await expect.poll(() => mock.aborted).toBe(1)
    expect(await answers().first().innerText()).toContain('A mean moves')
  })

  test.each([
    ['busy', 'No answer. All neurons are busy: try again in 2 s.'],
    ['broken', 'The answer broke off. The neuron stopped in the middle of its answer.'],
  ])('%s: an error in the gateway’s words', async (model, words) => {
    await open(`/?model=${model}`)
    await askFor('go')
    await expect.poll(() => page.getByRole('alert').innerText()).toContain(words)
    await page.getByRole('button', { name: 'Ask' }).waitFor()
  })

  test('a connection that breaks leaves what there is, and says what to do', async () => {
    mock.hold()
    await open('/?model=cut')
    await askFor('go')
    await answers().first().getByText('one loud voice').waitFor() // a browser may drop what it has not yet read
    mock.release()
    await expect
      .poll(() => page.getByRole('alert').innerText())
      .toContain('The answer broke off. The connection broke in the middle of the answer. Ask again.')
    await page.getByRole('button', { name: 'Ask' }).waitFor()
    expect(await answers().first().innerText()).toContain('one loud voice')
  })

  test('what a model says is text, also where it is code or markup', async () => {
    await open()
    await askFor('code please')
    await answers().first().locator('pre', { hasText: 'fmt.Println("hello")' }).waitFor()
  })
})

describe('who is asked', () => {
  test('the picker offers choices, models and neurons, and the URL keeps the choice', async () => {
    await open()
    const picker = page.getByLabel('Who is asked')
    await expect.poll(() => picker.locator('option').count()).toBeGreaterThan(20)
    expect(
      await picker.locator('optgroup').evaluateAll((all) => all.map((g) => (g as HTMLOptGroupElement).label)),
    ).toEqual(['Let the gateway choose', 'A model', 'One neuron'])
    await picker.selectOption('network')
    await expect.poll(() => page.url()).toContain('model=network')
    await page.reload()
    await askFor('go')
    await answers().first().getByText('mixture of 5').waitFor()
    expect(chats()[0]?.model).toBe('network')
  })

  test('two beside each other answer one prompt at once, each in its own conversation', async () => {
    const other = serving[3]?.uid ?? 0
    await open(`/?model=best&versus=uid-${other}`)
    await askFor('one')
    await expect.poll(() => answers().count()).toBe(2)
    await page.getByRole('button', { name: 'Ask' }).waitFor()
    expect(await answers().nth(0).innerText()).toContain(`uid ${best?.uid ?? ''}`)
    expect(await answers().nth(1).innerText()).toContain(`uid ${other}`)
    expect(
      chats()
        .map((c) => c.model)
        .toSorted(),
    ).toEqual(['best', `uid-${other}`])
    const [left, right] = await Promise.all([answers().nth(0).boundingBox(), answers().nth(1).boundingBox()])
    expect(left && right && left.x + left.width <= right.x + 1).toBe(true)
    await page.getByRole('button', { name: 'Compare two' }).click()
    await expect.poll(() => page.url()).not.toContain('versus')
  })
})

describe('settings', () => {
  test('what is set is sent, and no more', async () => {
    await open()
    await page.getByRole('button', { name: 'Settings' }).click()
    const sheet = page.getByRole('dialog', { name: 'Settings' })
    await sheet.getByLabel('Temperature').fill('0.3')
    await sheet.getByLabel('Seed').fill('7')
    await sheet.getByLabel('Most tokens').fill('-4') // refused by its limits
    await sheet.getByLabel('Stop at').fill('\\n\\n')
    await sheet.getByLabel('Instruction').fill('Be brief.')
    await page.keyboard.press('Escape')
    await askFor('go')
    await page.getByRole('button', { name: 'Ask' }).waitFor()
    expect(chats()[0]).toMatchObject({ temperature: 0.3, seed: 7, stop: ['\n\n'] })
    expect(chats()[0]).not.toHaveProperty('max_tokens')
    expect((chats()[0]?.messages as object[])[0]).toEqual({ role: 'system', content: 'Be brief.' })
    await page.getByRole('button', { name: /^Settings, 4 changed/ }).waitFor()
  })

  test('the key goes with requests and stays in the tab', async () => {
    mock.needKey = true
    await open()
    await askFor('go')
    await expect.poll(() => page.getByRole('alert').innerText()).toContain('An API key is needed')
    await page.getByRole('button', { name: 'Settings' }).click()
    await page.getByLabel('API key').fill('sk-gt-right')
    await page.keyboard.press('Escape')
    await askFor('go')
    await answers().nth(1).getByText('not by praise.').waitFor()
    expect(await page.evaluate(() => JSON.stringify(localStorage))).not.toContain('sk-gt')
    expect(page.url()).not.toContain('sk-gt')
    const other = await page.context().newPage() // another tab does not have it
    await other.goto(base)
    expect(await other.evaluate(() => JSON.stringify(sessionStorage))).not.toContain('sk-gt')
    await page.getByRole('button', { name: 'Show as code' }).click()
    const code = page.getByLabel('Code', { exact: true })
    expect(await code.innerText()).toContain('Bearer $GOTENSOR_API_KEY')
    expect(await code.innerText()).not.toContain('sk-gt-right')
  })

  test('the same in code', async () => {
    await open('/?model=uid-3', { permissions: ['clipboard-read', 'clipboard-write'] })
    await page.getByLabel('Prompt').fill('from code')
    await page.getByRole('button', { name: 'Show as code' }).click()
    const code = page.getByLabel('Code', { exact: true })
    expect(await code.innerText()).toContain(`curl -N ${base}/v1/chat/completions`)
    for (const language of ['Python', 'Node']) {
      await page.getByText(language, { exact: true }).click()
      expect(await code.innerText()).toContain(`${base}/v1`)
      expect(await code.innerText()).toContain('uid-3')
    }
    await page.getByRole('button', { name: 'Copy' }).click()
    await page.getByText('Copied.').waitFor()
    expect(await page.evaluate(() => navigator.clipboard.readText())).toContain('from code')
  })
})

describe('one step', () => {
  test('candidates of each neuron stand beside the mixture; picking one walks on', async () => {
    await open('/step')
    await page.getByRole('button', { name: 'Take the step' }).click()
    const table = page.getByRole('table')
    await table.waitFor()
    expect(await table.getByRole('columnheader').count()).toBe(2 + 6)
    expect(await table.innerText()).toContain('it did not answer')
    expect(await table.getByRole('row').count()).toBe(1 + 12 + 1)
    await table.getByRole('button', { name: '·lazy', exact: true }).click()
    await expect.poll(() => page.getByLabel('Text so far').inputValue()).toBe('The quick brown fox jumps over the lazy')
    await expect.poll(() => mock.seen.filter((s) => s.path === '/v1/step').length).toBe(2)
    expect(JSON.parse(mock.seen.filter((s) => s.path === '/v1/step')[1]?.body ?? '')).toEqual({
      context: 'The quick brown fox jumps over the lazy',
      k: 16,
    })
    await page.getByText('8', { exact: true }).click()
    await expect.poll(() => page.url()).toContain('k=8')
  })

  test('from an answer to its next step', async () => {
    await open()
    await askFor('one')
    await page.getByRole('button', { name: 'Ask' }).waitFor()
    await page.getByRole('button', { name: 'Look into the next step' }).click()
    expect(await page.getByLabel('Text so far').inputValue()).toMatch(/^one\n.*not by praise\.$/s)
  })

  test('an error in the gateway’s words', async () => {
    mock.needKey = true
    await open('/step')
    await page.getByRole('button', { name: 'Take the step' }).click()
    await expect.poll(() => page.getByRole('alert').innerText()).toContain('No step. An API key is needed')
  })
})
