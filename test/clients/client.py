#!/usr/bin/env python3
"""Uses a gateway by OpenAI's own package, as an application would: only base URL and key differ (OPENAI_BASE_URL, OPENAI_API_KEY).

Prints a line for each test; the first failure ends it.
"""

import math

import openai
from openai import OpenAI

client = OpenAI(max_retries=0, timeout=30)


def ask(text, **more):
    return client.chat.completions.create(model="auto", messages=[{"role": "user", "content": text}], **more)


def raises(kind, call):
    try:
        call()
    except kind as error:
        return error
    raise AssertionError(f"no {kind.__name__}")


def test_chat():
    answer = ask("hello", user="me", temperature=0.5, stop=["\n"])
    assert answer.choices[0].message.content == "You said: hello"
    assert answer.choices[0].message.role == "assistant"
    assert answer.choices[0].finish_reason == "stop"
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens, answer.usage.total_tokens) == (4, 3, 7)
    assert answer.object == "chat.completion" and answer.model == "scripted"
    assert answer.gotensor["uid"] == 7 and answer.gotensor["stake_rao"] == "9000000000000000001"


def test_headers():
    raw = client.chat.completions.with_raw_response.create(model="uid-7", messages=[{"role": "user", "content": "hello"}])
    assert raw.headers["gt-uid"] == "7" and raw.headers["gt-model"] == "scripted" and raw.headers["gt-tried"] == "1"


def test_stream():
    chunks = list(ask("hello", stream=True, stream_options={"include_usage": True}))
    assert chunks[0].choices[0].delta.role == "assistant" and chunks[0].gotensor["uid"] == 7
    assert "".join(c.choices[0].delta.content or "" for c in chunks if c.choices) == "You said: hello"
    assert chunks[-2].choices[0].finish_reason == "stop"
    assert chunks[-1].choices == [] and chunks[-1].usage.total_tokens == 7 and chunks[-1].gotensor["uid"] == 7
    assert len({c.id for c in chunks}) == 1
    assert all(c.object == "chat.completion.chunk" for c in chunks)


def test_stream_helper():
    with client.chat.completions.stream(model="auto", messages=[{"role": "user", "content": "hello"}]) as stream:
        for _ in stream:
            pass
        assert stream.get_final_completion().choices[0].message.content == "You said: hello"


def test_many():
    answer = ask("hello", n=3, seed=5)
    assert [c.index for c in answer.choices] == [0, 1, 2]
    assert {c.message.content for c in answer.choices} == {"You said: hello"}
    texts = ["", ""]
    for chunk in ask("hello", n=2, stream=True):
        texts[chunk.choices[0].index] += chunk.choices[0].delta.content or ""
    assert texts == ["You said: hello"] * 2


def test_length():
    answer = ask("hello", max_completion_tokens=2)
    assert answer.choices[0].finish_reason == "length" and answer.choices[0].message.content == "You said: "


def test_logprobs():
    content = ask("hello", logprobs=True, top_logprobs=2).choices[0].logprobs.content
    assert [t.token for t in content] == ["You ", "said: ", "hello"]
    assert content[0].logprob == -0.25 and bytes(content[0].bytes) == b"You " and len(content[0].top_logprobs) == 2


def test_completions():
    answer = client.completions.create(model="scripted", prompt=["a", "b"], logprobs=1)
    assert [c.text for c in answer.choices] == ["You said: a", "You said: b"]
    assert answer.choices[0].logprobs.tokens == ["You ", "said: ", "a"]
    assert answer.choices[0].logprobs.text_offset == [0, 4, 10]
    assert answer.choices[0].logprobs.top_logprobs[0] == {"You ": -0.25}
    assert "".join(c.choices[0].text for c in client.completions.create(model="auto", prompt="a", stream=True)) == "You said: a"


