"""The port itself: bodies, limits, who may call. What is malformed is in test_strict.py."""
import json
import re
import socket

import pytest

from conftest import AUTH, Reply, config, until

@pytest.fixture
def open_gateway(start):
    return start()


def test_requests_in_one_packet_are_answered_in_order(open_gateway):
    ask = b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"
    last = b"GET /nothing HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    reply = open_gateway.raw(ask * 20 + last)
    assert re.findall(rb"HTTP/1\.1 (\d+)", reply) == [b"200"] * 20 + [b"404"]


def test_a_request_with_its_end_in_one_packet_is_answered(open_gateway):
    assert open_gateway.raw(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n", end=True).startswith(b"HTTP/1.1 200")
    assert open_gateway.raw(b"GET /health HTTP/1.0\r\n\r\n").endswith(b'{"status":"ok"}')


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_over_the_limit_is_413_although_the_client_goes_on_sending(start, upstream, chunked):
    apus = start(config(upstream, server={"limits": {"body": "64KiB"}}))
    body = b'{"model":"fast","messages":[{"role":"user","content":"' + b"x" * 300_000 + b'"}]}'
    head = b"POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer sk-alice\r\n"
    if chunked:
        data = head + b"Transfer-Encoding: chunked\r\n\r\n" + b"".join(b"%x\r\n%s\r\n" % (len(p), p) for p in (body[i:i + 5000] for i in range(0, len(body), 5000))) + b"0\r\n\r\n"
    else:
        data = head + b"Content-Length: %d\r\n\r\n%s" % (len(body), body)
    reply = apus.raw(data)
    assert reply.startswith(b"HTTP/1.1 413 ")
    assert json.loads(reply.split(b"\r\n\r\n", 1)[1])["error"]["code"] == "request_too_large"
    assert upstream.requests == []


def test_a_chunked_body_and_100_continue_work(gateway, upstream):
    body = b'{"model":"fast","messages":[{"role":"user","content":"Hi"}]}'
    head = b"POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nConnection: close\r\nAuthorization: Bearer sk-alice\r\n"
    reply = gateway.raw(head + b"Transfer-Encoding: chunked\r\n\r\n" + b"".join(b"1\r\n%c\r\n" % c for c in body) + b"0\r\n\r\n")
    assert reply.startswith(b"HTTP/1.1 200")
    with socket.create_connection(("127.0.0.1", gateway.port), 10) as s:
        s.sendall(head + b"Expect: 100-continue\r\nContent-Length: %d\r\n\r\n" % len(body))
        assert s.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        s.sendall(body)
        assert s.recv(100).startswith(b"HTTP/1.1 200")


def test_heads_and_connections_have_limits(start):
    apus = start({"server": {"loops": 1, "limits": {"head": "1KiB", "head_timeout": "300ms", "idle": "500ms", "connections": 2}}})
    assert apus.raw(b"GET /health HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * 2000).startswith(b"HTTP/1.1 431 ")
    assert apus.raw(b"GET /health HTTP/1.1\r\nHos").startswith(b"HTTP/1.1 408 ")
    assert apus.raw(b"") == b""  # idle
    a, b = (socket.create_connection(("127.0.0.1", apus.port)) for _ in range(2))
    # The third waits until one of the two has left or was idle for too long.
    assert apus.raw(b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").startswith(b"HTTP/1.1 200")
    a.close()
    b.close()


@pytest.mark.parametrize("path, method, status, code", [
    ("/v1/chat/completions", "GET", 405, "method_not_allowed"), ("/v1/models", "POST", 405, "method_not_allowed"),
    ("/v1/nothing", "GET", 404, "unknown_url"), ("/", "GET", 404, "unknown_url"), ("/v1/models/nobody", "GET", 404, "model_not_found"),
    ("/v1/chat/completions/", "POST", 404, "unknown_url"), ("//v1/models", "GET", 404, "unknown_url"), ("/V1/models", "GET", 404, "unknown_url"),
])
def test_paths_and_methods(gateway, path, method, status, code):
    got, headers, body = gateway.request(method, path, headers=AUTH)
    assert (got, json.loads(body)["error"]["code"]) == (status, code)
    if status == 405:
        assert headers["allow"] == ("POST" if method == "GET" else "GET, HEAD")


@pytest.mark.parametrize("body, code, param", [
    (b"", "invalid_json", None), (b"{", "invalid_json", None), (b'{"a":1,}', "invalid_json", None), (b"[]", "invalid_type", None), (b"null", "invalid_type", None),
    (b'{"model":"fast"}', "missing_required_field", "messages"), (b'{"messages":[]}', "missing_required_field", "model"),
    (b'{"model":1,"messages":[{"role":"user","content":"x"}]}', "invalid_type", "model"),
    (b'{"model":"fast","messages":"x"}', "invalid_type", "messages"),
    (b'{"model":"fast","messages":[1]}', "invalid_type", "messages[0]"),
    (b'{"model":"fast","messages":[{"role":"user","content":"x"},{"role":7,"content":"x"}]}', "invalid_type", "messages[1].role"),
    (b'{"model":"fast","messages":[{"role":"user","content":[{"type":"text","text":5}]}]}', "invalid_type", "messages[0].content[0].text"),
    (b'{"model":"fast","messages":[{"role":"user","content":"x"}],"stream":"yes"}', "invalid_type", "stream"),
    (b'{"model":"fast","messages":[{"role":"user","content":"x"}],"temperature":"hot"}', "invalid_type", "temperature"),
])
def test_a_body_that_is_wrong_is_told_with_its_place(gateway, upstream, body, code, param):
    status, _, reply = gateway.request("POST", "/v1/chat/completions", body, AUTH)
    error = json.loads(reply)["error"]
    assert (status, error["type"], error["code"]) == (400, "invalid_request_error", code), error
    if code == "invalid_json":
        assert re.search(r"line \d+, column \d+", error["message"])
    else:
        assert error["param"] == param
    assert upstream.requests == []


@pytest.mark.parametrize("carrier", [
    {"authorization": "Bearer sk-alice"}, {"authorization": "bearer sk-alice"}, {"x-api-key": "sk-alice"}, {"x-goog-api-key": "sk-alice"}, "?key=sk-alice", "?a=b&key=sk%2Dalice",
])
def test_each_carrier_brings_a_key(gateway, carrier):
    path, headers = ("/v1/models" + carrier, {}) if isinstance(carrier, str) else ("/v1/models", carrier)
    assert gateway.request("GET", path, headers=headers)[0] == 200


@pytest.mark.parametrize("key", ["", "sk-alic", "sk-alice2", "SK-ALICE", " sk-alice x", "' OR 1=1 --", "x" * 20000, "sk-alice\u00e9"])
def test_no_other_key_is_let_in(gateway, key):
    for headers in ({"authorization": "Bearer " + key}, {"x-api-key": key}, {"x-goog-api-key": key}):
        headers = {n: v.encode("utf-8") for n, v in headers.items()}
        assert gateway.request("GET", "/v1/models", headers=headers)[0] == 401
    assert gateway.request("GET", "/metrics")[0] == 401
    assert gateway.request("GET", "/health")[0] == 200


def test_a_key_sees_and_uses_only_its_models(start, upstream):
    apus = start(config(upstream, keys=[{"name": "bob", "key": "sk-bob", "models": ["fast"]}]))
    auth = {"authorization": "Bearer sk-bob"}
    assert [m["id"] for m in json.loads(apus.request("GET", "/v1/models", headers=auth)[2])["data"]] == ["fast"]
    ask = {"messages": [{"role": "user", "content": "x"}]}
    assert apus.post("/v1/chat/completions", ask | {"model": "fast"}, auth)[0] == 200
    for model in ("up-model", "local/up-model", "local/other", "apus-demo", "demo/apus-demo"):
        status, _, body = apus.post("/v1/chat/completions", ask | {"model": model}, auth)
        assert (status, body["error"]["code"]) == (403, "permission_denied")
        assert apus.request("GET", "/v1/models/" + model, headers=auth)[0] == 404


@pytest.mark.parametrize("headers, status", [
    ({}, 200), ({"host": "localhost:1"}, 200), ({"host": "[::1]:99"}, 200), ({"host": "evil.example"}, 403), ({"host": "127.0.0.1.evil.example"}, 403),
    ({"host": "localhost.evil.example"}, 403), ({"host": "192.168.1.2"}, 403), ({"origin": "https://evil.example"}, 403), ({"origin": "null"}, 403),
    ({"origin": "http://localhost:3000"}, 403), ({"sec-fetch-site": "cross-site"}, 403), ({"sec-fetch-site": "same-origin"}, 200),
])
def test_without_keys_no_web_page_gets_in(open_gateway, headers, status):
    assert open_gateway.request("GET", "/v1/models", headers=headers)[0] == status
    if "origin" in headers:
        assert open_gateway.request("GET", "/v1/models", headers={"host": f"127.0.0.1:{open_gateway.port}", "origin": open_gateway.url})[0] == 200


def test_a_listed_page_gets_in_with_cors(start):
    apus = start({"server": {"cors": ["https://app.example"]}})
    page = {"origin": "https://app.example", "sec-fetch-site": "cross-site"}
    status, headers, _ = apus.request("OPTIONS", "/v1/chat/completions", headers=page | {"access-control-request-method": "POST", "access-control-request-headers": "authorization,content-type"})
    assert (status, headers["access-control-allow-origin"], headers["access-control-allow-headers"]) == (204, "https://app.example", "authorization,content-type")
    status, headers, _ = apus.request("GET", "/v1/models", headers=page)
    assert (status, headers["access-control-allow-origin"]) == (200, "https://app.example")
    assert apus.request("GET", "/v1/models", headers={"origin": "https://other.example"})[0] == 403


def test_secrets_appear_in_no_log_reply_or_metric(start, upstream):
    apus = start(config(upstream, keys=[{"name": "alice", "key": "sk-canary-client"}], providers=[{"name": "local", "wire": "openai-chat", "base_url": upstream.url, "key": "sk-canary-upstream", "models": ["up-model"]}],
                        log={"level": "debug"}))
    ask = {"model": "fast", "messages": [{"role": "user", "content": "canary-prompt"}]}
    upstream.replies(Reply.json({"error": {"message": "bad key sk-canary-upstream"}}, 401), Reply.json({"error": {"message": "sk-canary-upstream is bad"}}, 400), Reply(status=0))
    seen = b""
    for headers in ({"authorization": "Bearer sk-canary-client"}, {"x-api-key": "sk-canary-client"}, {"authorization": "Bearer sk-canary-wrong", "cookie": "canary-cookie"}):
        for path in ("/v1/chat/completions", "/v1/chat/completions?key=sk-canary-query"):
            status, head, body = apus.request("POST", path, ask, headers)
            seen += body + str(head).encode()
    seen += apus.request("GET", "/metrics", headers={"x-api-key": "sk-canary-client"})[2]
    assert upstream.requests[0].headers["authorization"] == "Bearer sk-canary-upstream"
    apus.stop()
    assert b"canary" not in seen
    assert "canary" not in apus.log()
