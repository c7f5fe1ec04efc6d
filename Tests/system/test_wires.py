"""Every client's wire onto every upstream's: the official SDKs, the running program, scripted upstreams. Loopback only."""
import base64
import json
import threading
import time

import pytest

from conftest import AUTH, Reply, Upstream
from speech import Call, Image, Text, Think, compact, data, event, frames, heard, reply
from talks import CLIENTS, KEY, Chat, Gemini, Messages, Responses

WIRES = ["openai-chat", "anthropic", "gemini"]
HELLO = "Grüezi, 你好 🙂"
PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=="
SIGNATURE = "EqQBCkYIBxgCKkDe+/SigA=="

each_client = pytest.mark.parametrize("talk", CLIENTS, ids=lambda talk: talk.__name__)
each_wire = pytest.mark.parametrize("wire", WIRES)
whole_and_streamed = pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])


@pytest.fixture
def connect(start):
    """Starts a gateway in front of a scripted upstream of a wire; both go when the test ends."""
    upstreams = []

    def connect(wire, keys=({"name": "alice", "key": KEY},), settings=None, **provider):
        upstream = Upstream(wire)
        upstreams.append(upstream)
        local = {"name": "local", "wire": wire, "base_url": upstream.url, "key": "up-secret", "retries": 1, "rate_wait": "0s",
                 "models": ["up-model", {"id": "up-embed", "kind": "embedding"}]}
        gateway = start({"keys": list(keys), "providers": [local | provider], "models": [{"id": "fast", "to": ["local/up-model"]}]} | (settings or {}))
        return gateway, upstream

    yield connect
    for upstream in upstreams:
        upstream.stop()


# Texts, usage, names


@each_client
@each_wire
@whole_and_streamed
def test_a_text_comes_with_its_usage_under_the_name_that_was_asked_for(connect, talk, wire, stream):
    gateway, upstream = connect(wire)
    upstream.says([Text(HELLO)])
    answer = talk(gateway, stream=stream).ask("Hi " + HELLO)
    assert (answer.text, answer.thoughts, answer.calls, answer.finish) == (HELLO, "", [], "stop")
    assert answer.usage == (11, 3, 7)
    assert answer.model == "fast"
    [request] = upstream.requests
    assert heard(wire, request.body) == [("user", "Hi " + HELLO)]
    assert request.wants_stream == stream
    # The upstream's own path, model and credential; the client's key stays here.
    path = {"openai-chat": "/v1/chat/completions", "anthropic": "/v1/messages",
            "gemini": "/v1beta/models/up-model:" + ("streamGenerateContent?alt=sse" if stream else "generateContent")}
    assert request.path == path[wire]
    assert request.body.get("model") == (None if wire == "gemini" else "up-model")
    name, value = {"openai-chat": ("authorization", "Bearer up-secret"), "anthropic": ("x-api-key", "up-secret"), "gemini": ("x-goog-api-key", "up-secret")}[wire]
    assert request.headers[name] == value
    assert KEY not in str(request.headers)


# An agent's loop


@each_client
@each_wire
@whole_and_streamed
def test_an_agent_calls_gets_results_and_answers(connect, talk, wire, stream):
    gateway, upstream = connect(wire)
    bern, time_ = Call("call_A1", "weather", {"city": "Bern", "days": 9007199254740993}), Call("call_B2", "clock", {})
    upstream.says([Text("Let me look."), bern, time_], [Text("Sunny at noon.")])
    agent = talk(gateway, stream=stream, tools=True)
    first = agent.ask("How is it?")
    assert (first.text, first.finish) == ("Let me look.", "calls")
    assert [call[1:] for call in first.calls] == [("weather", bern.args), ("clock", {})]
    last = agent.answer({"weather": "sunny", "clock": "12:00"})
    assert (last.text, last.calls, last.finish) == ("Sunny at noon.", [], "stop")
    names = ("weather", "clock") if wire == "gemini" else (None, None)
    assert heard(wire, upstream.requests[1].body) == [
        ("user", "How is it?"), ("assistant", "Let me look."), ("assistant", bern), ("assistant", time_),
        ("result", ("call_A1", names[0], "sunny")), ("result", ("call_B2", names[1], "12:00"))]
    tools = upstream.requests[0].body["tools"]
    assert upstream.requests[1].body["tools"] == tools
    declared = {"openai-chat": lambda: [(t["function"]["name"], t["function"]["parameters"]) for t in tools],
                "anthropic": lambda: [(t["name"], t["input_schema"]) for t in tools],
                "gemini": lambda: [(t["name"], t.get("parametersJsonSchema", t.get("parameters_json_schema"))) for t in tools[0]["functionDeclarations"]]}
    assert [name for name, _ in declared[wire]()] == ["weather", "clock"]
    assert declared[wire]()[0][1]["required"] == ["city"]


def weather(city: str) -> str:
    """Tells the weather.

    Args:
        city: The city's name.
    """
    return "sunny in " + city


@each_wire
@whole_and_streamed
def test_the_sdks_own_loops_run_a_tool_to_its_end(connect, wire, stream):
    import anthropic
    gateway, upstream = connect(wire)
    call = Call("call_1", "weather", {"city": "Bern"})
    answer = [call], [Text("It is sunny.")]
    result = ("result", ("call_1", "weather" if wire == "gemini" else None, "sunny in Bern"))

    upstream.says(*answer)
    runner = Messages(gateway).client.beta.messages.tool_runner(
        model="fast", max_tokens=100, tools=[anthropic.beta_tool(weather)], messages=[{"role": "user", "content": "How is it?"}], stream=stream)
    last = [turn.get_final_message() if stream else turn for turn in runner][-1]
    assert last.content[0].text == "It is sunny."
    sent = upstream.requests[-1].body
    if wire == "anthropic":  # the SDK lets the vendor hold the conversation
        assert (sent["thread"], heard(wire, sent)) == ({"type": "continue", "previous_message_id": "msg_up"}, [result])
    else:
        assert heard(wire, sent) == [("user", "How is it?"), ("assistant", call), result]

    upstream.says(*answer)
    gemini = Gemini(gateway)
    chat = gemini.client.chats.create(model="fast", config={"tools": [weather]})
    if stream:
        text = "".join(piece.text or "" for piece in chat.send_message_stream("How is it?"))
    else:
        text = chat.send_message("How is it?").text
    assert text == "It is sunny."
    role, told = heard(wire, upstream.requests[-1].body)[-1]
    assert role == "result" and "sunny in Bern" in str(told)


