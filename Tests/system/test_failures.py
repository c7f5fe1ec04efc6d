"""What happens when an upstream fails: retries, fail-over, and errors that clients understand. Real sockets."""
import json
import socket
import threading
import time

import pytest

from conftest import AUTH, DONE, HELLO, Reply, Upstream, chunk, completion, config, local, until

ASK = {"model": "fast", "messages": [{"role": "user", "content": "Hi"}]}


def error(status, message="no", headers=None, **more):
    return Reply.json({"error": {"message": message, "type": None, "code": None} | more}, status, headers)


@pytest.fixture
def second():
    upstream = Upstream()
    yield upstream
    upstream.stop()


@pytest.fixture
def pair(start, upstream, second):
    """`fast` leads to two upstreams, in order; one try each."""
    return start(config(upstream, providers=[local(upstream, retries=1), local(second, "other", retries=1)],
                        models=[{"id": "fast", "to": ["local/up-model", "other/up-model"]}]))


@pytest.mark.parametrize("reply", [
    error(500), error(502), error(503), error(429), error(401), error(402), error(404), error(403), Reply(status=0),
    Reply(200, {"content-type": "application/json"}, b'{"error":{"message":"overloaded","code":503}}'),
    Reply(200, {"content-type": "text/html"}, b"<html>sorry</html>"), Reply(200, {"content-type": "application/json"}, b""),
])
@pytest.mark.parametrize("stream", [False, True])
def test_the_next_target_answers_when_the_first_fails(pair, upstream, second, reply, stream):
    upstream.replies(reply)
    second.replies(Reply.stream(HELLO) if stream else Reply.json(completion("up-model", "second")))
    status, headers, body = pair.request("POST", "/v1/chat/completions", ASK | {"stream": stream}, AUTH)
    assert status == 200, body
    assert headers["x-apus-provider"] == "other"
    assert len(upstream.requests) >= 1
    assert b"[DONE]" in body if stream else json.loads(body)["choices"][0]["message"]["content"] == "second"


@pytest.mark.parametrize("reply, status, kind, code", [
    (error(400, "bad temperature"), 400, "invalid_request_error", None),
    (error(400, "This model's maximum context length is 8192 tokens"), 400, "invalid_request_error", "context_length_exceeded"),
    (error(413), 413, "invalid_request_error", "request_too_large"),
    (error(400, "blocked", code="content_filter"), 400, "invalid_request_error", "content_filter"),
])
def test_the_clients_own_mistakes_are_final(pair, upstream, second, reply, status, kind, code):
    upstream.replies(reply)
    got, _, body = pair.post("/v1/chat/completions", ASK, AUTH)
    assert (got, body["error"]["type"], body["error"]["code"]) == (status, kind, code)
    assert second.requests == []


@pytest.mark.parametrize("reply, status, kind, code", [
    (error(401, "Incorrect API key provided: sk-abcdefgh12345678"), 502, "server_error", "upstream_authentication_error"),
    (error(402, "Insufficient Balance"), 502, "server_error", "upstream_quota"),
    (error(429, "quota", code="insufficient_quota"), 502, "server_error", "upstream_quota"),
    (error(404, "no such model"), 404, "invalid_request_error", "model_not_found"),
    (error(429, "slow down"), 429, "rate_limit_error", "rate_limit_exceeded"),
    (error(503, "busy"), 503, "server_error", "overloaded"),
    (error(504, "late"), 504, "server_error", "timeout"),
    (error(502, "bad"), 502, "server_error", "upstream_error"),
    (error(500, "oops"), 500, "server_error", None),
    (Reply(502, {"content-type": "text/html"}, b"<h1>nginx secret-host.internal</h1>"), 502, "server_error", "upstream_error"),
    (Reply(status=0), 502, "server_error", "upstream_error"),
])
def test_an_upstreams_error_is_mapped(start, upstream, reply, status, kind, code):
    apus = start(config(upstream, providers=[local(upstream, retries=1)]))
    upstream.replies(reply)
    got, headers, body = apus.post("/v1/chat/completions", ASK, AUTH)
    assert (got, body["error"]["type"], body["error"]["code"]) == (status, kind, code)
    assert "sk-abcdefgh" not in json.dumps(body) and "secret-host" not in json.dumps(body)
    assert headers["x-apus-id"]


def test_a_refused_connection_is_502_and_fails_over(start, upstream):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        dead = local(upstream, "dead", base_url=f"http://127.0.0.1:{closed.getsockname()[1]}/v1", retries=1)
        apus = start(config(upstream, providers=[dead, local(upstream)], models=[{"id": "fast", "to": ["dead/up-model", "local/up-model"]}]))
        assert apus.post("/v1/chat/completions", ASK, AUTH)[0] == 200
        status, _, body = apus.post("/v1/chat/completions", ASK | {"model": "dead/up-model"}, AUTH)
        assert (status, body["error"]["code"]) == (502, "upstream_error")


