"""Upstreams behind TLS: nginx over HTTP/1.1 and HTTP/2 with a CA that the test makes; an outbound proxy; our own port with TLS."""
import concurrent.futures
import json
import os
import shutil
import socket
import ssl
import subprocess
import threading
import urllib.request

import pytest

from conftest import AUTH, HELLO, Reply, completion, config, local, until

ASK = {"model": "fast", "messages": [{"role": "user", "content": "Hi"}]}


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


@pytest.fixture
def nginx(tmp_path, certificates, upstream):
    """Starts nginx with TLS in front of the scripted upstream; gives its port."""
    running = []

    def start(http2, more=""):
        folder = tmp_path / f"nginx{len(running)}"
        folder.mkdir()
        port = free_port()
        temp = "\n".join(f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        (folder / "nginx.conf").write_text(f"""
daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log; events {{ worker_connections 1000; }}
http {{ access_log {folder}/access.log; {temp} proxy_buffering off; client_max_body_size 20m; client_body_buffer_size 20m;
server {{ listen 127.0.0.1:{port} ssl{' http2' if http2 else ''}; ssl_certificate {certificates}/server.pem; ssl_certificate_key {certificates}/server.key; {more}
location / {{ proxy_pass http://127.0.0.1:{upstream.port}; proxy_http_version 1.1; add_header x-proto $server_protocol; }} }} }}""")
        process = subprocess.Popen([shutil.which("nginx") or "/usr/sbin/nginx", "-p", str(folder), "-c", str(folder / "nginx.conf")])
        running.append(process)

        def is_up():
            with socket.socket() as s:
                return s.connect_ex(("127.0.0.1", port)) == 0
        until(is_up, "nginx")
        return port, folder

    yield start
    for process in running:
        process.terminate()
        process.wait()


def gateway_to(start, upstream, port, certificates, host="localhost", **more):
    tls = {"ca": str(certificates / "ca.pem")} | more.pop("tls", {})
    return start(config(upstream, providers=[local(upstream, base_url=f"https://{host}:{port}/v1", tls=tls, retries=1, **more)]))


@pytest.mark.parametrize("http2", [False, True])
@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_chats_streams_and_large_bodies_go_through_tls(start, upstream, nginx, certificates, http2, host):
    port, folder = nginx(http2)
    apus = gateway_to(start, upstream, port, certificates, host)
    assert apus.post("/v1/chat/completions", ASK, AUTH)[2]["choices"][0]["message"]["content"] == "Hello!"
    upstream.replies(Reply.stream(HELLO))
    assert apus.request("POST", "/v1/chat/completions", ASK | {"stream": True}, AUTH)[2].endswith(b"[DONE]\n\n")
    large = "z" * 3_000_000
    upstream.replies(Reply.json(completion("up-model", large)))
    status, _, body = apus.post("/v1/chat/completions", ASK | {"messages": [{"role": "user", "content": large}]}, AUTH)
    assert status == 200 and body["choices"][0]["message"]["content"] == large
    assert upstream.requests[-1].body["messages"][0]["content"] == large
    wanted = "HTTP/2.0" if http2 else "HTTP/1.1"
    assert (folder / "access.log").read_text().count(wanted) == 3


def test_many_streams_share_a_connection_and_goaway_loses_none(start, upstream, nginx, certificates):
    port, folder = nginx(True, "keepalive_requests 7;")  # nginx says GOAWAY after seven requests
    apus = gateway_to(start, upstream, port, certificates)
    upstream.replies(Reply.stream(HELLO, pause=0.01))

    def ask(_):
        return apus.request("POST", "/v1/chat/completions", ASK | {"stream": True}, AUTH)

    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        results = list(pool.map(ask, range(100)))
    assert [r[0] for r in results] == [200] * 100
    assert all(r[2].endswith(b"[DONE]\n\n") for r in results)
    assert len(upstream.requests) >= 100


@pytest.mark.parametrize("http2", [False, True])
def test_a_stream_that_nobody_reads_does_not_stop_the_others(start, upstream, nginx, certificates, http2):
    port, _ = nginx(http2)
    apus = gateway_to(start, upstream, port, certificates)
    big = [f'data: {{"choices":[{{"index":0,"delta":{{"content":"{"w" * 50000}"}},"finish_reason":null}}]}}\n\n'] * 1000
    upstream.script = lambda r: Reply.stream(big) if "big" in r.raw.decode() else Reply.stream(HELLO)
    body = json.dumps(ASK | {"stream": True, "messages": [{"role": "user", "content": "big"}]}).encode()
    with socket.create_connection(("127.0.0.1", apus.port)) as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16384)
        s.sendall(b"POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer sk-alice\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
        s.recv(1000)
        for _ in range(20):
            assert apus.request("POST", "/v1/chat/completions", ASK | {"stream": True}, AUTH)[2].endswith(b"[DONE]\n\n")
        rss = int(next(l for l in open(f"/proc/{apus.process.pid}/status") if l.startswith("VmRSS")).split()[1])
        assert rss < 60_000, f"{rss} KiB: the unread stream was buffered"


@pytest.mark.parametrize("http2", [False, True])
@pytest.mark.parametrize("tls, host, status", [
    ({}, "localhost", 200), ({"ca": "/etc/ssl/certs/ca-certificates.crt"}, "localhost", 502), ({"verify": False, "ca": "/etc/ssl/certs/ca-certificates.crt"}, "localhost", 200),
])
def test_certificates_are_checked(start, upstream, nginx, certificates, http2, tls, host, status):
    port, _ = nginx(http2)
    apus = gateway_to(start, upstream, port, certificates, host, tls=tls)
    assert apus.post("/v1/chat/completions", ASK, AUTH)[0] == status


def test_a_certificate_for_another_name_is_refused(start, upstream, nginx, certificates):
    port, _ = nginx(False)
    apus = gateway_to(start, upstream, port, certificates, socket.gethostname() if "localhost" not in socket.gethostname() else "ip6-localhost")
    assert apus.post("/v1/chat/completions", ASK, AUTH)[0] == 502


def test_an_upstream_that_dies_in_the_middle_ends_the_stream_with_an_error(start, upstream, nginx, certificates):
    for http2 in (False, True):
        port, _ = nginx(http2)
        apus = gateway_to(start, upstream, port, certificates)
        upstream.replies(Reply.stream(HELLO[:3], cut=True))
        status, _, body = apus.request("POST", "/v1/chat/completions", ASK | {"stream": True}, AUTH)
        assert status == 200 and b'"error"' in body and b"[DONE]" not in body


@pytest.mark.parametrize("kind", ["http", "socks5"])
@pytest.mark.parametrize("secure", [False, True])
def test_connections_go_through_an_outbound_proxy(start, upstream, nginx, certificates, kind, secure):
    seen = []

    def serve(server):
        while True:
            try:
                client, _ = server.accept()
            except OSError:
                return
            threading.Thread(target=talk, args=(client,), daemon=True).start()

    def talk(client):
        if kind == "http":
            head = b""
            while not head.endswith(b"\r\n\r\n"):
                head += client.recv(1)
            target = head.split()[1].decode()
            seen.append(("Proxy-Authorization: Basic dTp3" in head.decode(), target))
            host, port = target.rsplit(":", 1)
            answer = b"HTTP/1.1 200 OK\r\n\r\n"
        else:
            methods = client.recv(2)
            client.recv(methods[1])
            client.sendall(b"\x05\x02")
            login = client.recv(100)
            client.sendall(b"\x01\x00")
            ask = client.recv(300)
            host, port = ask[5:5 + ask[4]].decode(), int.from_bytes(ask[5 + ask[4]:], "big")
            seen.append((login == b"\x01\x01u\x01w", f"{host}:{port}"))
            answer = b"\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00"
        up = socket.create_connection((host, int(port)))
        client.sendall(answer)
        for a, b in ((client, up), (up, client)):
            threading.Thread(target=pump, args=(a, b), daemon=True).start()

    def pump(a, b):
        try:
            while data := a.recv(65536):
                b.sendall(data)
            b.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=serve, args=(server,), daemon=True).start()
        proxy = f"{kind}://u:w@127.0.0.1:{server.getsockname()[1]}"
        if secure:
            port, _ = nginx(True)
            apus = gateway_to(start, upstream, port, certificates, outbound_proxy=proxy)
        else:
            port = upstream.port
            apus = start(config(upstream, providers=[local(upstream, base_url=f"http://localhost:{port}/v1", outbound_proxy=proxy)]))
        assert apus.post("/v1/chat/completions", ASK, AUTH)[0] == 200
        assert seen[0] == (True, f"localhost:{port}")


def test_our_own_port_speaks_tls(start, certificates):
    apus = start({"server": {"tls": {"cert": str(certificates / "server.pem"), "key": str(certificates / "server.key")}}})
    assert apus.url.startswith("https://")
    context = ssl.create_default_context(cafile=str(certificates / "ca.pem"))
    body = json.dumps({"model": "apus-demo", "stream": True, "messages": [{"role": "user", "content": "Hi " * 30000}]}).encode()
    request = urllib.request.Request(apus.url + "/v1/chat/completions", body)
    with urllib.request.urlopen(request, context=context, timeout=20) as reply:
        assert reply.read().endswith(b"[DONE]\n\n")


def test_redirects_are_not_followed(gateway, upstream):
    upstream.replies(Reply(302, {"location": upstream.url + "/elsewhere"}))
    assert gateway.post("/v1/chat/completions", ASK, AUTH)[0] in (500, 502)
    assert all(r.path == "/v1/chat/completions" for r in upstream.requests)
