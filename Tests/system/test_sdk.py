"""The official OpenAI SDK against the running program."""
import json

import openai
import pytest

from conftest import DONE, HELLO, Reply, chunk, completion, usage_chunk

ASK = [{"role": "user", "content": "Hi"}]


def test_a_chat_is_answered_under_the_name_that_was_asked_for(client, upstream):
    reply = client.chat.completions.create(model="fast", messages=ASK)
    assert reply.choices[0].message.content == "Hello!"
    assert reply.model == "fast"
    assert reply.usage.total_tokens == 5
    assert upstream.requests[0].path == "/v1/chat/completions"
    assert upstream.requests[0].body["model"] == "up-model"


def test_the_request_goes_up_byte_for_byte_but_for_the_model(gateway, upstream):
    body = b'{ "messages":[{"role":"user","content":"\\u4f60"}] ,"temperature":1.0e0, "model":"fast","x_unknown":[1, 2]}'
    status, _, _ = gateway.request("POST", "/v1/chat/completions", body, {"authorization": "Bearer sk-alice"})
    assert status == 200
    assert upstream.requests[0].raw == body.replace(b'"fast"', b'"up-model"')


def test_the_reply_comes_down_byte_for_byte_but_for_the_model(gateway, upstream):
    body = b'{"id":"x", "object":"chat.completion","model":"up-model" ,"choices":[{"index":0,"message":{"role":"assistant","content":"\\u00e9"},"finish_reason":"stop"}],"new":{"b":1,"a":2.50}}'
    upstream.replies(Reply(200, {"content-type": "application/json"}, body))
    _, headers, content = gateway.request("POST", "/v1/chat/completions", json.dumps({"model": "fast", "messages": ASK}), {"authorization": "Bearer sk-alice"})
    assert content == body.replace(b'"up-model"', b'"fast"')
    assert headers["x-apus-provider"] == "local"
    assert headers["x-apus-model"] == "up-model"
    assert int(headers["x-apus-overhead-us"]) >= 0
    assert len(headers["x-apus-id"]) == 26


@pytest.mark.parametrize("include", [False, True])
def test_a_stream_shows_usage_only_when_asked(client, upstream, include):
    upstream.replies(Reply.stream(HELLO))
    options = {"stream_options": {"include_usage": True}} if include else {}
    chunks = list(client.chat.completions.create(model="fast", messages=ASK, stream=True, **options))
    assert "".join(c.choices[0].delta.content or "" for c in chunks if c.choices) == "Hello!"
    assert {c.model for c in chunks} == {"fast"}
    assert [c.usage.total_tokens for c in chunks if c.usage] == ([5] if include else [])
    assert upstream.requests[0].body["stream_options"] == {"include_usage": True}