@each_wire
@whole_and_streamed
def test_the_sdks_own_helpers_read_structured_answers(connect, wire, stream):
    import pydantic

    class Forecast(pydantic.BaseModel):
        city: str
        degrees: int

    gateway, upstream = connect(wire)
    upstream.says([Text('{"city":"Bern","degrees":21}')])
    expected = Forecast(city="Bern", degrees=21)
    asked = {"model": "fast", "messages": [{"role": "user", "content": "How is it?"}]}

    openai = Chat(gateway).client
    if stream:
        with openai.chat.completions.stream(**asked, response_format=Forecast) as events:
            assert events.get_final_completion().choices[0].message.parsed == expected
        with openai.responses.stream(model="fast", input="How is it?", text_format=Forecast) as events:
            assert events.get_final_response().output_parsed == expected
    else:
        assert openai.chat.completions.parse(**asked, response_format=Forecast).choices[0].message.parsed == expected
        assert openai.responses.parse(model="fast", input="How is it?", text_format=Forecast).output_parsed == expected
        assert Messages(gateway).client.messages.parse(**asked, max_tokens=100, output_format=Forecast).parsed_output == expected
        gemini = Gemini(gateway)
        assert gemini.client.models.generate_content(model="fast", contents="Hi", config={
            "response_mime_type": "application/json", "response_schema": Forecast}).parsed == expected
    for request in upstream.requests:
        sent = request.body
        if wire == "openai-chat":
            schema = sent["response_format"]["json_schema"]["schema"]
        elif wire == "anthropic":
            schema = sent["output_config"]["format"]["schema"]
        else:
            config = sent["generationConfig"]
            schema = config.get("responseJsonSchema") or config.get("responseSchema") or config["response_schema"]
        assert set(schema["required"]) == {"city", "degrees"}


# Thinking


@each_client
@whole_and_streamed
def test_signed_thoughts_of_anthropic_come_back_unchanged(connect, talk, stream):
    gateway, upstream = connect("anthropic")
    thought = [Think("Look it up, 你.", SIGNATURE), Think("", "ZmFrZSByZWRhY3RlZA=="), Text("One moment."), Call("toolu_1", "weather", {"city": "Bern"})]
    upstream.says(thought, [Think("Done.", "c2lnMg=="), Text("Sunny.")], [Text("Yes.")])
    agent = talk(gateway, stream=stream, tools=True)
    first = agent.ask("How is it?")
    assert first.thoughts == "Look it up, 你."
    assert agent.answer({"weather": "sunny"}).thoughts == "Done."
    agent.ask("Sure?")
    assert heard("anthropic", upstream.requests[2].body) == [
        ("user", "How is it?"), ("assistant", thought[0]), ("assistant", thought[1]), ("assistant", "One moment."), ("assistant", thought[3]),
        ("result", ("toolu_1", None, "sunny")), ("assistant", Think("Done.", "c2lnMg==")), ("assistant", "Sunny."), ("user", "Sure?")]


@each_client
@whole_and_streamed
def test_signed_calls_of_gemini_come_back_unchanged(connect, talk, stream):
    gateway, upstream = connect("gemini", caps={"thinking": "level", "thought_signatures": "required"})
    bern, rome = Call("call_1", "weather", {"city": "Bern"}, SIGNATURE), Call("call_2", "clock", {})
    upstream.says([Think("Look it up."), bern, rome], [Text("Sunny.")])
    agent = talk(gateway, stream=stream, tools=True)
    assert agent.ask("How is it?").thoughts == "Look it up."
    agent.answer({"weather": "sunny", "clock": "12:00"})
    turns = heard("gemini", upstream.requests[1].body)
    signed = [what for role, what in turns if isinstance(what, Call)]
    assert [(call.id, call.args) for call in signed] == [("call_1", {"city": "Bern"}), ("call_2", {})]
    # The official client writes bytes in the URL-safe alphabet.
    assert [base64.urlsafe_b64decode(call.signature.replace("+", "-").replace("/", "_")) for call in signed] == [base64.b64decode(SIGNATURE), b""]


@each_client
@whole_and_streamed
def test_signatures_of_one_vendor_never_reach_another(connect, start, talk, stream):
    upstreams = [Upstream(wire) for wire in WIRES]
    try:
        gateway = start({"keys": [{"name": "alice", "key": KEY}], "providers": [
            {"name": wire, "wire": wire, "base_url": upstream.url, "key": "none", "models": [wire + "-model"]} for wire, upstream in zip(WIRES, upstreams)]})
        agent = talk(gateway, "anthropic-model", stream, tools=True)
        upstreams[1].says([Think("Secret thought", SIGNATURE), Text("One.")])
        agent.ask("1?")
        for wire, upstream in zip(WIRES, upstreams):
            if wire == "anthropic" or wire == talk.wire:
                continue
            upstream.says([Text("Two.")])
            agent.model = wire + "-model"
            agent.ask("2?")
            assert SIGNATURE not in upstream.requests[-1].raw.decode()
            assert "apus1:" not in upstream.requests[-1].raw.decode()
            assert ("assistant", "One.") in heard(wire, upstream.requests[-1].body)
    finally:
        for upstream in upstreams:
            upstream.stop()


