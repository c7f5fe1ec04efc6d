"""The HTTP/2 client beside an upstream that does what a test says. Each rule is of RFC 9113."""
import concurrent.futures
import json
import random
import socket
import threading

import h2.errors
import h2.settings
import pytest

from conftest import AUTH, DONE, HELLO, chunk, completion, until
from h2peer import H2Upstream, frame

ASK = {"model": "fast", "messages": [{"role": "user", "content": "Hi"}]}
MOST_STREAMS = h2.settings.SettingCodes.MAX_CONCURRENT_STREAMS
FIRST_WINDOW = h2.settings.SettingCodes.INITIAL_WINDOW_SIZE


@pytest.fixture
def peer(certificates):
    """Makes HTTP/2 upstreams."""
    running = []

    def make(settings=None):
        running.append(H2Upstream(certificates, settings))
        return running[-1]

    yield make
    for upstream in running:
        upstream.stop()


@pytest.fixture
def front(start, certificates):
    """Starts a gateway of one loop, so of one pool, in front of an HTTP/2 upstream; one try for each request."""
    def front(upstream):
        url = f"https://localhost:{upstream.port}/v1"
        provider = {"name": "local", "wire": "openai-chat", "base_url": url, "key": "none", "models": ["up-model"], "retries": 1,
                    "tls": {"ca": str(certificates / "ca.pem")}}
        return start({"server": {"loops": 1}, "keys": [{"name": "alice", "key": "sk-alice"}], "providers": [provider],
                      "models": [{"id": "fast", "to": ["local/up-model"]}]})
    return front


def ask(apus, **more):
    status, _, body = apus.request("POST", "/v1/chat/completions", ASK | more, AUTH, timeout=30)
    return status, body


def ask_many(apus, count, **more):
    with concurrent.futures.ThreadPoolExecutor(count) as pool:
        return list(pool.map(lambda _: ask(apus, **more), range(count)))


