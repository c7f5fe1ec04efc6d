"""The proxy by path: what must pass unchanged, when, and what becomes of trouble. The upstreams speak bytes."""
import concurrent.futures
import gzip
import hashlib
import json
import os
import random
import threading
import time

import pytest

import speech
from conftest import AUTH, Upstream, until
from h2peer import H2Upstream
from rawpeer import RawClient, RawUpstream, chunked

HOST = "api.test.example"


@pytest.fixture
def far():
    upstream = RawUpstream()
    yield upstream
    upstream.stop()


@pytest.fixture
def near(start, far):
    """A gateway with a key, and one domain that leads to the upstream."""
    return start(passing(far))


def passing(far, **more):
    return {"server": {"loops": 1}, "keys": [{"name": "alice", "key": "sk-alice"}], "proxy": {"allow": {HOST: {"origin": far.url}}}} | more


def request(method=b"GET", target=b"/x", *fields, body=b"", key=True):
    """A request to the domain, as bytes."""
    lines = [b"%s /%s%s HTTP/1.1" % (method, HOST.encode(), target), b"Host: here", *fields]
    if key:
        lines.append(b"Authorization: Bearer sk-alice")
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


def without_own(fields):
    return [(name, value) for name, value in fields if not name.lower().startswith(b"x-apus-")]


# Unchanged


def test_a_request_goes_up_as_it_came(near, far):
    fields = [b"User-Agent: x/1 (y)", b"X-Odd-CASE: 1", b"x-odd-case: 2", b"Accept-Encoding: gzip, br;q=0.5", b"anthropic-version: 2023-06-01",
              b"anthropic-beta: a,b", b"X-Forwarded-For: 192.0.2.1", b"Forwarded: for=192.0.2.1", b"Via: 1.1 before", b"X-Latin: caf\xe9",
              b"Content-Type: multipart/form-data; boundary=\"--\"", b"Cookie: a=b; c=\"d\"", b"X-Empty:", b"Origin: https://page.example"]
    with RawClient(near.port) as client:
        client.ask(request(b"PATCH", b"//a/./b%2Fc%zz;d?x=%3A&y=/../z&&k=+&?", *fields, b"Connection: keep-alive, X-Gone", b"X-Gone: 1", b"TE: trailers",
                           b"Keep-Alive: timeout=5", b"Proxy-Authorization: Basic eA==", b"Content-Length: 3", body=b"\x00\xff\n"))
    got = far.requests[0]
    assert got.line == b"PATCH //a/./b%2Fc%zz;d?x=%3A&y=/../z&&k=+&? HTTP/1.1"
    wanted = [b"Host: 127.0.0.1:%d" % far.port, *fields, b"Content-Length: 3"]
    assert got.raw == b"\r\n".join([got.line] + [w if w != b"X-Empty:" else b"X-Empty: " for w in wanted]) + b"\r\n\r\n"
    assert got.body == b"\x00\xff\n"


def test_a_reply_comes_back_as_it_was(near, far):
    head = (b"HTTP/1.1 418 Whatever\r\nDate: Tue, 01 Jan 2030 00:00:00 GMT\r\nServer: far\r\nX-Request-ID: r1\r\nretry-after: 7\r\nX-B: 1\r\nx-b: 2\r\n"
            b"Set-Cookie: a=b; Path=/\r\nSet-Cookie: c=d\r\nVary: Origin\r\nAccess-Control-Allow-Origin: *\r\nContent-Length: 3\r\n"
            b"Content-Type: application/x-odd\r\nX-Latin: caf\xe9\r\nAlt-Svc: clear")
    far.script = lambda request, s: head + b"\r\nConnection: X-Hop\r\nX-Hop: 1\r\nKeep-Alive: timeout=9\r\nX-Apus-Id: mine\r\n\r\n\x00\xff\n"
    with RawClient(near.port) as client:
        reply = client.ask(request())
    assert reply.status == 418 and reply.body == b"\x00\xff\n"
    wanted = [tuple(line.split(b": ", 1)) for line in head.split(b"\r\n")[1:]]
    assert without_own(reply.fields) == wanted
    assert reply[b"x-apus-provider"] == HOST.encode() and len(reply[b"x-apus-id"]) == 26