@pytest.mark.parametrize("talk", [Chat, Messages, Responses], ids=lambda talk: talk.__name__)
@whole_and_streamed
def test_thoughts_go_back_to_a_chat_upstream_that_wants_them(connect, talk, stream):
    gateway, upstream = connect("openai-chat", dialect="deepseek")
    upstream.says([Think("Look it up."), Call("call_1", "weather", {"city": "Bern"})], [Text("Sunny.")])
    agent = talk(gateway, stream=stream, tools=True)
    assert agent.ask("How is it?").thoughts == "Look it up."
    agent.answer({"weather": "sunny"})
    assert ("assistant", Think("Look it up.")) in heard("openai-chat", upstream.requests[1].body)


@each_client
@pytest.mark.parametrize("wire", ["anthropic", "gemini"])
@whole_and_streamed
def test_thoughts_between_texts_and_calls_keep_their_place(connect, talk, wire, stream):
    gateway, upstream = connect(wire)
    sign = SIGNATURE if wire == "anthropic" else ""
    turn = [Think("First.", sign), Text("One. "), Think("Second.", sign), Text("Two."), Call("call_1", "weather", {"city": "Bern"}), Call("call_2", "clock", {})]
    upstream.says(turn, [Text("Sunny.")])
    agent = talk(gateway, stream=stream, tools=True)
    answer = agent.ask("How is it?")
    assert (answer.text, answer.thoughts) == ("One. Two.", "First.Second.")
    assert [call[1:] for call in answer.calls] == [("weather", {"city": "Bern"}), ("clock", {})]
    agent.answer({"weather": "sunny", "clock": "12:00"})
    if wire == "anthropic":
        back = [what for role, what in heard(wire, upstream.requests[1].body) if role == "assistant"]
        expected = [part.text if isinstance(part, Text) else part for part in turn]
        # Chat has one place for all texts and one for all thoughts.
        assert back == ([turn[0], turn[2], "One. Two.", *turn[4:]] if talk is Chat else expected)


@each_client
@each_wire
def test_a_stream_from_an_upstream_that_only_streams_is_folded(connect, talk, wire):
    gateway, upstream = connect(wire, request={"stream": "always"})
    turn = [Think("Hm.", SIGNATURE if wire == "anthropic" else ""), Text(HELLO), Call("call_1", "weather", {"city": "Bern"})]
    upstream.says(turn)
    answer = talk(gateway, tools=True).ask("Hi")
    assert upstream.requests[0].wants_stream
    assert (answer.text, answer.thoughts, answer.finish, answer.model, answer.usage) == (HELLO, "Hm.", "calls", "fast", (11, 3, 7))
    assert [call[1:] for call in answer.calls] == [("weather", {"city": "Bern"})]


@each_client
@each_wire
def test_a_whole_answer_where_a_stream_was_asked_for_is_unfolded(connect, talk, wire):
    gateway, upstream = connect(wire)
    turn = [Think("Hm.", SIGNATURE if wire == "anthropic" else ""), Text(HELLO), Call("call_1", "weather", {"city": "Bern"})]
    upstream.script = lambda request: reply(wire, turn, False)
    answer = talk(gateway, stream=True, tools=True).ask("Hi")
    assert (answer.text, answer.thoughts, answer.finish, answer.model, answer.usage) == (HELLO, "Hm.", "calls", "fast", (11, 3, 7))
    assert [call[1:] for call in answer.calls] == [("weather", {"city": "Bern"})]


# Images


@each_client
@each_wire
def test_an_image_goes_up_as_it_is(connect, talk, wire):
    gateway, upstream = connect(wire)
    upstream.says([Text("A dot.")])
    talk(gateway).ask("What is it?", image=PNG)
    assert heard(wire, upstream.requests[0].body) == [("user", "What is it?"), ("user", Image(PNG))]


@pytest.mark.parametrize("wire", ["openai-chat", "gemini"])
@whole_and_streamed
def test_an_image_comes_down_as_it_is(connect, wire, stream):
    gateway, upstream = connect(wire)
    upstream.says([Text("Here:"), Image(PNG)])
    chat = Chat(gateway, stream=stream).ask("Draw")
    assert (chat.text, [image["image_url"]["url"] for image in chat.message["images"]]) == ("Here:", ["data:image/png;base64," + PNG])
    gemini = Gemini(gateway, stream=stream).ask("Draw")
    assert [part.inline_data.data for part in gemini.message if part.inline_data] == [base64.b64decode(PNG)]


# Errors


def failure(wire, status, message, headers=None, type=None):
    """An upstream's error in its own words."""
    body = {"openai-chat": {"error": {"message": message, "type": type, "param": None, "code": None}},
            "anthropic": {"type": "error", "error": {"type": type or "api_error", "message": message}},
            "gemini": {"error": {"code": status, "message": message, "status": type or "UNKNOWN"}}}
    return Reply.json(body[wire], status, headers)


def raised(talk, act):
    """The SDK's own exception: its class, status, message, type or status word."""
    with pytest.raises((talk.errors.APIError,)) as caught:
        act()
    error = caught.value
    if talk is Gemini:
        return error, error.code, error.message, error.status
    return error, getattr(error, "status_code", None), error.message, error.type


def kind(talk, openai_name, anthropic_name, status):
    if talk is Gemini:
        return talk.errors.ClientError if status < 500 else talk.errors.ServerError
    return getattr(talk.errors, anthropic_name if talk is Messages else openai_name)


