// Uses a gateway by OpenAI's own package, as an application would: only base URL and key differ (OPENAI_BASE_URL, OPENAI_API_KEY).
// Prints a line for each test; the first failure ends it.
import assert from 'node:assert/strict'
import OpenAI from 'openai'

const client = new OpenAI({ maxRetries: 0, timeout: 30_000 })
const tests = []
const test = (name, run) => tests.push([name, run])
const ask = (content, more = {}, options = {}) =>
  client.chat.completions.create({ model: 'auto', messages: [{ role: 'user', content }], ...more }, options)

test('chat', async () => {
  const answer = await ask('hello', { stop: ['\n'] })
  assert.equal(answer.choices[0].message.content, 'You said: hello')
  assert.equal(answer.choices[0].finish_reason, 'stop')
  assert.deepEqual(answer.usage, { prompt_tokens: 4, completion_tokens: 3, total_tokens: 7 })
  assert.equal(answer.gotensor.stake_rao, '9000000000000000001')
})

test('headers', async () => {
  const { response } = await ask('hello').withResponse()
  assert.equal(response.headers.get('gt-uid'), '7')
})

test('stream', async () => {
  let text = ''
  let usage
  let finish
  for await (const chunk of await ask('hello', { stream: true, stream_options: { include_usage: true } })) {
    text += chunk.choices[0]?.delta.content ?? ''
    finish = chunk.choices[0]?.finish_reason ?? finish
    usage = chunk.usage ?? usage
  }
  assert.equal(text, 'You said: hello')
  assert.equal(finish, 'stop')
  assert.equal(usage.total_tokens, 7)
})

test('stream helper', async () => {
  const stream = client.chat.completions.stream({ model: 'auto', messages: [{ role: 'user', content: 'hello' }] })
  assert.equal(await stream.finalContent(), 'You said: hello')
})

test('many', async () => {
  const answer = await ask('hello', { n: 3, seed: 5 })
  assert.deepEqual(answer.choices.map((c) => c.message.content), Array(3).fill('You said: hello'))
})

test('logprobs', async () => {
  const { content } = (await ask('hello', { logprobs: true, top_logprobs: 2 })).choices[0].logprobs
  assert.deepEqual(content.map((t) => t.token), ['You ', 'said: ', 'hello'])
  assert.equal(Buffer.from(content[0].bytes).toString(), 'You ')
  assert.equal(content[0].top_logprobs.length, 2)
})

test('completions', async () => {
  const answer = await client.completions.create({ model: 'scripted', prompt: ['a', 'b'], logprobs: 1 })
  assert.deepEqual(answer.choices.map((c) => c.text), ['You said: a', 'You said: b'])
  assert.deepEqual(answer.choices[0].logprobs.text_offset, [0, 4, 10])
})

test('tools', async () => {
  const runner = client.chat.completions.runTools({
    model: 'auto', messages: [{ role: 'user', content: 'weather?' }],
    tools: [{ type: 'function', function: { name: 'get_weather', parse: JSON.parse, function: ({ city }) => `sunny in ${city}`, description: '', parameters: { type: 'object', properties: {} } } }],
  })
  assert.equal(await runner.finalContent(), 'It is sunny in Paris.')
})

test('embeddings', async () => {
  for (const more of [{}, { encoding_format: 'float' }]) { // the first asks for base64 and decodes it
    const answer = await client.embeddings.create({ model: 'auto', input: ['a', 'bcd'], ...more })
    assert.ok(Math.abs(answer.data[1].embedding[0] - Math.cos(3)) < 1e-6)
  }
})

test('models', async () => {
  const ids = []
  for await (const m of client.models.list()) ids.push(m.id)
  assert.deepEqual(ids, ['auto', 'best', 'scripted', 'uid-7'])
  assert.equal((await client.models.retrieve('scripted')).gotensor.uids[0], 7)
  await assert.rejects(client.models.retrieve('gpt-4'), (e) => e instanceof OpenAI.NotFoundError && e.code === 'model_not_found')
})

test('errors', async () => {
  await assert.rejects(ask('hello', { temperature: 3 }), (e) => e instanceof OpenAI.BadRequestError && e.param === 'temperature')
  await assert.rejects(ask('hello', { model: 'gpt-4' }), (e) => e instanceof OpenAI.NotFoundError && e.param === 'model')
  await assert.rejects(ask('hello', { model: 'nobody-home' }), (e) => e.status === 503 && e.code === 'no_neuron')
  await assert.rejects(ask('break'), (e) => e.status === 502 && e.code === 'upstream_failed')
  await assert.rejects(client.withOptions({ apiKey: 'wrong' }).models.list(), OpenAI.AuthenticationError)
})

test('retries', async () => {
  await assert.rejects(client.withOptions({ apiKey: 'limited' }).models.list(), OpenAI.RateLimitError)
  await client.withOptions({ apiKey: 'limited' }).models.list()
  await client.withOptions({ apiKey: 'limited', maxRetries: 2 }).models.list()
  assert.equal((await ask('fail once', {}, { maxRetries: 2 })).choices[0].message.content, 'You said: fail once')
})

test('broken stream', async () => {
  let text = ''
  await assert.rejects(async () => {
    for await (const chunk of await ask('break', { stream: true })) text += chunk.choices[0].delta.content ?? ''
  }, (e) => e instanceof OpenAI.APIError && e.code === 'upstream_failed')
  assert.equal(text, 'one ')
})

test('timeout', async () => {
  await assert.rejects(ask('hang', {}, { timeout: 500 }), OpenAI.APIConnectionTimeoutError)
  const stream = await ask('hang', { stream: true })
  for await (const chunk of stream) {
    if (chunk.choices[0].delta.content) break // which ends the request
  }
})

for (const [name, run] of tests) {
  await run()
  console.log('ok', name)
}
