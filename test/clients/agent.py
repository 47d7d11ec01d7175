#!/usr/bin/env python3
"""Lets an agent of the framework openai-agents call a tool by a model of the network. OPENAI_BASE_URL and OPENAI_API_KEY say where."""

import asyncio

from agents import Agent, OpenAIChatCompletionsModel, Runner, function_tool
from openai import AsyncOpenAI


@function_tool
def get_weather(city: str) -> str:
    """Says what the weather is like in a city."""
    return f"sunny in {city}"


async def main():
    model = OpenAIChatCompletionsModel(model="auto", openai_client=AsyncOpenAI(max_retries=0, timeout=30))
    agent = Agent(name="reporter", instructions="Report the weather.", tools=[get_weather], model=model)
    result = await Runner.run(agent, "What is the weather in Paris?")
    print("whole:", result.final_output)
    streamed = Runner.run_streamed(agent, "What is the weather in Paris?")
    async for _ in streamed.stream_events():
        pass
    print("streamed:", streamed.final_output)


asyncio.run(main())