@each_client
@each_wire
@whole_and_streamed
@pytest.mark.parametrize("status, openai_name, anthropic_name, told, words", [
    (400, "BadRequestError", "BadRequestError", 400, ("invalid_request_error", "invalid_request_error", "INVALID_ARGUMENT")),
    (401, "InternalServerError", "InternalServerError", 502, ("server_error", "api_error", "UNAVAILABLE")),
    (404, "NotFoundError", "NotFoundError", 404, ("invalid_request_error", "not_found_error", "NOT_FOUND")),
    (429, "RateLimitError", "RateLimitError", 429, ("rate_limit_error", "rate_limit_error", "RESOURCE_EXHAUSTED")),
    (529, "InternalServerError", "OverloadedError", None, ("server_error", "overloaded_error", "UNAVAILABLE")),
])
def test_an_upstreams_error_is_the_sdks_own(connect, talk, wire, stream, status, openai_name, anthropic_name, told, words):
    gateway, upstream = connect(wire)
    upstream.replies(failure(wire, status, f"Sorry, {status} it is.", {"retry-after": "7"} if status == 429 else {}))
    error, got, message, word = raised(talk, lambda: talk(gateway, stream=stream).ask("Hi"))
    told = told or (529 if talk is Messages else 503)
    assert got == told
    assert isinstance(error, kind(talk, openai_name, anthropic_name, told))
    assert word == words[0 if talk in (Chat, Responses) else 1 if talk is Messages else 2]
    # What the upstream says of the gateway's own credentials is nobody else's.
    assert (f"Sorry, {status} it is." in message) == (status != 401)
    assert error.response.headers.get("retry-after") == ("7" if status == 429 else None)
    if status == 429 and talk is Gemini:
        assert error.details["error"]["details"][0]["retryDelay"] == "7s"


@each_client
@pytest.mark.parametrize("key, model, status, openai_name, words", [
    ("sk-bob", "fast", 401, "AuthenticationError", ("invalid_request_error", "authentication_error", "UNAUTHENTICATED")),
    (KEY, "nobody", 404, "NotFoundError", ("invalid_request_error", "not_found_error", "NOT_FOUND")),
])
def test_the_gateways_own_refusal_is_the_sdks_own(connect, talk, key, model, status, openai_name, words):
    gateway, upstream = connect("anthropic")
    error, got, _, word = raised(talk, lambda: talk(gateway, model, key=key).ask("Hi"))
    assert (got, word) == (status, words[0 if talk in (Chat, Responses) else 1 if talk is Messages else 2])
    assert isinstance(error, kind(talk, openai_name, openai_name, status))
    assert upstream.requests == []


@pytest.mark.parametrize("talk", [Messages, Chat, Responses, Gemini], ids=lambda talk: talk.__name__)
@each_wire
def test_an_agent_client_is_told_that_its_prompt_is_too_long(connect, talk, wire):
    gateway, upstream = connect(wire)
    words = {"openai-chat": "This model's maximum context length is 8192 tokens.", "anthropic": "prompt is too long: 210000 tokens > 200000 maximum",
             "gemini": "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576)."}
    upstream.replies(failure(wire, 400, words[wire]))
    error, status, message, _ = raised(talk, lambda: talk(gateway).ask("Hi"))
    assert status == 400
    if talk is Messages:
        assert "prompt is too long" in message
    elif talk is not Gemini:
        assert error.code == "context_length_exceeded"


def unfinished(wire, cut):
    """The first pieces of a stream that breaks: with the connection (`cut`), by a bare end, or by an error of the upstream."""
    turn = [Text("All is lost, all is lost, all is lost.")]
    pieces = {"openai-chat": frames(wire, turn)[:3], "anthropic": frames(wire, turn)[:5], "gemini": frames(wire, turn)[:2]}[wire]
    if cut == "error":
        broken = {"openai-chat": data({"error": {"message": "Sorry, overloaded.", "type": "server_error", "code": 503}}),
                  "anthropic": event({"type": "error", "error": {"type": "overloaded_error", "message": "Sorry, overloaded."}}),
                  "gemini": data({"error": {"code": 503, "message": "Sorry, overloaded.", "status": "UNAVAILABLE"}})}
        pieces.append(broken[wire])
    return Reply.stream(pieces, cut=cut == "cut")


@each_client
@each_wire
@pytest.mark.parametrize("cut", ["cut", "end", "error"])
def test_a_stream_that_breaks_raises_and_never_looks_finished(connect, talk, wire, cut):
    gateway, upstream = connect(wire)
    upstream.replies(unfinished(wire, cut))
    error, _, message, _ = raised(talk, lambda: talk(gateway, stream=True).ask("Hi"))
    if cut == "error":
        assert "Sorry, overloaded." in message
    # On the bytes: what came before the break is there, and no mark of an end.
    path, body = {Chat: ("/v1/chat/completions", {"model": "fast", "stream": True, "messages": [{"role": "user", "content": "Hi"}]}),
                  Responses: ("/v1/responses", {"model": "fast", "stream": True, "input": "Hi"}),
                  Messages: ("/v1/messages", {"model": "fast", "stream": True, "max_tokens": 9, "messages": [{"role": "user", "content": "Hi"}]}),
                  Gemini: ("/v1beta/models/fast:streamGenerateContent?alt=sse", {"contents": [{"parts": [{"text": "Hi"}]}]})}[talk]
    status, _, content = gateway.request("POST", path, body, AUTH)
    assert status == 200
    assert b"All is lost" in content
    for mark in (b"[DONE]", b"message_stop", b"message_delta", b"response.completed", b"response.incomplete", b'"finish_reason":"stop"', b'"finishReason"'):
        assert mark not in content, mark
    gateway.wait_for_log("error=", 2)


# How reasoning is shown


