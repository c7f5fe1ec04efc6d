"""Odd and malformed requests on raw sockets, seen by Apus, by http_parser (of Node.js, archived) and by nginx."""
import json
import re
import shutil
import socket
import subprocess
import threading

import pytest

from conftest import ROOT, Apus, until

BODY = b'{"model":"apus-demo","messages":[{"role":"user","content":"Hi"}]}'
NEXT = b"GET /health HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"


def get(*fields, line=b"GET /health HTTP/1.1", host=b"Host: a"):
    return b"".join(part + b"\r\n" for part in (line, *([host] if host else []), *fields, b""))


def post(*fields, body=BODY, line=b"POST /v1/chat/completions HTTP/1.1"):
    return get(b"Authorization: Bearer sk-alice", b"Content-Type: application/json", *fields, line=line) + body


def sized(length, *fields, **more):
    return post(b"Content-Length: " + length, *fields, **more)


def chunked(body, coding=b"chunked", *fields):
    return post(b"Transfer-Encoding: " + coding, *fields, body=body)


SIZE = b"%d" % len(BODY)
HEX = b"%x" % len(BODY)
CHUNKS = HEX + b"\r\n" + BODY + b"\r\n0\r\n\r\n"

# Name: the bytes, and who takes (+) or refuses (-) them: Apus, http_parser, nginx.
CASES = {
    # Good and odd, but within the rules.
    "plain": (get(), "+++"),
    "one empty line in front": (b"\r\n" + get(), "+++"),
    "absolute form": (get(line=b"GET http://a/health HTTP/1.1"), "+++"),
    "absolute form in capitals": (get(line=b"GET HTTP://a/health HTTP/1.1"), "+++"),
    "spaces around a value": (get(b"X: \t b \t "), "+++"),
    "no value": (get(b"X:"), "+++"),
    "letters beyond ASCII in a value": (get("X: äé".encode()), "+++"),
    "every letter of a token": (get(b"!#$%&'*+-.^_`|~09azAZ: b"), "+++"),
    "version 1.0": (get(line=b"GET /health HTTP/1.0"), "+++"),
    "version 1.0 without a host": (get(line=b"GET /health HTTP/1.0", host=None), "+++"),
    "a host with a port": (get(host=b"Host: a:80"), "+++"),
    "an IPv6 host": (get(host=b"Host: [::1]:80"), "+++"),
    "an empty host": (get(host=b"Host:"), "++-"),
    "a query": (get(line=b"GET /health?a=b&c=[d]{e}|\"<> HTTP/1.1"), "+++"),
    "a length": (sized(SIZE), "+++"),
    "a length with zeros in front": (sized(b"000" + SIZE), "+++"),
    "a length with spaces around": (sized(b" \t" + SIZE + b" "), "++-"),
    "chunks": (chunked(CHUNKS), "+++"),
    "chunks, coding in capitals": (chunked(CHUNKS, b"CHUNKED"), "+++"),
    "chunks with extensions and trailers": (chunked(HEX.upper() + b';a="b";c\r\n' + BODY + b"\r\n0;d\r\nE: f\r\n\r\n"), "+++"),
    "chunks with zeros in front": (chunked(b"000" + CHUNKS), "+++"),
    "chunks of one byte": (chunked(b"".join(b"1\r\n%c\r\n" % c for c in BODY) + b"0\r\n\r\n"), "+++"),
    "a body that is expected": (sized(SIZE, b"Expect: 100-continue"), "+++"),

    # Well formed, but nothing that is served here: the connection goes on.
    "a method nobody knows": (get(line=b"BREW /health HTTP/1.1"), "--+"),
    "a small method": (get(line=b"get /health HTTP/1.1"), "---"),
    "TRACE": (get(line=b"TRACE /health HTTP/1.1"), "-+-"),

    # Malformed from here on: Apus refuses all of it, whoever may take it.
    # Two readers may see two messages. Source: RFC 9112 §6.
    "chunks and a length": (chunked(CHUNKS, b"chunked", b"Content-Length: 5"), "---"),
    "a length and chunks": (sized(SIZE, b"Transfer-Encoding: chunked"), "---"),
    "two lengths that agree": (sized(SIZE, b"Content-Length: " + SIZE), "---"),
    "two lengths that differ": (sized(SIZE, b"Content-Length: 1"), "---"),
    "a list of lengths": (sized(SIZE + b", " + SIZE), "---"),
    "a length with a plus": (sized(b"+" + SIZE), "---"),
    "a negative length": (sized(b"-1"), "---"),
    "a length in hexadecimal": (sized(b"0x" + HEX), "---"),
    "a length with a fraction": (sized(SIZE + b".0"), "---"),
    "a length with a space inside": (sized(b"6 " + SIZE), "---"),
    "an empty length": (sized(b"", body=b""), "---"),
    "a length of twenty digits": (sized(b"1" * 20), "---"),
    "a length that wraps around": (sized(b"%d" % (2 ** 64 + len(BODY))), "---"),
    "chunked twice in one field": (chunked(CHUNKS, b"chunked, chunked"), "---"),
    "chunked twice in two fields": (chunked(CHUNKS, b"chunked", b"Transfer-Encoding: chunked"), "-+-"),
    "gzip before chunked": (chunked(CHUNKS, b"gzip, chunked"), "-+-"),
    "chunked before identity": (chunked(CHUNKS, b"chunked, identity"), "---"),
    "identity": (chunked(BODY, b"identity", ), "---"),
    "identity and a length": (sized(SIZE, b"Transfer-Encoding: identity"), "---"),
    "a coding that ends in chunked": (chunked(CHUNKS, b"xchunked"), "---"),
    "a coding in quotes": (chunked(CHUNKS, b'"chunked"'), "---"),
    "a coding with a parameter": (chunked(CHUNKS, b"chunked;a=b"), "---"),
    "a coding behind a vertical tab": (chunked(CHUNKS, b"\x0bchunked"), "---"),
    "an empty coding": (chunked(CHUNKS, b""), "---"),
    "chunks in version 1.0": (post(b"Transfer-Encoding: chunked", body=CHUNKS, line=b"POST /v1/chat/completions HTTP/1.0"), "-+-"),

    # Chunks. Source: RFC 9112 §7.1.
    "a chunk size that is none": (chunked(b"xyz\r\n" + CHUNKS), "---"),
    "a chunk size with 0x": (chunked(b"0x" + CHUNKS), "---"),
    "a negative chunk size": (chunked(b"-1\r\n" + CHUNKS), "---"),
    "a chunk size with a plus": (chunked(b"+" + CHUNKS), "---"),
    "a space in front of a chunk size": (chunked(b" " + CHUNKS), "---"),
    "a space behind a chunk size": (chunked(HEX + b" \r\n" + BODY + b"\r\n0\r\n\r\n"), "-++"),
    "no chunk size": (chunked(b"\r\n" + BODY + b"\r\n0\r\n\r\n"), "---"),
    "a chunk size of 17 digits": (chunked(b"1" + b"0" * 14 + HEX + CHUNKS[len(HEX):]), "---"),
    "a chunk longer than its size": (chunked(b"2\r\n" + BODY + b"\r\n0\r\n\r\n"), "---"),
    "LF behind a chunk size": (chunked(HEX + b"\n" + BODY + b"\r\n0\r\n\r\n"), "--+"),
    "LF behind a chunk": (chunked(HEX + b"\r\n" + BODY + b"\n0\r\n\r\n"), "--+"),
    "LF behind the last chunk": (chunked(HEX + b"\r\n" + BODY + b"\r\n0\n\n"), "--+"),
    "CR alone behind a chunk size": (chunked(HEX + b"\r" + BODY + b"\r\n0\r\n\r\n"), "---"),
    "LF in a chunk extension": (chunked(HEX + b";a\nb\r\n" + BODY + b"\r\n0\r\n\r\n"), "-+-"),
    "NUL in a chunk extension": (chunked(HEX + b";a\0\r\n" + BODY + b"\r\n0\r\n\r\n"), "-++"),
    "a chunk extension without end": (chunked(HEX + b";" + b"a" * 100_000 + b"\r\n" + BODY + b"\r\n0\r\n\r\n"), "--+"),
    "trailers without end": (chunked(HEX + b"\r\n" + BODY + b"\r\n0\r\n" + b"A: b\r\n" * 20_000 + b"\r\n"), "---"),
    "a request for a trailer": (chunked(CHUNKS[:-2]), "--+"),
    "a trailer without a colon": (chunked(CHUNKS[:-2] + b"A\r\n\r\n"), "--+"),
    "a trailer with a space before the colon": (chunked(CHUNKS[:-2] + b"A : b\r\n\r\n"), "-++"),
    "a folded trailer": (chunked(CHUNKS[:-2] + b"A: b\r\n c\r\n\r\n"), "-++"),

    # Line ends and control characters. Source: RFC 9112 §2.2, RFC 9110 §5.5.
    "LF for CRLF": (get().replace(b"\r\n", b"\n"), "-++"),
    "LF behind the request line": (get().replace(b"\r\n", b"\n", 1), "-++"),
    "LF behind a field": (get(b"X: a\nY: b"), "-++"),
    "LF for the last line": (get()[:-2] + b"\n", "-++"),
    "CR alone in a value": (get(b"X: a\rb"), "---"),
    "CR alone behind the request line": (b"GET /health HTTP/1.1\rHost: a\r\n\r\n", "---"),
    "CR CR LF": (get(b"X: a\r"), "--+"),
    "NUL in a value": (get(b"X: a\0b"), "---"),
    "NUL in a name": (get(b"X\0: a"), "---"),
    "a bell in a value": (get(b"X: a\x07b"), "--+"),
    "a vertical tab in a value": (get(b"X: a\x0bb"), "--+"),
    "DEL in a value": (get(b"X: a\x7fb"), "--+"),
    "two empty lines in front": (b"\r\n\r\n" + get(), "-++"),
    "LF in front": (b"\n" + get(), "-++"),
    "a space in front": (b" " + get(), "---"),
    "a byte order mark in front": (b"\xef\xbb\xbf" + get(), "---"),

    # Field lines. Source: RFC 9112 §5.
    "a space before the colon": (get(host=b"Host : a"), "-+-"),
    "a tab before the colon": (get(b"X\t: a"), "---"),
    "a space before the colon of the length": (post(b"Content-Length : " + SIZE), "-+-"),
    "a folded line": (get(b"X: a", b" b"), "-+-"),
    "a folded line with a tab": (get(b"X: a", b"\tb"), "-+-"),
    "a folded length": (post(b"Content-Length:", b" " + SIZE), "-+-"),
    "a space before the first field": (get(b"X: a", host=b" Host: a"), "-+-"),
    "no colon": (get(b"X"), "--+"),
    "no name": (get(b": a"), "---"),
    "a letter that no name has": (get(b"X(Y): a"), "--+"),
    "a name beyond ASCII": (get("Xä: a".encode()), "--+"),
    "quotes in a name": (get(b'"X": a'), "--+"),
    "a space in a name": (get(b"X Y: a"), "-+-"),
    "a length behind NUL": (post(b"\0Content-Length: 1"), "---"),
    "an expectation nobody knows": (get(b"Expect: tea"), "-++"),
    "a head of 100 KB": (get(b"X: " + b"a" * 100_000), "---"),
    "ten thousand fields": (get(*[b"X: a"] * 10_000), "-+-"),

    # The request line. Source: RFC 9112 §3.
    "no version": (get(line=b"GET /health"), "-++"),
    "version 0.9": (get(line=b"GET /health HTTP/0.9"), "-+-"),
    "version 1.2": (get(line=b"GET /health HTTP/1.2"), "-++"),
    "version 2.0": (get(line=b"GET /health HTTP/2.0"), "-+-"),
    "version 1.10": (get(line=b"GET /health HTTP/1.10"), "--+"),
    "version 01.1": (get(line=b"GET /health HTTP/01.1"), "---"),
    "version in small letters": (get(line=b"GET /health http/1.1"), "---"),
    "another protocol": (get(line=b"GET /health ICE/1.0"), "---"),
    "two spaces behind the method": (get(line=b"GET  /health HTTP/1.1"), "-++"),
    "two spaces before the version": (get(line=b"GET /health  HTTP/1.1"), "-++"),
    "a space behind the version": (get(line=b"GET /health HTTP/1.1 "), "--+"),
    "a tab behind the method": (get(line=b"GET\t/health HTTP/1.1"), "---"),
    "a space in the path": (get(line=b"GET /health x HTTP/1.1"), "---"),
    "a fragment": (get(line=b"GET /health#a HTTP/1.1"), "-++"),
    "NUL in the path": (get(line=b"GET /health\0 HTTP/1.1"), "---"),
    "a letter beyond ASCII in the path": (get(line="GET /health?ä HTTP/1.1".encode()), "-++"),
    "no slash": (get(line=b"GET health HTTP/1.1"), "---"),
    "a star for a path": (get(line=b"GET * HTTP/1.1"), "-+-"),
    "no path": (get(line=b"GET HTTP/1.1"), "---"),
    "absolute form of another scheme": (get(line=b"GET ftp://a/health HTTP/1.1"), "-++"),
    "absolute form without a host": (get(line=b"GET http:///health HTTP/1.1"), "-+-"),
    "absolute form with a user": (get(line=b"GET http://u@a/health HTTP/1.1"), "-+-"),
    "a letter that no method has": (get(line=b"G@T /health HTTP/1.1"), "---"),
    "no method": (get(line=b"/health HTTP/1.1"), "---"),
    "CONNECT": (get(line=b"CONNECT a:443 HTTP/1.1"), "-+-"),
    "a TLS hello": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"x" * 50 + b"\r\n\r\n", "---"),
    "the preface of HTTP/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "---"),

    # The host. Source: RFC 9112 §3.2, RFC 9110 §7.2.
    "no host": (get(host=None), "-+-"),
    "two hosts": (get(host=b"Host: a\r\nHost: b"), "-+-"),
    "two hosts that agree": (get(host=b"Host: a\r\nhost: a"), "-+-"),
    "a host with a path": (get(host=b"Host: a/metrics?"), "-+-"),
    "a host with a user": (get(host=b"Host: u@a"), "-++"),
    "a host with a space": (get(host=b"Host: a b"), "-+-"),
    "a list of hosts": (get(host=b"Host: a, b"), "-+-"),
    "a host with a fragment": (get(host=b"Host: a#b"), "-++"),
    "a host with a backslash": (get(host=b"Host: a\\b"), "-++"),
}