def test_a_target_gets_three_tries_by_itself(gateway, upstream):
    upstream.replies(error(500), error(503), Reply.json(completion("up-model")))
    assert gateway.post("/v1/chat/completions", ASK, AUTH)[0] == 200
    assert len(upstream.requests) == 3
    upstream.requests.clear()
    upstream.replies(error(500))
    assert gateway.post("/v1/chat/completions", ASK, AUTH)[0] == 500
    assert len(upstream.requests) == 3


def test_a_short_rate_limit_is_waited_for_and_a_long_one_is_told(gateway, upstream):
    upstream.replies(error(429, headers={"retry-after": "1"}), Reply.json(completion("up-model")))
    assert gateway.post("/v1/chat/completions", ASK, AUTH)[0] == 200
    upstream.requests.clear()
    upstream.replies(error(429, headers={"retry-after": "60"}))
    status, headers, _ = gateway.post("/v1/chat/completions", ASK, AUTH)
    assert (status, headers["retry-after"], len(upstream.requests)) == (429, "60", 1)


def test_keys_of_one_provider_take_turns_and_a_refused_one_is_skipped(start, upstream):
    upstream.script = lambda r: error(401) if r.headers["authorization"] == "Bearer bad" else Reply.json(completion("up-model"))
    apus = start(config(upstream, providers=[local(upstream, key=["bad", "good"])]))
    for _ in range(4):
        assert apus.post("/v1/chat/completions", ASK, AUTH)[0] == 200
    assert {r.headers["authorization"] for r in upstream.requests} == {"Bearer bad", "Bearer good"}


def test_an_upstream_that_is_silent_is_a_timeout(start, upstream):
    upstream.replies(Reply(wait=lambda: time.sleep(3)))
    apus = start(config(upstream, providers=[local(upstream, retries=1, timeouts={"first_byte": "300ms"})]))
    status, _, body = apus.post("/v1/chat/completions", ASK, AUTH)
    assert (status, body["error"]["code"]) == (504, "timeout")


def stream(apus):
    return apus.request("POST", "/v1/chat/completions", ASK | {"stream": True}, AUTH)


def test_an_error_before_the_first_useful_byte_is_a_real_status(start, upstream):
    apus = start(config(upstream, providers=[local(upstream, retries=1)]))
    upstream.replies(Reply.stream([": hello\n\n", chunk({"role": "assistant", "content": ""}), 'data: {"error":{"message":"overloaded","code":503}}\n\n']))
    status, headers, body = stream(apus)
    assert (status, headers["content-type"]) == (503, "application/json")
    assert json.loads(body)["error"]["code"] == "overloaded"


@pytest.mark.parametrize("pieces, cut", [
    ([chunk({"content": "Hel"}), 'data: {"error":{"message":"broke","type":"server_error"}}\n\n'], False),
    ([chunk({"content": "Hel"})], False),  # ends without finish and without an end mark
    ([chunk({"content": "Hel"})], True),
    ([chunk({"content": "Hel"}), "data: {\"id\":"], False),
])
def test_after_the_first_byte_an_error_event_ends_the_stream_without_done(gateway, upstream, pieces, cut):
    upstream.replies(Reply.stream(pieces, cut=cut))
    status, _, body = stream(gateway)
    events = [e for e in body.decode().split("\n\n") if e]
    assert status == 200
    assert '"Hel"' in events[0]
    assert json.loads(events[-1].removeprefix("data: "))["error"]["message"]
    assert b"[DONE]" not in body and b'"finish_reason":"stop"' not in body
    assert len(upstream.requests) == 1


def test_a_broken_stream_is_tried_again_while_nothing_useful_was_sent(gateway, upstream):
    upstream.replies(Reply.stream([chunk({"role": "assistant"})], cut=True), Reply.stream(HELLO))
    status, _, body = stream(gateway)
    assert status == 200 and b"[DONE]" in body and len(upstream.requests) == 2