@each_client
@each_wire
@whole_and_streamed
@pytest.mark.parametrize("mode, text, thoughts", [
    ("field", "Hello.", "Hm, 你."), ("think_tags", "<think>Hm, 你.</think>Hello.", ""), ("think_colon", "<think:Hm, 你.>Hello.", ""), ("hide", "Hello.", ""),
])
def test_reasoning_is_shown_as_the_request_says(connect, talk, wire, stream, mode, text, thoughts):
    gateway, upstream = connect(wire)
    upstream.says([Think("Hm, 你.", "" if wire == "gemini" else SIGNATURE), Text("Hello.")])
    answer = talk(gateway, stream=stream, headers={"x-apus-reasoning": mode}).ask("Hi")
    assert (answer.text, answer.thoughts) == (text, thoughts)
    assert answer.usage == (11, 3, 7)


@whole_and_streamed
def test_the_request_goes_before_the_key_and_the_key_before_the_config(connect, stream):
    keys = [{"name": "alice", "key": KEY}, {"name": "bob", "key": "sk-bob", "reasoning": "think_colon"}]
    gateway, upstream = connect("anthropic", keys, {"reasoning": {"output": "think_tags"}})
    upstream.says([Think("Hm.", SIGNATURE), Text("Hello.")])
    assert Chat(gateway, stream=stream).ask("Hi").text == "<think>Hm.</think>Hello."
    assert Chat(gateway, stream=stream, key="sk-bob").ask("Hi").text == "<think:Hm.>Hello."
    shown = Chat(gateway, stream=stream, key="sk-bob", headers={"x-apus-reasoning": "field"}).ask("Hi")
    assert (shown.text, shown.thoughts) == ("Hello.", "Hm.")
    hidden = Messages(gateway, stream=stream, headers={"x-apus-reasoning": "hide"}).ask("Hi")
    assert [block.type for block in hidden.message.content] == ["text"]


@each_client
def test_an_unknown_way_of_reasoning_is_refused(connect, talk):
    gateway, upstream = connect("anthropic")
    _, status, message, _ = raised(talk, lambda: talk(gateway, headers={"x-apus-reasoning": "loud"}).ask("Hi"))
    assert status == 400
    assert "field, think_tags, think_colon, hide" in message
    assert upstream.requests == []


# Losses


def test_the_losses_are_told_in_the_header_and_the_log(connect):
    gateway, upstream = connect("anthropic")
    upstream.says([Text(HELLO)])
    reply = Chat(gateway).client.chat.completions.with_raw_response.create(
        model="fast", messages=[{"role": "user", "content": "Hi"}], seed=4, temperature=1.5, frequency_penalty=1, user="u-1")
    losses = reply.headers["x-apus-losses"].split(",")
    assert sorted(losses) == ["frequency_penalty:dropped", "max_tokens:synthesized", "seed:dropped", "temperature:clamped"]
    body = upstream.requests[0].body
    assert (body["temperature"], body["max_tokens"], body["metadata"]) == (1, 8192, {"user_id": "u-1"})
    gateway.wait_for_log("seed:dropped")
    for stream in (False, True):
        create = Messages(gateway).client.messages.with_raw_response.create
        raw = create(model="fast", max_tokens=9, messages=[{"role": "user", "content": "Hi"}], stream=stream)
        assert "x-apus-losses" not in raw.headers, "the same wire loses nothing"
        raw.close() if hasattr(raw, "close") else None


@whole_and_streamed
def test_losses_of_each_client_carry_its_own_names(connect, stream):
    gateway, upstream = connect("openai-chat", dialect="compatible")
    upstream.says([Text(HELLO)])
    raw = Messages(gateway).client.messages.with_raw_response.create(
        model="fast", max_tokens=9, system=[{"type": "text", "text": "Be kind", "cache_control": {"type": "ephemeral"}}],
        messages=[{"role": "user", "content": "Hi"}], stream=stream, extra_body={"top_k": 5})
    assert sorted(raw.headers["x-apus-losses"].split(",")) == ["system[0].cache_control:dropped", "top_k:dropped"]
    gemini = Gemini(gateway)
    settings = {"safety_settings": [{"category": "HARM_CATEGORY_HARASSMENT", "threshold": "BLOCK_NONE"}], "top_k": 5}
    if stream:
        told = next(gemini.client.models.generate_content_stream(model="fast", contents="Hi", config=settings))
    else:
        told = gemini.client.models.generate_content(model="fast", contents="Hi", config=settings)
    losses = {name.lower(): value for name, value in told.sdk_http_response.headers.items()}["x-apus-losses"]
    assert sorted(losses.split(",")) == ["generationConfig.topK:dropped", "safetySettings:dropped"]


# Other endpoints


def test_tokens_are_counted_by_the_upstream_of_the_same_wire(connect):
    gateway, upstream = connect("anthropic")
    upstream.replies(Reply.json({"input_tokens": 42}))
    raw = Messages(gateway).client.messages.with_raw_response.count_tokens(model="fast", messages=[{"role": "user", "content": "Hi"}])
    assert raw.parse().input_tokens == 42
    assert "x-apus-losses" not in raw.headers
    assert (upstream.requests[0].path, upstream.requests[0].body["model"]) == ("/v1/messages/count_tokens", "up-model")
    gateway, upstream = connect("gemini")
    upstream.replies(Reply.json({"totalTokens": 43}))
    gemini = Gemini(gateway)
    assert gemini.client.models.count_tokens(model="fast", contents="Hi").total_tokens == 43
    assert upstream.requests[0].path == "/v1beta/models/up-model:countTokens"


