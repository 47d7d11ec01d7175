// Uses a running network through its gateway by OpenAI's own package. OPENAI_BASE_URL and OPENAI_API_KEY say where.
import assert from 'node:assert/strict'
import OpenAI from 'openai'

const client = new OpenAI({ timeout: 30_000 })
const messages = [{ role: 'user', content: 'Once upon a time' }]

const answer = await client.chat.completions.create({ model: 'auto', messages, max_tokens: 24 })
assert.ok(answer.choices[0].message.content)
let text = ''
for await (const chunk of await client.chat.completions.create({ model: 'auto', messages, max_tokens: 24, stream: true })) {
  text += chunk.choices[0]?.delta.content ?? ''
}
assert.ok(text)
const { data } = await client.embeddings.create({ model: 'auto', input: ['a ship', 'the sea'] })
assert.equal(data.length, 2)
const ids = []
for await (const model of client.models.list()) ids.push(model.id)
assert.ok(ids.includes('network'))
await assert.rejects(
  new OpenAI({ apiKey: 'sk-gt-nobody', maxRetries: 0 }).chat.completions.create({ model: 'auto', messages }),
  OpenAI.AuthenticationError,
)
console.log('all well')