def test_a_client_that_leaves_cancels_its_upstream(gateway, upstream):
    def endless():
        while True:
            yield chunk({"content": "x" * 100})

    upstream.replies(Reply.stream(endless(), pause=0.01))
    body = json.dumps(ASK | {"stream": True}).encode()
    with socket.create_connection(("127.0.0.1", gateway.port)) as s:
        s.sendall(b"POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer sk-alice\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
        s.recv(1000)
    upstream.gone.get(timeout=10)
    gateway.wait_for_log("status=499")


def test_a_client_that_leaves_while_nothing_has_come_cancels_too(gateway, upstream):
    asked = threading.Event()

    def waiting():
        asked.set()
        for _ in range(1000):
            time.sleep(0.01)
            yield ": wait\n\n"

    upstream.replies(Reply.stream(waiting()))
    body = json.dumps(ASK | {"stream": True}).encode()
    with socket.create_connection(("127.0.0.1", gateway.port)) as s:
        s.sendall(b"POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer sk-alice\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
        asked.wait(10)
    upstream.gone.get(timeout=10)


def test_with_drain_the_upstream_is_read_to_its_end(start, upstream):
    sent = threading.Event()

    def slow():
        yield chunk({"content": "a"})
        sent.wait(10)
        yield chunk({"content": "b"}, "stop")
        yield DONE

    upstream.replies(Reply.stream(slow()))
    apus = start(config(upstream, keys=[{"name": "alice", "key": "sk-alice", "on_disconnect": "drain"}]))
    body = json.dumps(ASK | {"stream": True}).encode()
    with socket.create_connection(("127.0.0.1", apus.port)) as s:
        s.sendall(b"POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer sk-alice\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
        s.recv(1000)
    time.sleep(0.2)
    sent.set()
    apus.wait_for_log("finish=stop")
    assert upstream.gone.empty()


def test_a_slow_reader_pauses_its_upstream_and_loses_nothing(gateway, upstream):
    count, text = 3000, "y" * 20000
    sent = []

    def big():
        for number in range(count):
            sent.append(number)
            yield chunk({"content": f"{number}:{text}"})
        yield chunk({}, "stop")
        yield DONE

    upstream.replies(Reply.stream(big()))
    body = json.dumps(ASK | {"stream": True}).encode()
    with socket.create_connection(("127.0.0.1", gateway.port)) as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16384)
        s.sendall(b"POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nConnection: close\r\nAuthorization: Bearer sk-alice\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
        first = s.recv(1000)
        last = -1
        while last != len(sent):  # until the upstream stands still
            last = len(sent)
            time.sleep(0.3)
        assert last < count, "60 MB went into buffers"
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)  # from now on a fast reader
        pieces = [first]
        while piece := s.recv(65536):
            pieces.append(piece)
        whole = b"".join(pieces)
    assert b"[DONE]" in whole and whole.count(text.encode()) >= count - 30  # chunk borders may cut a few
    assert len(sent) == count


def test_a_reply_of_an_upstream_that_only_streams_is_folded(start, upstream):
    apus = start(config(upstream, providers=[local(upstream, request={"stream": "always"})]))
    upstream.replies(Reply.stream(HELLO))
    status, headers, body = apus.post("/v1/chat/completions", ASK, AUTH)
    assert status == 200 and headers["content-type"] == "application/json"
    assert (body["object"], body["model"]) == ("chat.completion", "fast")
    assert body["choices"][0]["message"]["content"] == "Hello!"
    assert body["choices"][0]["finish_reason"] == "stop" and body["usage"]["total_tokens"] == 5
    assert upstream.requests[0].body["stream"] is True


def test_a_whole_reply_to_a_client_that_wants_a_stream_is_cut_into_events(gateway, upstream):
    upstream.replies(Reply.json(completion("up-model", "all at once")))
    status, headers, body = stream(gateway)
    assert status == 200 and headers["content-type"].startswith("text/event-stream")
    assert b"all at once" in body and body.endswith(b"data: [DONE]\n\n")


def test_the_edgeone_demo_streams_always_and_tells_its_daily_limit(start, upstream):
    apus = start({"providers": [{"name": "edgeone", "origin": upstream.url.removesuffix("/v1")}]})
    ask = {"model": "edgeone/deepseek-chat", "messages": [{"role": "user", "content": [{"type": "text", "text": "Hi"}]}], "temperature": 0.5}
    upstream.replies(Reply.stream([": keep-alive\n\n", chunk({"content": "你好"}, model="deepseek-chat")]))
    status, headers, body = apus.post("/v1/chat/completions", ask)
    assert (status, body["choices"][0]["message"]["content"]) == (200, "你好"), body
    assert (upstream.requests[0].path, upstream.requests[0].body["messages"]) == ("/api/ai", [{"role": "user", "content": "Hi"}])
    assert "temperature:dropped" in headers["x-apus-losses"]
    upstream.requests.clear()
    upstream.replies(Reply.json({"error": "Daily usage limit exceeded.", "remaining": 0}, 400))
    status, headers, body = apus.post("/v1/chat/completions", ask)
    assert (status, body["error"]["code"], body["error"]["remaining"]) == (429, "quota_exceeded", 0)
    assert headers["x-should-retry"] == "false"
    assert len(upstream.requests) == 1