def test_tokens_are_estimated_where_the_upstream_cant_count_for_the_client(connect):
    gateway, upstream = connect("openai-chat")
    raw = Messages(gateway).client.messages.with_raw_response.count_tokens(model="fast", messages=[{"role": "user", "content": "word " * 400}])
    assert 400 <= raw.parse().input_tokens <= 600
    assert raw.headers["x-apus-losses"] == "input_tokens:estimated"
    gemini = Gemini(gateway)
    counted = gemini.client.models.count_tokens(model="fast", contents="word " * 400)
    assert 400 <= counted.total_tokens <= 600
    assert upstream.requests == []


def test_models_are_listed_in_each_sdks_shape(connect):
    gateway, _ = connect("anthropic")
    assert [model.id for model in Chat(gateway).client.models.list()] == ["fast", "up-model", "up-embed", "apus-demo"]
    client = Messages(gateway).client
    assert [(model.id, model.type) for model in client.models.list()] == [("fast", "model"), ("up-model", "model"), ("apus-demo", "model")]
    assert client.models.list(limit=1).has_more
    assert [model.id for model in client.models.list(limit=1)] == ["fast", "up-model", "apus-demo"], "page by page"
    assert client.models.retrieve("fast").id == "fast"
    gemini = Gemini(gateway)  # kept: the SDK closes a client that nobody holds
    client = gemini.client
    listed = {model.name: model.supported_actions for model in client.models.list()}
    assert list(listed) == ["models/fast", "models/up-model", "models/up-embed", "models/apus-demo"]
    assert "generateContent" in listed["models/fast"] and "batchEmbedContents" in listed["models/up-embed"]
    assert client.models.get(model="fast").name == "models/fast"


@pytest.mark.parametrize("form", ["float", None])
def test_embeddings_of_gemini_for_the_openai_sdk(connect, form):
    gateway, upstream = connect("gemini")
    upstream.replies(Reply.json({"embeddings": [{"values": [0.5, -1.25]}, {"values": [0.25, 2]}]}))
    reply = Chat(gateway).client.embeddings.create(model="up-embed", input=["a", "b"], dimensions=2, **({"encoding_format": form} if form else {}))
    assert [(item.index, item.embedding) for item in reply.data] == [(0, [0.5, -1.25]), (1, [0.25, 2])]
    assert reply.model == "up-embed"
    [request] = upstream.requests
    assert request.path == "/v1beta/models/up-embed:batchEmbedContents"
    assert [(one["model"], one["content"]["parts"], one["outputDimensionality"]) for one in request.body["requests"]] == [
        ("models/up-embed", [{"text": "a"}], 2), ("models/up-embed", [{"text": "b"}], 2)]


def test_embeddings_of_openai_for_the_gemini_sdk(connect):
    gateway, upstream = connect("openai-chat")
    upstream.replies(Reply.json({"object": "list", "model": "up-embed", "usage": {"prompt_tokens": 2, "total_tokens": 2}, "data": [
        {"object": "embedding", "index": 1, "embedding": [0.25, 2]}, {"object": "embedding", "index": 0, "embedding": [0.5, -1.25]}]}))
    gemini = Gemini(gateway)
    reply = gemini.client.models.embed_content(model="up-embed", contents=["a", "b"], config={"output_dimensionality": 2})
    assert [one.values for one in reply.embeddings] == [[0.5, -1.25], [0.25, 2]]
    assert upstream.requests[0].path == "/v1/embeddings"
    assert upstream.requests[0].body["input"] == ["a", "b"]
    assert upstream.requests[0].body["dimensions"] == 2


def test_embeddings_of_gemini_pass_for_the_gemini_sdk(connect):
    gateway, upstream = connect("gemini")
    upstream.replies(Reply.json({"embeddings": [{"values": [0.5, -1.25]}]}))
    gemini = Gemini(gateway)
    assert gemini.client.models.embed_content(model="up-embed", contents="a").embeddings[0].values == [0.5, -1.25]
    assert upstream.requests[0].path == "/v1beta/models/up-embed:batchEmbedContents"
    assert upstream.requests[0].body["requests"][0]["model"] == "models/up-embed"


@pytest.mark.parametrize("wire", ["anthropic", "gemini"])
@whole_and_streamed
def test_completions_are_answered_by_a_chat_model(connect, wire, stream):
    gateway, upstream = connect(wire)
    upstream.says([Text(" upon a time, 你")])
    reply = Chat(gateway).client.completions.create(model="fast", prompt="Once", stream=stream)
    parts = list(reply) if stream else [reply]
    assert "".join(choice.text for part in parts for choice in part.choices) == " upon a time, 你"
    assert parts[-1].choices[0].finish_reason == "stop"
    assert {(part.object, part.model) for part in parts} == {("text_completion", "fast")}
    body = upstream.requests[0].body
    assert heard(wire, body) == [("user", "Once")]
    assert (body["max_tokens"] if wire == "anthropic" else body["generationConfig"]["maxOutputTokens"]) == 16


def test_rerank_in_coheres_shape(connect):
    gateway, upstream = connect("openai-chat", endpoints={"rerank": {"path": "/v2/rerank", "shape": "cohere"}}, models=[{"id": "up-rank", "kind": "rerank"}])
    upstream.replies(Reply.json({"id": "r", "results": [{"index": 1, "relevance_score": 0.9}, {"index": 0, "relevance_score": 0.1}], "meta": {"billed_units": {"search_units": 1}}}))
    status, headers, reply = gateway.post("/v1/rerank", {"model": "up-rank", "query": "q", "documents": ["a", {"text": "b", "own": 1}], "top_n": 2, "return_documents": True}, AUTH)
    assert status == 200
    assert upstream.requests[0].path == "/v1/v2/rerank"
    assert upstream.requests[0].body == {"model": "up-rank", "query": "q", "documents": ["a", "b"], "top_n": 2}
    assert [(one["index"], one["relevance_score"], one["document"]) for one in reply["results"]] == [(1, 0.9, {"text": "b", "own": 1}), (0, 0.1, {"text": "a"})]
    assert (reply["model"], reply["meta"]) == ("up-rank", {"billed_units": {"search_units": 1}})