def test_tools():
    tools = [{"type": "function", "function": {"name": "get_weather", "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}}}]
    call = ask("weather?", tools=tools, tool_choice="auto", parallel_tool_calls=False)
    assert call.choices[0].finish_reason == "tool_calls"
    message = call.choices[0].message
    assert message.content is None
    assert message.tool_calls[0].function.name == "get_weather" and message.tool_calls[0].function.arguments == '{"city":"Paris"}'
    answer = client.chat.completions.create(model="auto", tools=tools, messages=[
        {"role": "user", "content": "weather?"}, message.to_dict(), {"role": "tool", "tool_call_id": message.tool_calls[0].id, "content": "sunny"},
    ])
    assert answer.choices[0].message.content == "It is sunny."


def test_embeddings():
    for format in ({}, {"encoding_format": "float"}, {"encoding_format": "base64"}):  # the first asks for base64 and decodes it
        answer = client.embeddings.create(model="auto", input=["a", "bcd"], **format)
        assert [d.index for d in answer.data] == [0, 1] and answer.usage.prompt_tokens == 2
        if format.get("encoding_format") == "base64":
            assert isinstance(answer.data[0].embedding, str)
            continue
        assert math.isclose(answer.data[1].embedding[0], math.cos(3), abs_tol=1e-6)
        assert math.isclose(answer.data[1].embedding[1], math.sin(3), abs_tol=1e-6)


def test_models():
    models = {m.id: m for m in client.models.list()}
    assert list(models) == ["auto", "best", "scripted", "uid-7"]
    assert models["uid-7"].owned_by == "gotensor" and models["uid-7"].gotensor["uid"] == 7
    assert client.models.retrieve("scripted").gotensor["uids"] == [7]
    assert raises(openai.NotFoundError, lambda: client.models.retrieve("gpt-4")).code == "model_not_found"


def test_errors():
    error = raises(openai.BadRequestError, lambda: ask("hello", temperature=3))
    assert error.param == "temperature" and error.type == "invalid_request_error" and "want 0 to 2" in error.message
    error = raises(openai.BadRequestError, lambda: ask("refuse"))
    assert "more than this model reads" in error.message
    error = raises(openai.NotFoundError, lambda: client.chat.completions.create(model="gpt-4", messages=[{"role": "user", "content": "a"}]))
    assert error.code == "model_not_found" and error.param == "model"
    error = raises(openai.InternalServerError, lambda: client.embeddings.create(model="nobody-home", input="a"))
    assert error.status_code == 503 and error.code == "no_neuron" and error.response.headers["retry-after"] == "5"
    error = raises(openai.InternalServerError, lambda: ask("break"))
    assert error.status_code == 502 and error.code == "upstream_failed"
    raises(openai.AuthenticationError, lambda: client.with_options(api_key="wrong").models.list())
    raises(openai.RateLimitError, lambda: client.with_options(api_key="limited").models.list())
    assert client.with_options(api_key="limited").models.list().data


def test_retries():
    error = raises(openai.RateLimitError, lambda: client.with_options(api_key="limited").models.list())
    assert error.code == "rate_limit_exceeded"
    assert client.with_options(api_key="limited").models.list().data
    assert client.with_options(api_key="limited", max_retries=2).models.list().data
    assert client.with_options(max_retries=2).chat.completions.create(
        model="auto", messages=[{"role": "user", "content": "fail once"}]).choices[0].message.content == "You said: fail once"


def test_broken_stream():
    seen = []
    error = raises(openai.APIError, lambda: seen.extend(c for c in ask("break", stream=True)))
    assert error.code == "upstream_failed", error


def test_timeout():
    raises(openai.APITimeoutError, lambda: client.with_options(timeout=0.5).chat.completions.create(
        model="auto", messages=[{"role": "user", "content": "hang"}]))
    stream = ask("hang", stream=True)
    assert next(iter(stream)).choices[0].delta.role == "assistant"
    stream.close()


if __name__ == "__main__":
    for name, test in list(globals().items()):
        if name.startswith("test_"):
            test()
            print("ok", name, flush=True)