@pytest.fixture(scope="module")
def http_parser(tmp_path_factory):
    """Whether http_parser takes the first request of some bytes."""
    program = tmp_path_factory.mktemp("http_parser") / "http_parser"
    subprocess.run(["cc", "-o", program, ROOT / "Tests" / "system" / "http_parser.c", "-lhttp_parser"], check=True)

    def takes(data):
        out = subprocess.run([program], input=data, stdout=subprocess.PIPE, check=True).stdout
        return int(out.split()[0]) > 0

    return takes


@pytest.fixture(scope="module")
def nginx(tmp_path_factory):
    """nginx in front of a server that answers 200 to everything: what else comes back is nginx's own word."""
    folder, port = tmp_path_factory.mktemp("nginx"), free_port()
    sink = socket.create_server(("127.0.0.1", 0), backlog=256)
    threading.Thread(target=swallow, args=(sink,), daemon=True).start()
    temp = " ".join(f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    (folder / "nginx.conf").write_text(f"""
daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log; events {{}}
http {{ access_log off; {temp} large_client_header_buffers 4 32k;
server {{ listen 127.0.0.1:{port}; location / {{ proxy_pass http://127.0.0.1:{sink.getsockname()[1]}; proxy_http_version 1.1; }} }} }}""")
    program = shutil.which("nginx") or "/usr/sbin/nginx"
    process = subprocess.Popen([program, "-e", folder / "start.log", "-p", folder, "-c", folder / "nginx.conf"])
    until(lambda: is_open(port), "nginx")
    yield port
    process.terminate()
    process.wait()
    sink.close()


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def is_open(port):
    with socket.socket() as s:
        return s.connect_ex(("127.0.0.1", port)) == 0


def swallow(server):
    """Reads what nginx sends, which is well formed, and answers."""
    while True:
        try:
            client, _ = server.accept()
        except OSError:
            return
        with client:
            data = b""
            while b"\r\n\r\n" not in data:
                data += client.recv(65536)
            head, body = data.split(b"\r\n\r\n", 1)
            length = re.search(rb"(?i)content-length: (\d+)", head)
            while length and len(body) < int(length[1]):
                body += client.recv(65536)
            client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")


@pytest.fixture(scope="module")
def apus(tmp_path_factory):
    running = Apus(tmp_path_factory.mktemp("apus"), {"keys": [{"name": "alice", "key": "sk-alice"}]})
    yield running
    running.stop()


def ask(port, data):
    """Everything that comes back for a request and a good one behind it."""
    with socket.create_connection(("127.0.0.1", port), 10) as s:
        try:
            s.sendall(data + NEXT)
        except OSError:
            pass  # refused before it was sent
        received = b""
        try:
            while piece := s.recv(65536):
                received += piece
        except OSError:
            pass
        return received


def statuses(received):
    return [int(s) for s in re.findall(rb"HTTP/1\.[01] (\d\d\d) ", received) if s != b"100"]


LAWFUL = list(CASES)[:list(CASES).index("chunks and a length")]


@pytest.mark.parametrize("name", CASES)
def test_apus_is_at_least_as_strict(apus, http_parser, nginx, name):
    data, expected = CASES[name]
    here, there = ask(apus.port, data), ask(nginx, data)
    # A reply without a head is one of HTTP/0.9.
    takes = statuses(here)[:1] == [200], http_parser(data), statuses(there)[:1] == [200] or there == b"ok"
    assert "".join("+" if t else "-" for t in takes) == expected
    if name in LAWFUL:
        assert len(statuses(here)) == (1 if b"HTTP/1.0" in data else 2), "what is behind it is a request of its own"
        return
    assert not takes[0]
    assert len(statuses(here)) == 1, "something behind it was answered"
    assert json.loads(here.split(b"\r\n\r\n", 1)[1])["error"]["message"]


def test_the_table_shows_where_the_three_differ():
    """Whatever one of the others refuses, Apus refuses too, but for two messages that RFC 9112 allows in so many words:
    a tab beside a value (§5), and an empty Host where the target has no authority (§3.2)."""
    assert [name for name, (_, who) in CASES.items() if who[0] == "+" and who != "+++"] == ["an empty host", "a length with spaces around"]
    assert {who for _, who in CASES.values()} == {"+++", "++-", "---", "-+-", "--+", "-++"}