@each_client
def test_a_model_without_the_endpoint_is_a_clear_400(connect, talk):
    gateway, upstream = connect("anthropic")
    if talk in (Chat, Responses):
        error, status, message, _ = raised(Chat, lambda: Chat(gateway).client.embeddings.create(model="fast", input="x"))
        assert error.code == "unsupported_endpoint"
    else:
        gemini = Gemini(gateway)
        _, status, message, _ = raised(Gemini, lambda: gemini.client.models.embed_content(model="fast", contents="x"))
    assert (status, upstream.requests) == (400, [])
    assert "fast" in message


# Keep-alive


@each_client
@each_wire
def test_a_thinking_upstream_leaves_legal_bytes(connect, talk, wire):
    """The heartbeat stands between two events, in the client's own words; nothing comes on Gemini's wire."""
    gateway, upstream = connect(wire, keep_alive="0.3s")
    turn = [Text("All is well, all is well.")]
    pieces = frames(wire, turn)

    def slowly():
        begin = {"openai-chat": 2, "anthropic": 4, "gemini": 1}[wire]
        yield from pieces[:begin]
        time.sleep(1)
        yield from pieces[begin:]

    upstream.script = lambda request: Reply.stream(slowly())
    assert talk(gateway, stream=True).ask("Hi").text == turn[0].text
    path, body = {Chat: ("/v1/chat/completions", {"model": "fast", "stream": True, "messages": [{"role": "user", "content": "Hi"}]}),
                  Responses: ("/v1/responses", {"model": "fast", "stream": True, "input": "Hi"}),
                  Messages: ("/v1/messages", {"model": "fast", "stream": True, "max_tokens": 9, "messages": [{"role": "user", "content": "Hi"}]}),
                  Gemini: ("/v1beta/models/fast:streamGenerateContent?alt=sse", {"contents": [{"parts": [{"text": "Hi"}]}]})}[talk]
    _, _, content = gateway.request("POST", path, body, AUTH)
    events = content.decode().split("\n\n")
    beat = {Chat: ": keep-alive", Responses: ": keep-alive", Messages: 'event: ping\ndata: {"type": "ping"}'}.get(talk)
    if beat is None:
        assert [one for one in events[:-1] if not one.startswith("data: ")] == []
        assert events[-1] == ""
    else:
        assert beat in events
        assert [one for one in events[:-1] if not one.startswith(("data: ", "event: ")) and one != beat] == []


@each_client
def test_a_heartbeat_does_not_hide_a_dead_upstream(connect, talk):
    gateway, upstream = connect("anthropic", keep_alive="0.2s", timeouts={"idle": "1s"})
    pieces = frames("anthropic", [Text("All is lost.")])
    never = threading.Event()

    def stuck():
        yield from pieces[:4]
        never.wait(15)

    upstream.script = lambda request: Reply.stream(stuck())
    raised(talk, lambda: talk(gateway, stream=True).ask("Hi"))
    never.set()
    gateway.wait_for_log("error=timeout")


# An agent client's own requests


def coding_agent(stream):
    """What a coding agent sends to Messages: a long system prompt with cache marks, twenty tools, thinking, a conversation."""
    tools = [{"name": f"Tool{i}", "description": "Does a thing. " * 60, "input_schema": {
        "$schema": "http://json-schema.org/draft-07/schema#", "type": "object", "additionalProperties": False, "required": ["file_path"],
        "properties": {"file_path": {"type": "string", "description": "An absolute path"}, "limit": {"type": "number", "exclusiveMinimum": 0}}}} for i in range(20)]
    tools[-1]["cache_control"] = {"type": "ephemeral"}
    return {
        "model": "fast", "max_tokens": 32000, "stream": stream, "temperature": 1,
        "system": [{"type": "text", "text": "You are an agent."}, {"type": "text", "text": "Rules, 规则.\n" * 2000, "cache_control": {"type": "ephemeral", "ttl": "1h"}}],
        "thinking": {"type": "enabled", "budget_tokens": 31999}, "metadata": {"user_id": "user_8f_account__session_9"},
        "context_management": {"edits": [{"type": "clear_thinking_20251015", "keep": "all"}]}, "output_config": {"effort": "high"},
        "messages": [
            {"role": "user", "content": [{"type": "text", "text": "<system-reminder>\nToday is Monday.\n</system-reminder>"}, {"type": "text", "text": "Fix it"}]},
            {"role": "assistant", "content": [{"type": "thinking", "thinking": "Read first.", "signature": SIGNATURE}, {"type": "redacted_thinking", "data": "ZGF0YQ=="},
                                              {"type": "tool_use", "id": "toolu_01", "name": "Tool1", "input": {"file_path": "/a", "limit": 1.0}},
                                              {"type": "tool_use", "id": "toolu_02", "name": "Tool2", "input": {}}]},
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "toolu_01", "content": [{"type": "text", "text": "1→x"}]},
                                         {"type": "tool_result", "tool_use_id": "toolu_02", "is_error": True, "content": "no", "cache_control": {"type": "ephemeral"}}]}],
        "tools": tools, "x_new_member": {"b": 1, "a": 2.50},
    }


