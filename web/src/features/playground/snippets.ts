import { body, type Message } from './chat'

export type Language = 'curl' | 'python' | 'node'

interface Snippet {
  base: string
  // anonymous: no key is sent at all, since one that is unknown is refused.
  anonymous: boolean
  model: string
  messages: Message[]
  sampling: Record<string, unknown>
}

// quoted is a literal in JavaScript and, but for what JSON has in other words, in Python.
function quoted(value: unknown): string {
  return JSON.stringify(value)
}

function indented(value: unknown, by: string): string {
  return JSON.stringify(value, null, 2).replaceAll('\n', `\n${by}`)
}

// snippet is a program that asks the same. The key is never in it: it comes from the environment.
export function snippet(language: Language, s: Snippet): string {
  switch (language) {
    case 'curl': {
      const json = JSON.stringify(body(s), null, 2).replaceAll("'", `'\\''`)
      return `curl -N ${s.base}/v1/chat/completions \\
${s.anonymous ? '' : '  -H "Authorization: Bearer $GOTENSOR_API_KEY" \\\n'}  -H "Content-Type: application/json" \\
  -d '${json}'
`
    }
    case 'python': {
      const more = Object.entries(s.sampling).map(([name, value]) => `    ${name}=${quoted(value)},\n`)
      const base = quoted(`${s.base}/v1`)
      return `${
        s.anonymous
          ? `from openai import OpenAI, Omit

client = OpenAI(base_url=${base}, api_key="none", default_headers={"Authorization": Omit()})
`
          : `import os
from openai import OpenAI

client = OpenAI(base_url=${base}, api_key=os.environ["GOTENSOR_API_KEY"])
`
      }stream = client.chat.completions.create(
    model=${quoted(s.model)},
    messages=${indented(s.messages, '    ')},
${more.join('')}    stream=True,
)
for chunk in stream:
    if chunk.choices:
        print(chunk.choices[0].delta.content or "", end="", flush=True)
`
    }
    case 'node': {
      const more = Object.entries(s.sampling).map(([name, value]) => `  ${name}: ${quoted(value)},\n`)
      return `import OpenAI from 'openai'

const client = new OpenAI({
  baseURL: ${quoted(`${s.base}/v1`)},
  apiKey: ${s.anonymous ? `'none',\n  defaultHeaders: { Authorization: null },` : 'process.env.GOTENSOR_API_KEY,'}
})
const stream = await client.chat.completions.create({
  model: ${quoted(s.model)},
  messages: ${indented(s.messages, '  ')},
${more.join('')}  stream: true,
})
for await (const chunk of stream) {
  process.stdout.write(chunk.choices[0]?.delta?.content ?? '')
}
`
    }
  }
}
