#!/usr/bin/env python3
"""Uses a running network through its gateway by OpenAI's own package and by an agent framework. What n-grams say is nobody's business: only
that an unmodified client gets it. OPENAI_BASE_URL and OPENAI_API_KEY say where."""

import asyncio

import openai
from agents import Agent, OpenAIChatCompletionsModel, Runner
from openai import AsyncOpenAI, OpenAI

client = OpenAI(timeout=30)
question = [{"role": "user", "content": "Once upon a time"}]

answer = client.chat.completions.create(model="auto", messages=question, max_tokens=24)
assert answer.choices[0].message.content and answer.usage.completion_tokens > 0
chunks = list(client.chat.completions.create(model="network", messages=question, max_tokens=8, stream=True, stream_options={"include_usage": True}))
assert "".join(c.choices[0].delta.content or "" for c in chunks if c.choices) and chunks[-1].usage.total_tokens > 0
assert client.completions.create(model="best", prompt="Once upon a time", max_tokens=8, logprobs=2).choices[0].logprobs.tokens
vectors = client.embeddings.create(model="auto", input=["a ship", "the sea"]).data
assert len(vectors) == 2 and len(vectors[0].embedding) == len(vectors[1].embedding) > 0
assert "network" in {m.id for m in client.models.list()}
for key, model, kind in [("sk-gt-nobody", "auto", openai.AuthenticationError), (client.api_key, "gpt-0", openai.NotFoundError)]:
    try:
        OpenAI(api_key=key, max_retries=0).chat.completions.create(model=model, messages=question)
    except kind:
        continue
    raise AssertionError(kind.__name__)


async def agent():
    model = OpenAIChatCompletionsModel(model="auto", openai_client=AsyncOpenAI(timeout=30))
    return (await Runner.run(Agent(name="teller", instructions="Tell a story.", model=model), "Once upon a time")).final_output


assert asyncio.run(agent())
print("all well")