@whole_and_streamed
def test_a_coding_agents_request_stays_as_it_is_on_its_own_wire(connect, stream):
    gateway, upstream = connect("anthropic")
    turn = [Think("Hm.", SIGNATURE), Text("Done."), Call("toolu_03", "Tool3", {"file_path": "/b"})]
    upstream.says(turn)
    body = json.dumps(coding_agent(stream), indent=1, ensure_ascii=True).replace("2.5", "2.50").encode()
    headers = AUTH | {"anthropic-version": "2023-06-01", "anthropic-beta": "interleaved-thinking-2025-05-14,context-management-2025-06-27", "content-type": "application/json"}
    status, told, content = gateway.request("POST", "/v1/messages?beta=true", body, headers)
    assert status == 200
    assert "x-apus-losses" not in told
    [request] = upstream.requests
    assert request.raw == body.replace(b'"fast"', b'"up-model"')
    assert request.headers["anthropic-beta"] == headers["anthropic-beta"]
    assert request.headers["anthropic-version"] == "2023-06-01"
    assert (request.headers["x-api-key"], request.headers.get("authorization")) == ("up-secret", None)
    # And so does the reply, but for the model's name.
    sent = "".join(frames("anthropic", turn)).encode() if stream else reply("anthropic", turn, False).body
    assert content == sent.replace(b"up-model", b"fast")


# However a name is spelled, what it resolves to decides; ways of writing this machine, and names of private networks.
@pytest.mark.parametrize("host", [
    "127.0.0.1", "localhost", "LOCALHOST.", "x.localhost", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "0.0.0.0", "[::1]", "[::]",
    "[::ffff:127.0.0.1]", "user@127.0.0.1", "metadata", "nas.local", "metadata.google.internal"])
def test_files_of_this_machine_are_not_fetched(connect, upstream, host):
    gateway, model = connect("gemini")
    model.says([Text("Yes.")])
    upstream.replies(Reply(200, {"content-type": "image/gif"}, b"GIF89a"))
    content = [{"type": "image_url", "image_url": {"url": f"http://{host}:{upstream.port}/x.gif?secret"}}]
    status, _, body = gateway.request("POST", "/v1/chat/completions", {"model": "fast", "messages": [{"role": "user", "content": content}]}, AUTH)
    assert (status, json.loads(body)["error"]["code"]) == (400, "unsupported_content")
    assert b"secret" not in body
    assert upstream.requests == [] and model.requests == []


@each_client
@each_wire
@whole_and_streamed
def test_a_providers_own_rules_hold_on_every_wire(connect, talk, wire, stream):
    gateway, upstream = connect(wire, request={"set": {"x_tier": 2}}, models=[{"id": "up-model", "set": {"x_flag": True}}])
    upstream.says([Text("Yes.")])
    assert talk(gateway, stream=stream).ask("Hi").text == "Yes."
    [request] = upstream.requests
    assert (request.body["x_tier"], request.body["x_flag"]) == (2, True)
    assert heard(wire, request.body) == [("user", "Hi")]


@pytest.mark.parametrize("wire", ["openai-chat", "gemini"])
@whole_and_streamed
def test_a_coding_agents_request_is_understood_on_another_wire(connect, wire, stream):
    gateway, upstream = connect(wire)
    upstream.says([Text("Done."), Call("call_9", "Tool3", {"file_path": "/b"})])
    client = Messages(gateway, headers={"anthropic-beta": "interleaved-thinking-2025-05-14"}).client
    body = coding_agent(stream)
    asked = {name: body[name] for name in ("model", "max_tokens", "system", "thinking", "metadata", "messages", "tools")}
    if stream:
        with client.messages.stream(**asked) as events:
            message = events.get_final_message()
    else:
        message = client.messages.create(**asked)
    assert [(block.type) for block in message.content] == ["text", "tool_use"]
    assert (message.content[1].name, message.content[1].input, message.stop_reason) == ("Tool3", {"file_path": "/b"}, "tool_use")
    [request] = upstream.requests
    assert "anthropic-beta" not in request.headers
    sent = request.body
    tools = [tool["function"] for tool in sent["tools"]] if wire == "openai-chat" else sent["tools"][0]["functionDeclarations"]
    assert [tool["name"] for tool in tools] == [f"Tool{i}" for i in range(20)]
    assert {compact(tool["parameters" if wire == "openai-chat" else "parametersJsonSchema"]) for tool in tools} == {compact(body["tools"][0]["input_schema"])}
    assert SIGNATURE not in request.raw.decode()
    results = [block for role, block in heard(wire, sent) if role == "result"] if wire == "openai-chat" else None
    assert results in (None, [("toolu_01", None, "1→x"), ("toolu_02", None, "Error: no")])


# Gemini's array


@pytest.mark.parametrize("wire", WIRES)
def test_a_gemini_stream_without_sse_is_one_array(connect, wire):
    gateway, upstream = connect(wire, keep_alive="0.1s")
    turn = [Text(HELLO * 3)]
    upstream.script = lambda request: Reply.stream(frames(wire, turn), pause=0.15)
    body = {"contents": [{"parts": [{"text": "Hi"}]}]}
    status, headers, content = gateway.request("POST", "/v1beta/models/fast:streamGenerateContent", body, {"x-goog-api-key": KEY})
    assert (status, headers["content-type"]) == (200, "application/json")
    replies = json.loads(content)
    assert "".join(part.get("text", "") for one in replies for c in one["candidates"] for part in c.get("content", {}).get("parts", [])) == turn[0].text
    assert len(replies) > 1
    assert [c["finishReason"] for one in replies for c in one["candidates"] if "finishReason" in c] == ["STOP"]
    assert replies[-1]["usageMetadata"]["promptTokenCount"] == 11
    upstream.replies(unfinished(wire, "cut"))
    _, _, content = gateway.request("POST", "/v1beta/models/fast:streamGenerateContent", body, {"x-goog-api-key": KEY})
    replies = json.loads(content)
    assert replies[-1]["error"]["code"] == 502
    assert "finishReason" not in content.decode()