def open_stream(apus, text="Hi"):
    """A socket on which a stream was asked for."""
    body = json.dumps(ASK | {"stream": True, "messages": [{"role": "user", "content": text}]}).encode()
    s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16384)
    s.settimeout(20)
    s.connect(("127.0.0.1", apus.port))
    s.sendall(b"POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nConnection: close\r\nAuthorization: Bearer sk-alice\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
    return s


def read_all(s):
    pieces = []
    while piece := s.recv(65536):
        pieces.append(piece)
    return b"".join(pieces)


def is_broken(status, body):
    """A stream that had begun and did not reach its end: an error, and nothing that looks like an end."""
    return status == 200 and b'"error"' in body and b"[DONE]" not in body and b'"finish_reason":"stop"' not in body


def test_requests_share_a_connection_and_carry_no_field_of_http_1(front, peer):
    upstream = peer()
    upstream.script = lambda e: e.stream(HELLO)
    apus = front(upstream)
    for _ in range(5):
        assert ask(apus, stream=True)[1].endswith(b"[DONE]\n\n")
    assert len(upstream.connections) == 1
    headers = upstream.exchanges[0].headers
    assert (headers[":method"], headers[":path"], headers[":scheme"], headers[":authority"]) == ("POST", "/v1/chat/completions", "https", f"localhost:{upstream.port}")
    assert headers["content-length"] == str(len(upstream.exchanges[0].body))
    assert not {"host", "connection", "transfer-encoding", "keep-alive", "te", "upgrade", "proxy-connection"} & set(headers)


# §5.2: flow control


def test_a_reader_that_stops_closes_the_window_of_its_stream_alone(front, peer):
    upstream = peer()
    big = [chunk({"content": f"{number}:" + "y" * 20000}) for number in range(600)] + [chunk({}, "stop"), DONE]
    upstream.script = lambda e: e.stream(big if b"big" in e.body else HELLO)
    apus = front(upstream)
    with open_stream(apus, "big") as s:
        slow = until(lambda: upstream.exchanges and upstream.exchanges[0])
        until(lambda: slow.window() == 0 and not socket_moves(slow), "the window to close")
        assert slow.sent < 8_000_000, "the gateway or the kernel keeps what nobody reads"
        assert upstream.connections[0].h2.outbound_flow_control_window > 1 << 20, "the connection's window closed, too"
        for _ in range(20):
            assert ask(apus, stream=True)[1].endswith(b"[DONE]\n\n")
        assert len(upstream.connections) == 1
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        whole = read_all(s)
    assert b"[DONE]" in whole and whole.count(b"y" * 20000) > 570  # chunk borders may cut a few
    assert slow.sent == sum(map(len, big))


def socket_moves(exchange):
    before = exchange.sent
    threading.Event().wait(0.3)
    return exchange.sent != before


def test_padding_is_given_back_to_the_windows(front, peer):
    upstream = peer()
    pieces = [chunk({"content": str(number)}) for number in range(2000)] + [chunk({}, "stop"), DONE]
    upstream.script = lambda e: e.stream(pieces, padding=255)  # half a megabyte of nothing
    status, body = ask(front(upstream), stream=True)
    assert status == 200 and body.endswith(b"[DONE]\n\n") and body.count(b"data: ") == 2002


@pytest.mark.parametrize("window", [0, 1, 1000])
def test_a_request_waits_for_the_upstreams_window(front, peer, window):
    upstream = peer({FIRST_WINDOW: window})

    def hello(connection):
        # Opened a little at a time, once the request has come.
        threading.Thread(target=open_windows, args=(connection,), daemon=True).start()

    def open_windows(connection):
        until(lambda: connection.exchanges)
        number = next(iter(connection.exchanges))
        while connection.exchanges[number].is_open and not connection.has_ended.is_set():
            with connection.changed:
                try:
                    connection.h2.increment_flow_control_window(5000, number)
                    connection.flush()
                except Exception:
                    return
            threading.Event().wait(0.001)

    upstream.hello = hello
    text = "z" * 100_000
    status, _ = ask(front(upstream), messages=[{"role": "user", "content": text}])
    assert status == 200
    assert json.loads(upstream.exchanges[0].body)["messages"][0]["content"] == text


# §5.4, §6.4: streams that end early


def test_a_client_that_leaves_resets_its_stream_and_no_other(front, peer):
    upstream, go_on = peer(), threading.Event()

    def script(exchange):
        if b"leaves" in exchange.body:
            exchange.head(content_type="text/event-stream")
            exchange.data(chunk({"content": "a"}))
            exchange.wait_until_gone()
        else:
            exchange.stream(HELLO[:2], end=False)
            go_on.wait(10)
            for piece in HELLO[2:]:
                exchange.data(piece)
            exchange.data(b"", end=True)

    upstream.script = script
    apus = front(upstream)
    with open_stream(apus, "stays") as stays:
        stays.recv(1000)
        with open_stream(apus, "leaves") as leaves:
            leaves.recv(1000)
        left = until(lambda: next((e for e in upstream.exchanges if b"leaves" in e.body), None))
        assert left.wait_until_gone() and left.error == h2.errors.ErrorCodes.CANCEL
        go_on.set()
        assert b"[DONE]" in read_all(stays)
    assert len(upstream.connections) == 1 and not upstream.connections[0].has_ended.is_set()


def test_a_client_that_leaves_before_anything_came_resets_its_stream(front, peer):
    upstream = peer()
    upstream.script = lambda e: e.wait_until_gone()
    apus = front(upstream)
    with open_stream(apus):
        exchange = until(lambda: upstream.exchanges and upstream.exchanges[0])
    assert exchange.wait_until_gone() and exchange.error == h2.errors.ErrorCodes.CANCEL


def test_a_stream_that_the_upstream_resets_is_broken(front, peer):
    upstream = peer()

    def script(exchange):
        exchange.stream(HELLO[:3], end=False)
        exchange.reset(h2.errors.ErrorCodes.INTERNAL_ERROR)

    upstream.script = script
    apus = front(upstream)
    assert is_broken(*ask(apus, stream=True))
    upstream.script = lambda e: e.reset(h2.errors.ErrorCodes.INTERNAL_ERROR)
    assert ask(apus)[0] == 502
    upstream.script = lambda e: e.stream(HELLO)
    assert ask(apus, stream=True)[0] == 200
    assert len(upstream.connections) == 1


def test_a_connection_that_ends_in_the_middle_breaks_its_streams(front, peer):
    upstream, begun = peer(), threading.Barrier(3)

    def script(exchange):
        exchange.stream(HELLO[:3], end=False)
        begun.wait(10)
        exchange.connection.close()

    upstream.script = script
    apus = front(upstream)
    assert all(is_broken(*result) for result in ask_many(apus, 3, stream=True))
    upstream.script = lambda e: e.stream(HELLO)
    assert ask(apus, stream=True)[1].endswith(b"[DONE]\n\n")


@pytest.mark.parametrize("status", [413, 200])
@pytest.mark.parametrize("resets", [True, False])
def test_a_reply_may_come_before_the_request_is_sent(front, peer, status, resets):
    # §8.1: with or without a RST_STREAM (NO_ERROR) behind it; nobody sends the rest of the body.
    upstream = peer()
    upstream.answers_heads = True

    def script(exchange):
        exchange.json(completion("up-model") if status == 200 else {"error": {"message": "too large"}}, status)
        if resets:
            exchange.reset(h2.errors.ErrorCodes.NO_ERROR)

    upstream.script = script
    apus = front(upstream)
    messages = [{"role": "user", "content": "z" * 1_000_000}]
    for _ in range(2):
        assert ask(apus, messages=messages)[0] == status
    assert len(upstream.connections) == 1
    if not resets:
        assert all(e.wait_until_gone() for e in upstream.exchanges), "a stream was left half open"


def test_a_request_is_sent_to_its_end_although_the_reply_has_begun(front, peer):
    upstream = peer()
    upstream.answers_heads = True

    def script(exchange):
        exchange.head(content_type="application/json")
        exchange.data(b'{"id":"chatcmpl-up",')
        exchange.read_on()
        until(lambda: exchange.has_all)
        exchange.data(json.dumps(completion("up-model"))[1:], end=True)

    upstream.script = script
    text = "z" * 1_000_000
    status, _ = ask(front(upstream), messages=[{"role": "user", "content": text}])
    assert status == 200
    assert json.loads(upstream.exchanges[0].body)["messages"][0]["content"] == text


# §6.8: GOAWAY; §5.1.2: concurrency; §8.7: what may be sent again


def test_goaway_lets_streams_end_and_sends_the_unseen_ones_elsewhere(front, peer):
    upstream, said = peer(), threading.Event()

    def script(exchange):
        if exchange.connection.number > 1:
            return exchange.stream(HELLO)
        if exchange.number == 5:  # the third: named as unseen, the two before it go on
            exchange.connection.goaway(last=3)
            return said.set()
        exchange.stream(HELLO[:2], end=False)
        assert said.wait(10)
        for piece in HELLO[2:]:
            exchange.data(piece)
        exchange.data(b"", end=True)

    upstream.script = script
    apus = front(upstream)
    results = ask_many(apus, 3, stream=True)
    assert all(status == 200 and body.endswith(b"[DONE]\n\n") for status, body in results)
    assert [c.number for c in upstream.connections] == [1, 2]
    assert upstream.connections[0].has_ended.wait(5), "a connection that goes away is kept"
    assert not upstream.connections[1].has_ended.is_set()


def test_goaway_counts_although_the_connection_is_reset_behind_it(front, peer):
    upstream = peer()
    upstream.answers_heads = True

    def script(exchange):
        if exchange.connection.number % 2 == 0:
            exchange.read_on()
            until(lambda: exchange.has_all)
            return exchange.json(completion("up-model"))
        exchange.connection.goaway(last=0)
        exchange.connection.close()

    upstream.script = script
    apus = front(upstream)
    for _ in range(5):
        assert ask(apus, messages=[{"role": "user", "content": "z" * 1_000_000}])[0] == 200
        upstream.connections[-1].close()
        upstream.connections[-1].has_ended.wait(5)


def test_no_more_streams_are_open_than_the_upstream_allows(front, peer):
    upstream = peer({MOST_STREAMS: 3})

    def script(exchange):
        threading.Event().wait(0.02)
        exchange.stream(HELLO)

    upstream.script = script
    apus = front(upstream)
    assert ask(apus, stream=True)[0] == 200  # the settings are known from now on
    results = ask_many(apus, 40, stream=True)
    assert all(status == 200 and body.endswith(b"[DONE]\n\n") for status, body in results)
    assert max(c.most_open for c in upstream.connections) == 3
    assert len(upstream.exchanges) == 41


def test_refused_streams_are_sent_again_but_not_for_ever(front, peer):
    upstream, refusals = peer(), []

    def script(exchange):
        refusals.append(exchange)
        if len(refusals) > 5:
            return exchange.json(completion("up-model"))
        exchange.reset(h2.errors.ErrorCodes.REFUSED_STREAM)

    upstream.script = script
    apus = front(upstream)
    assert ask(apus)[0] == 200 and len(refusals) == 6
    upstream.script = lambda e: (refusals.append(e), e.reset(h2.errors.ErrorCodes.REFUSED_STREAM))
    refusals.clear()
    assert ask(apus)[0] == 502
    assert 2 <= len(refusals) <= 9


def test_a_request_on_a_connection_that_was_about_to_end_is_sent_again_once(front, peer):
    upstream = peer()

    def script(exchange):
        if len(exchange.connection.exchanges) > 1:  # the second request finds the connection at its end
            return exchange.connection.close()
        exchange.json(completion("up-model"))

    upstream.script = script
    apus = front(upstream)
    for expected in (1, 2, 3, 4):
        assert ask(apus)[0] == 200
        assert len(upstream.connections) == expected
    upstream.script = lambda e: e.connection.close()
    assert ask(apus)[0] == 502
    assert len(upstream.connections) == 5, "it is sent again once, not for ever"


# §8.1: the shape of replies


def test_interim_replies_and_trailers_are_passed_over(front, peer):
    upstream = peer()

    def script(exchange):
        for status in (103, 103):
            exchange.say(lambda h: h.send_headers(exchange.number, [(":status", str(status)), ("link", "</a>")]))
        exchange.head(content_type="application/json")
        exchange.data(json.dumps(completion("up-model")))
        exchange.say(lambda h: h.send_headers(exchange.number, [("x-checksum", "1")], end_stream=True))

    upstream.script = script
    status, body = ask(front(upstream))
    assert status == 200 and json.loads(body)["choices"][0]["message"]["content"] == "Hello!"


NONSENSE = {
    "HTTP/1.1": b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    "data of no stream": frame(0, b"abc", 1, 1) + frame(0, b"abc", 1, 7),
    "a head without status": frame(1, b"\x0f\x10\x01a", 5, 1),
    "a head that is no HPACK": frame(1, b"\xff" * 20, 5, 1),
    "a frame longer than allowed": frame(0, b"x" * 20000, 0, 1),
    "a window that overflows": frame(8, b"\x7f\xff\xff\xff") + frame(8, b"\x7f\xff\xff\xff"),
    "a window that grows by nothing": frame(8, bytes(4), 0, 1),
    "settings of a wrong length": frame(4, b"abc"),
    "a push nobody allowed": frame(5, bytes([0, 0, 0, 2, 0x82]), 4, 1),
    "a head that never ends": frame(1, b"\x88", 0, 1) + frame(9, b"", 0, 1) + frame(0, b"abc", 1, 1),
    "a head of a megabyte": frame(1, b"\x88", 0, 1) + frame(9, (b"\x00\x7f\x81\x78" + b"a" * 256 + b"\x7f\x81\x78" + b"b" * 256) * 30, 0, 1) * 70 + frame(9, b"", 4, 1),
    "padding longer than its frame": frame(0, b"\xffabc", 8, 1),
    "goaway with an error": frame(7, bytes(4) + (11).to_bytes(4, "big")),
    "nothing": b"",
}


# Nothing but an end tells that a reply is not still on its way.
ENDLESS = ("nothing", "a head that never ends")


@pytest.mark.parametrize("name, ends", [(name, ends) for name in NONSENSE for ends in (True, False) if ends or name not in ENDLESS])
def test_an_upstream_that_talks_nonsense_is_502_and_harms_nobody(front, peer, name, ends):
    upstream = peer()

    def script(exchange):
        exchange.connection.raw(NONSENSE[name])
        if ends:
            exchange.connection.close()

    upstream.script = script
    apus = front(upstream)
    assert ask(apus)[0] == 502
    upstream.script = lambda e: e.json(completion("up-model"))
    assert ask(apus)[0] == 200


def test_an_upstream_that_sends_random_bytes_harms_nobody(front, peer):
    upstream, dice = peer(), random.Random(7)

    def script(exchange):
        good = [frame(4, b""), frame(1, b"\x88", 4, exchange.number), frame(0, b"abc", 0, exchange.number), frame(8, bytes([0, 0, 1, 0])), frame(6, bytes(8)), frame(7, bytes(8))]
        data = bytearray(b"".join(dice.choices(good, k=4)))
        for _ in range(dice.randrange(1, 6)):
            data[dice.randrange(len(data))] = dice.randrange(256)
        exchange.connection.raw(bytes(data))
        exchange.connection.close()

    upstream.script = script
    apus = front(upstream)
    for _ in range(100):
        assert ask(apus)[0] in (200, 502)
    upstream.script = lambda e: e.json(completion("up-model"))
    assert ask(apus)[0] == 200
