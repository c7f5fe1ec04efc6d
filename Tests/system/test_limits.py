"""What the kernel refuses, and how many connections are made at once."""
import concurrent.futures
import os
import resource
import socket
import ssl
import threading
import time

import h2.settings
import pytest

from conftest import AUTH, Loopback, Reply, completion, config, local, until
from h2peer import H2Upstream

ASK = {"model": "fast", "messages": [{"role": "user", "content": "Hi"}]}
HEALTH = b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"


def leave_descriptors(apus, count):
    """From now on the gateway gets no more than so many further descriptors; gives the way back."""
    before = resource.prlimit(apus.process.pid, resource.RLIMIT_NOFILE)
    used = 1 + max(int(name) for name in os.listdir(f"/proc/{apus.process.pid}/fd"))
    resource.prlimit(apus.process.pid, resource.RLIMIT_NOFILE, (used + count, before[1]))
    return lambda: resource.prlimit(apus.process.pid, resource.RLIMIT_NOFILE, before)


def cpu_seconds(apus):
    with open(f"/proc/{apus.process.pid}/stat") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def ask(s):
    s.sendall(HEALTH)
    s.settimeout(5)
    return s.recv(1000)


def test_clients_wait_while_there_are_no_descriptors_and_nobody_spins(start):
    apus = start({"server": {"loops": 1}, "record": "off"})
    leave_descriptors(apus, 3)
    served = [socket.create_connection(("127.0.0.1", apus.port)) for _ in range(3)]
    assert all(ask(s).startswith(b"HTTP/1.1 200") for s in served)
    waiting = [socket.create_connection(("127.0.0.1", apus.port)) for _ in range(5)]
    for s in waiting:
        s.sendall(HEALTH)
    before = cpu_seconds(apus)
    time.sleep(0.5)
    assert cpu_seconds(apus) - before < 0.2
    assert all(ask(s).startswith(b"HTTP/1.1 200") for s in served), "those who are in are served"
    for s in served:
        s.close()
    for s in waiting:  # as one leaves, the next comes in
        s.settimeout(5)
        assert s.recv(1000).startswith(b"HTTP/1.1 200")
        s.close()


def test_a_request_fails_alone_while_there_are_no_descriptors_for_upstreams(start, upstream):
    apus = start(config(upstream, server={"loops": 1}, record="off", providers=[local(upstream, retries=1)]))
    give_back = leave_descriptors(apus, 1)
    status, _, body = apus.post("/v1/chat/completions", ASK, AUTH)
    assert (status, body["error"]["code"]) == (502, "upstream_error")
    assert upstream.requests == []
    assert apus.request("GET", "/health")[0] == 200
    give_back()
    assert apus.post("/v1/chat/completions", ASK, AUTH)[0] == 200


# Connections that are being made at once: what is not known yet is asked once, TLS handshakes are paced.


def ask_many(apus, count):
    pool = concurrent.futures.ThreadPoolExecutor(count)
    return [pool.submit(apus.request, "POST", "/v1/chat/completions", ASK, AUTH) for _ in range(count)]


def reaches(number, limit):
    """Whether a number comes to its limit and stays there."""
    until(lambda: number() >= limit, f"{limit} connections")
    time.sleep(0.3)
    return number() == limit


def to(start, certificates, port):
    provider = {"name": "local", "wire": "openai-chat", "base_url": f"https://localhost:{port}/v1", "key": "none", "models": ["up-model"],
                "retries": 1, "tls": {"ca": str(certificates / "ca.pem")}}
    return start({"server": {"loops": 1}, "keys": [{"name": "alice", "key": "sk-alice"}], "providers": [provider],
                  "models": [{"id": "fast", "to": ["local/up-model"]}]})


@pytest.mark.parametrize("is_known, limit", [(False, 1), (True, 16)])
def test_handshakes_with_an_http_1_upstream_are_paced(start, upstream, certificates, is_known, limit):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates / "server.pem", certificates / "server.key")
    gate, held = threading.Event(), []

    def handshake(connection):
        if not gate.is_set():
            held.append(connection)
            gate.wait(20)
        return context.wrap_socket(connection, server_side=True)

    server = Loopback(upstream.server.handle, handshake)
    try:
        apus = to(start, certificates, server.port)
        if is_known:
            gate.set()
            assert apus.post("/v1/chat/completions", ASK, AUTH)[0] == 200
            gate.clear()
            # Busy from now on, so that every request needs a connection.
            upstream.script = lambda request: gate.wait(20) and Reply.json(completion("up-model"))
        results = ask_many(apus, 40)
        assert reaches(lambda: len(held), limit)
        gate.set()
        assert all(r.result()[0] == 200 for r in results)
    finally:
        gate.set()
        server.stop()


def test_an_http_2_upstream_gets_two_further_connections_at_once(start, certificates):
    upstream, gate = H2Upstream(certificates, {h2.settings.SettingCodes.MAX_CONCURRENT_STREAMS: 1}), threading.Event()
    try:
        apus = to(start, certificates, upstream.port)
        assert apus.post("/v1/chat/completions", ASK, AUTH)[0] == 200
        upstream.gate = gate
        upstream.script = lambda exchange: (gate.wait(20), exchange.json(completion("up-model")))
        results = ask_many(apus, 20)
        assert reaches(lambda: len(upstream.connections), 3)  # the first, which is busy, and two that wait for their handshake
        gate.set()
        assert all(r.result()[0] == 200 for r in results)
        assert max(c.most_open for c in upstream.connections) == 1
    finally:
        gate.set()
        upstream.stop()