@pytest.mark.parametrize("method", [b"GET", b"POST", b"PUT", b"PATCH", b"DELETE", b"OPTIONS", b"QUERY", b"MKCOL", b"get"])
def test_every_method_passes(near, far, method):
    with RawClient(near.port) as client:
        assert client.ask(request(method)).body == b"ok"
    assert far.requests[0].line == method + b" /x HTTP/1.1"


@pytest.mark.parametrize("status", [200, 201, 204, 206, 301, 302, 303, 304, 307, 308, 400, 401, 403, 404, 407, 409, 422, 429, 500, 503, 529, 599])
def test_every_status_passes_and_nothing_is_followed_or_tried_again(near, far, status):
    other = RawUpstream()
    body = b"" if status in (204, 304) else b"{}"
    length = b"" if status == 204 else b"Content-Length: 2\r\n"
    far.script = lambda request, s: b"HTTP/1.1 %d X\r\nLocation: %s/y\r\n%s\r\n%s" % (status, other.url.encode(), length, body)
    with RawClient(near.port) as client:
        for _ in range(2):
            reply = client.ask(request())
            assert (reply.status, reply[b"location"], reply.body) == (status, other.url.encode() + b"/y", body)
            assert (reply[b"content-length"] is None) == (status == 204)
    assert len(far.requests) == 2 and other.connections == 0
    other.stop()


def test_head_keeps_the_length_that_get_would_have(near, far):
    far.script = lambda request, s: b"HTTP/1.1 200 OK\r\nContent-Length: 1234567\r\n\r\n"
    with RawClient(near.port) as client:
        for _ in range(2):
            assert client.ask(request(b"HEAD"), is_bodiless=True)[b"content-length"] == b"1234567"


def test_interim_replies_and_trailers_pass_both_ways(near, far):
    far.script = lambda request, s: (
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n"
        + chunked(b"abc", trailers=b"X-Sum: 7\r\nx-Other: 8\r\n"))
    with RawClient(near.port) as client:
        reply = client.ask(request(b"POST", b"/x", b"Transfer-Encoding: chunked", b"Trailer: X-Up",
                                   body=chunked(b"de", b"f", trailers=b"X-Up: 1\r\nAuthorization: Bearer sk-alice\r\n")))
    assert [(i.status, i.fields) for i in reply.interim] == [(103, [(b"Link", b"</a>")])]
    assert (reply.body, reply.trailers, reply[b"trailer"]) == (b"abc", [(b"X-Sum", b"7"), (b"x-Other", b"8")], b"X-Sum")
    got = far.requests[0]
    assert (got.body, got.trailers, got[b"trailer"]) == (b"def", [(b"X-Up", b"1")], b"X-Up")