def test_tool_calls_pass_through_in_both_directions(client, upstream):
    tool = {"type": "function", "function": {"name": "weather", "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}}}
    call = {"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": '{"city":"Bern"}'}}
    upstream.replies(
        Reply.json(completion("up-model", None, tool_calls=[call])),
        Reply.stream([
            chunk({"role": "assistant", "tool_calls": [{"index": 0, "id": "call_2", "type": "function", "function": {"name": "weather", "arguments": ""}}]}),
            chunk({"tool_calls": [{"index": 0, "function": {"arguments": '{"city":'}}]}), chunk({"tool_calls": [{"index": 0, "function": {"arguments": '"Rome"}'}}]}),
            chunk({}, "tool_calls"), DONE]))
    reply = client.chat.completions.create(model="fast", messages=ASK, tools=[tool])
    assert reply.choices[0].message.tool_calls[0].function.arguments == '{"city":"Bern"}'
    history = ASK + [{"role": "assistant", "content": None, "tool_calls": [call]}, {"role": "tool", "tool_call_id": "call_1", "content": "sunny"}]
    chunks = list(client.chat.completions.create(model="fast", messages=history, tools=[tool], stream=True))
    assert "".join(c.choices[0].delta.tool_calls[0].function.arguments for c in chunks if c.choices and c.choices[0].delta.tool_calls) == '{"city":"Rome"}'
    assert upstream.requests[1].body["messages"] == history


def test_embeddings_completions_and_rerank_pass_through(client, gateway, upstream):
    upstream.replies(Reply.json({"object": "list", "model": "up-embed", "data": [{"object": "embedding", "index": 0, "embedding": [0.5, -1.25]}], "usage": {"prompt_tokens": 1, "total_tokens": 1}}))
    assert client.embeddings.create(model="up-embed", input="x", encoding_format="float").data[0].embedding == [0.5, -1.25]
    assert upstream.requests[-1].path == "/v1/embeddings"
    upstream.replies(Reply.json({"id": "c", "object": "text_completion", "created": 1, "model": "up-model", "choices": [{"index": 0, "text": "ok", "finish_reason": "stop", "logprobs": None}]}))
    assert client.completions.create(model="fast", prompt="x").choices[0].text == "ok"
    assert upstream.requests[-1].path == "/v1/completions"
    upstream.replies(Reply.json({"model": "r", "results": [{"index": 0, "relevance_score": 0.9}], "usage": {"total_tokens": 3}}))
    status, _, reply = gateway.post("/v1/rerank", {"model": "local/any-reranker", "query": "q", "documents": ["a"]}, {"authorization": "Bearer sk-alice"})
    assert (status, reply["results"][0]["relevance_score"]) == (200, 0.9)
    assert upstream.requests[-1].path == "/v1/rerank"
    assert upstream.requests[-1].body["model"] == "any-reranker"


def test_models_are_listed_once_and_found_by_both_names(client):
    names = [m.id for m in client.models.list()]
    assert names == ["fast", "up-model", "up-embed", "apus-demo"]
    assert client.models.retrieve("local/up-model").id == "local/up-model"
    assert client.models.retrieve("apus-demo").owned_by == "demo"


@pytest.mark.parametrize("create, kind, code", [
    (lambda c: c.chat.completions.create(model="nobody", messages=ASK), openai.NotFoundError, "model_not_found"),
    (lambda c: c.chat.completions.create(model="", messages=ASK), openai.NotFoundError, "model_not_found"),
    (lambda c: c.chat.completions.create(model="fast", messages=[]), openai.BadRequestError, None),
    (lambda c: c.with_options(api_key="sk-bob").models.list(), openai.AuthenticationError, "invalid_api_key"),
    (lambda c: c.post("/chat/completions", body={"messages": ASK}, cast_to=object), openai.BadRequestError, "missing_required_field"),
    (lambda c: c.post("/nothing", body={}, cast_to=object), openai.NotFoundError, "unknown_url"),
])
def test_errors_are_those_of_the_sdk(client, create, kind, code):
    with pytest.raises(kind) as caught:
        create(client)
    assert code is None or caught.value.code == code
    assert caught.value.body["message"]


def test_the_demo_answers_without_a_provider(client):
    reply = client.chat.completions.create(model="apus-demo", messages=ASK)
    assert "demo model" in reply.choices[0].message.content
    again = client.chat.completions.create(model="apus-demo", messages=ASK)
    assert again.choices[0].message.content == reply.choices[0].message.content
    chunks = list(client.chat.completions.create(model="apus-demo", messages=ASK, stream=True, stream_options={"include_usage": True}))
    texts = [c.choices[0].delta.content for c in chunks if c.choices and c.choices[0].delta.content]
    assert len(texts) >= 3
    assert "".join(texts).replace("| streamed | yes |", "| streamed | no |") == reply.choices[0].message.content
    assert any(getattr(c.choices[0].delta, "reasoning_content", None) for c in chunks if c.choices)
    assert chunks[-1].usage.completion_tokens > 0


def test_the_demo_calls_the_first_tool_with_arguments_that_fit(client):
    schema = {"type": "object", "properties": {"city": {"type": "string"}, "days": {"type": "integer", "minimum": 2}, "unit": {"enum": ["C", "F"]}}, "required": ["city", "days", "unit"]}
    tools = [{"type": "function", "function": {"name": "forecast", "parameters": schema}}]
    for stream in (False, True):
        result = client.chat.completions.create(model="apus-demo", messages=ASK, tools=tools, stream=stream)
        if stream:
            deltas = [c.choices[0].delta.tool_calls[0] for c in result if c.choices and c.choices[0].delta.tool_calls]
            name, arguments = deltas[0].function.name, "".join(d.function.arguments or "" for d in deltas)
        else:
            name, arguments = result.choices[0].message.tool_calls[0].function.name, result.choices[0].message.tool_calls[0].function.arguments
            assert result.choices[0].finish_reason == "tool_calls"
        assert name == "forecast"
        assert json.loads(arguments) == {"city": "Hi", "days": 2, "unit": "C"}


def test_the_async_client_gets_chunks_as_they_are_made(gateway, upstream):
    import asyncio
    import threading
    go = threading.Event()

    def pieces():
        yield chunk({"content": "first"})
        go.wait(10)
        yield chunk({"content": "second"}, "stop")
        yield usage_chunk()
        yield DONE

    upstream.replies(Reply.stream(pieces()))

    async def run():
        async with openai.AsyncOpenAI(base_url=gateway.url + "/v1", api_key="sk-alice", max_retries=0) as client:
            stream = await client.chat.completions.create(model="fast", messages=ASK, stream=True)
            texts = []
            async for part in stream:
                if part.choices and part.choices[0].delta.content:
                    texts.append(part.choices[0].delta.content)
                    go.set()  # only after the first piece has arrived does the upstream go on
            return texts

    assert asyncio.run(run()) == ["first", "second"]