def test_the_gateway_itself_lets_a_body_come(near, far):
    with RawClient(near.port) as client:
        client.send(request(b"POST", b"/x", b"Expect: 100-continue", b"Content-Length: 3"))
        assert client.until(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        assert client.ask(b"abc").body == b"ok"
    assert far.requests[0].body == b"abc" and far.requests[0][b"expect"] is None


def bodies(count):
    """Bodies of every kind, each with its fields."""
    rng = random.Random(4)
    odd = [b'{"a":1,"a":2}', b' [1.0e0 , -0, 1E+2]\n', b'{"\\ud800":"\\u0000"}', b'{"x":"\xff\xfe"}', b"\xef\xbb\xbf{}", b"nul", b"", b"\r\n\r\n", b"0\r\n\r\n",
           b'{"model":"m","stream":true}', "{\"文\":\"字\u2028\"}".encode(), b"data: x\n\n", b"[" * 500]
    for number in range(count):
        kind = number % 5
        if kind == 0:
            yield b"application/json", b"", odd[number // 5 % len(odd)] * rng.randrange(1, 4)
        elif kind == 1:
            yield b"application/octet-stream", b"", rng.randbytes(rng.randrange(3000))
        elif kind == 2:
            part = b'--b\r\nContent-Disposition: form-data; name="f"; filename="\xe2\x80\xa8"\r\n\r\n' + rng.randbytes(rng.randrange(500)) + b"\r\n"
            yield b'multipart/form-data; boundary="b"', b"", part * rng.randrange(3) + b"--b--"
        elif kind == 3:
            yield b"application/json", b"Content-Encoding: gzip\r\n", gzip.compress(rng.randbytes(rng.randrange(300)), 1)
        else:
            yield b"text/event-stream", b"", rng.randbytes(rng.choice([0, 1, 65535, 65536, 65537, 100]) if number % 100 == 4 else 10)


def test_ten_thousand_bodies_pass_byte_for_byte_both_ways(near, far):
    def echo(request, s):
        head = b"HTTP/1.1 200 OK\r\nContent-Type: %s\r\nX-Number: %s\r\n" % (request[b"content-type"], request[b"x-number"])
        if coding := request[b"content-encoding"]:
            head += b"Content-Encoding: %s\r\n" % coding
        if int(request[b"x-number"]) % 2:
            return head + b"Content-Length: %d\r\n\r\n" % len(request.body) + request.body
        half = len(request.body) // 2
        return head + b"Transfer-Encoding: chunked\r\n\r\n" + chunked(request.body[:half], request.body[half:])

    far.script = echo
    work = list(enumerate(bodies(10_000)))

    def run(part):
        wrong = 0
        with RawClient(near.port) as client:
            for start in range(0, len(part), 10):  # ten at a time on the connection
                batch = part[start:start + 10]
                for number, (kind, coding, body) in batch:
                    framed = b"Content-Length: %d\r\n\r\n%s" % (len(body), body) if number % 3 else b"Transfer-Encoding: chunked\r\n\r\n" + chunked(body[:7], body[7:])
                    client.send(b"POST /%s/e HTTP/1.1\r\nHost: a\r\nX-Api-Key: sk-alice\r\nX-Number: %d\r\nContent-Type: %s\r\n%s%s" % (
                        HOST.encode(), number, kind, coding, framed))
                for number, (kind, coding, body) in batch:
                    reply = client.message(is_reply=True)
                    wrong += not (reply.body == body and reply.is_whole and reply[b"content-type"] == kind and int(reply[b"x-number"]) == number
                                  and (reply[b"content-encoding"] or b"") == (b"gzip" if coding else b"") and reply.status == 200)
        return wrong

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(run, [work[i::4] for i in range(4)])) == 0
    # The upstream had what the clients had: its own sums over all, in any order.
    assert sorted(hashlib.md5(r.body).digest() for r in far.requests) == sorted(hashlib.md5(b).digest() for _, (_, _, b) in work)
    assert far.connections <= 8


# When


@pytest.mark.parametrize("kind", [b"text/event-stream", b"application/octet-stream", b"application/json", None])
@pytest.mark.parametrize("framing", ["chunked", "length", "close"])
def test_every_piece_leaves_when_it_arrives(near, far, kind, framing):
    seen = threading.Semaphore(0)

    def script(request, s):
        head = b"HTTP/1.1 200 OK\r\n" + (b"Content-Type: %s\r\n" % kind if kind else b"")
        head += {"chunked": b"Transfer-Encoding: chunked\r\n", "length": b"Content-Length: 15\r\n", "close": b""}[framing]
        s.sendall(head + b"\r\n")
        for number in range(5):
            assert seen.acquire(timeout=10)  # the client has what came before
            s.sendall(b"3\r\n<%d>\r\n" % number if framing == "chunked" else b"<%d>" % number)
        if framing == "chunked":
            s.sendall(b"0\r\n\r\n")
        return False

    far.script = script
    with RawClient(near.port) as client:
        client.send(request())
        head = client.head()
        seen.release()
        for number in range(5):
            client.until(b"<%d>" % number)
            seen.release()
        assert head.status == 200
        assert (head[b"content-length"] == b"15") == (framing == "length")
        assert client.until(b"0\r\n\r\n") is not None if framing != "length" else True


def memory(apus):
    """The most memory that the program had, in KiB."""
    return int(next(line for line in open(f"/proc/{apus.process.pid}/status") if line.startswith("VmHWM")).split()[1])


@pytest.mark.parametrize("framing", ["chunked", "length"])
@pytest.mark.parametrize("record,most", [("off", 16 << 10), ({}, 96 << 10)])  # KiB; of a long reply its first 8 MiB are recorded
def test_a_large_download_waits_for_its_reader_and_never_sits_in_memory(start, far, framing, record, most):
    near = start(passing(far, record=record))
    size, piece = 96 << 20, os.urandom(1 << 20)
    sent = [0]

    def script(request, s):
        s.sendall(b"HTTP/1.1 200 OK\r\n" + (b"Transfer-Encoding: chunked\r\n\r\n" if framing == "chunked" else b"Content-Length: %d\r\n\r\n" % size))
        for _ in range(size >> 20):
            s.sendall(b"%x\r\n%s\r\n" % (len(piece), piece) if framing == "chunked" else piece)
            sent[0] += len(piece)
        return b"0\r\n\r\n" if framing == "chunked" else None

    far.script = script
    before = memory(near)
    with RawClient(near.port) as client:
        client.send(request())
        assert client.head().status == 200
        # It comes to a stop: what was sent doesn't grow while nobody reads.
        last = -1
        while last != sent[0]:
            last = sent[0]
            time.sleep(0.3)
        assert 0 < sent[0] < 32 << 20
        digest, count = hashlib.md5(), 0
        if framing == "length":
            while count < size:
                data = client.count(min(1 << 18, size - count))
                digest.update(data)
                count += len(data)
        else:
            while (length := int(client.until(b"\r\n"), 16)) > 0:
                digest.update(client.count(length + 2)[:-2])
    assert digest.digest() == hashlib.md5(piece * (size >> 20)).digest()
    assert memory(near) - before < most


# Limits and trouble


@pytest.mark.parametrize("limit", [None, 1000])
def test_a_body_over_the_limit_is_refused_with_and_without_a_length(start, far, limit):
    apus = start(passing(far) if limit is None else passing(far, server={"limits": {"body": limit}}))
    most = limit or 8 << 20
    for size, status in ((most, 200), (most + 1, 413)):
        body = b"x" * size
        for framing in (b"Content-Length: %d\r\n\r\n%s" % (size, body), b"Transfer-Encoding: chunked\r\n\r\n" + chunked(body[:most // 2], body[most // 2:])):
            with RawClient(apus.port) as client:
                try:
                    client.send(request(b"POST", b"/v1/messages")[:-2] + framing)
                except OSError:
                    pass  # it is told before all is sent
                reply = client.message(is_reply=True)
            assert reply.status == status
            if status == 413:
                assert json.loads(reply.body)["error"]["type"] == "request_too_large"
    assert len(far.requests) == 2


@pytest.mark.parametrize("path, member", [("/v1/chat/completions", "code"), ("/v1/messages", "type"), ("/v1beta/models/m:generateContent", "status")])
def test_an_upstream_that_fails_before_its_head_is_a_502_in_the_clients_shape(near, far, path, member):
    far.script = lambda request, s: False
    status, headers, body = near.request("POST", f"/{HOST}{path}", {"model": "m"}, AUTH)
    assert status == 502 and member in json.loads(body)["error"] and headers["x-apus-provider"] == HOST
    far.stop()
    until(lambda: far.gone.is_set(), "the end of the connection")
    assert near.request("POST", f"/{HOST}{path}", {"model": "m"}, AUTH)[0] == 502
    # Not tried again: a POST may have been obeyed.
    assert len(far.requests) == 1
    near.wait_for_log("status=502", 2)


@pytest.mark.parametrize("framing", [b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", b"Content-Length: 9\r\n\r\nabc"])
def test_a_reply_that_is_cut_is_cut_for_the_client_too(near, far, framing):
    far.script = lambda request, s: s.sendall(b"HTTP/1.1 200 OK\r\n" + framing) or False
    with RawClient(near.port) as client:
        reply = client.ask(request())
    assert (reply.status, reply.body, reply.is_whole) == (200, b"abc", False)
    near.wait_for_log("error=broken")


@pytest.mark.parametrize("policy, is_read", [("cancel", False), ("drain", True)])
def test_a_client_that_leaves_is_dealt_with_as_its_key_says(start, far, policy, is_read):
    apus = start(passing(far, keys=[{"name": "alice", "key": "sk-alice", "on_disconnect": policy}]))
    left, ended = threading.Event(), []

    def script(request, s):
        s.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
        left.wait(10)
        try:
            for _ in range(200):
                s.sendall(b"%x\r\n%s\r\n" % (65536, b"x" * 65536))
            s.sendall(b"0\r\n\r\n")
            ended.append(True)
        except OSError:
            ended.append(False)
        return None

    far.script = script
    with RawClient(apus.port) as client:
        client.send(request())
        client.until(b"abc")
    if policy == "cancel":
        apus.wait_for_log("status=499")
    left.set()
    until(lambda: ended, "the upstream")
    assert ended == [is_read]


# TLS and HTTP/2


def test_an_upstream_of_http_2_gets_and_gives_the_same(start, certificates):
    far = H2Upstream(certificates)
    apus = start({"server": {"loops": 1}, "proxy": {"allow": {HOST: {"origin": f"https://localhost:{far.port}/below"}}}},
                 env={"SSL_CERT_FILE": str(certificates / "ca.pem")})

    def script(exchange):
        exchange.head(203, content_type="x/y", x_sum="1")
        exchange.data(exchange.body)
        exchange.say(lambda h: h.send_headers(exchange.number, [("x-after", "7")], True))

    far.script = script
    body = random.Random(1).randbytes(300_000)
    with RawClient(apus.port) as client:
        reply = client.ask(request(b"POST", b"/x?y=%20", b"X-Api-Key: own", b"Transfer-Encoding: chunked", b"X-Odd: 1",
                                   body=chunked(body, trailers=b"X-Up: 1\r\n"), key=False).replace(b"Host: here", b"Host: localhost"))
        assert (reply.status, reply.body, reply.trailers) == (203, body, [(b"x-after", b"7")])
        assert reply[b"x-sum"] == b"1" and reply[b"content-type"] == b"x/y"
    headers = far.exchanges[0].headers
    assert headers[":path"] == "/below/x?y=%20" and headers["authorization"] == "Bearer own" and headers["x-odd"] == "1" and "x-api-key" not in headers
    assert far.exchanges[0].body == body
    far.stop()


def test_a_certificate_that_nobody_signed_is_refused(start, certificates):
    far = H2Upstream(certificates)
    apus = start({"proxy": {"allow": {HOST: {"origin": f"https://localhost:{far.port}"}}}})
    assert apus.request("GET", f"/{HOST}/x")[0] == 502
    far.stop()


# The official clients


def test_the_openai_client_works_through_a_path(start):
    import openai
    upstream = Upstream()
    upstream.says([speech.Text("Hello there")])
    apus = start({"proxy": {"allow": {"api.openai.com": {"origin": upstream.url.removesuffix("/v1")}}}})
    client = openai.OpenAI(base_url=apus.url + "/api.openai.com/v1", api_key="sk-own", max_retries=0)
    ask = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Hi"}]}
    assert client.chat.completions.create(**ask).choices[0].message.content == "Hello there"
    assert "".join(c.choices[0].delta.content or "" for c in client.chat.completions.create(**ask, stream=True) if c.choices) == "Hello there"
    assert all(r.headers["authorization"] == "Bearer sk-own" and r.path == "/v1/chat/completions" for r in upstream.requests)
    upstream.stop()


def test_the_anthropic_client_works_through_a_path(start):
    import anthropic
    upstream = Upstream("anthropic")
    upstream.says([speech.Text("Hello there")])
    apus = start({"keys": [{"name": "alice", "key": "sk-alice"}],
                  "proxy": {"allow": {"api.anthropic.com": {"origin": upstream.url.removesuffix("/v1"), "key": "sk-owner"}}}})
    client = anthropic.Anthropic(base_url=apus.url + "/api.anthropic.com", api_key="sk-alice", max_retries=0)
    ask = {"model": "claude", "max_tokens": 100, "messages": [{"role": "user", "content": "Hi"}]}
    assert client.messages.create(**ask).content[0].text == "Hello there"
    with client.messages.stream(**ask) as stream:
        assert "".join(stream.text_stream) == "Hello there"
    assert all(r.headers["x-api-key"] == "sk-owner" and r.path == "/v1/messages" and r.headers["anthropic-version"] for r in upstream.requests)
    upstream.stop()


def test_the_google_client_works_through_a_path(start):
    from google import genai
    upstream = Upstream("gemini")
    upstream.says([speech.Text("Hello there")])
    host = "generativelanguage.googleapis.com"
    apus = start({"keys": [{"name": "alice", "key": "sk-alice"}], "proxy": {"allow": {host: {"origin": upstream.url.removesuffix("/v1beta"), "key": "owner"}}}})
    client = genai.Client(api_key="sk-alice", http_options={"base_url": f"{apus.url}/{host}"})
    assert client.models.generate_content(model="gemini-x", contents="Hi").text == "Hello there"
    assert "".join(c.text or "" for c in client.models.generate_content_stream(model="gemini-x", contents="Hi")) == "Hello there"
    assert [r.path.split("/models/")[1] for r in upstream.requests] == ["gemini-x:generateContent", "gemini-x:streamGenerateContent?alt=sse"]
    assert all(r.headers["x-goog-api-key"] == "owner" for r in upstream.requests)
    upstream.stop()
