"""The running program, a scripted upstream, and what tests need to talk to both. Loopback only."""
import http.server
import json
import os
import pathlib
import queue
import socket
import subprocess
import threading
import time

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = ROOT / ".build" / "release" / "apus"


class Apus:
    """A running gateway with its config in a folder of its own."""

    def __init__(self, folder, config, env=None, arguments=()):
        self.folder = pathlib.Path(folder)
        self.config = self.folder / "apus.yaml"
        if config is not None:
            self.config.write_text(config if isinstance(config, str) else json.dumps(config))
        variables = {k: v for k, v in os.environ.items() if not k.endswith(("_API_KEY", "_TOKEN"))} | (env or {})
        self.log_path = self.folder / "log.txt"
        self.process = subprocess.Popen(
            [PROGRAM, "serve", *(arguments or ("--listen", "127.0.0.1:0"))], cwd=self.folder, env=variables,
            stdout=subprocess.PIPE, stderr=open(self.log_path, "ab"), text=True)
        line = self.process.stdout.readline().strip()
        assert line.startswith("http"), f"{line!r} {self.log()}"
        self.url = line
        self.port = int(line.rsplit(":", 1)[1])

    def log(self):
        return self.log_path.read_text(errors="replace")

    def wait_for_log(self, text, times=1):
        until(lambda: self.log().count(text) >= times, f"{text!r} in the log:\n{self.log()}")

    def request(self, method, path, body=None, headers=None, timeout=20):
        """Status, headers (lower case), body bytes."""
        import http.client
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        data = json.dumps(body).encode() if isinstance(body, (dict, list)) else body
        connection.request(method, path, data, headers or {})
        response = connection.getresponse()
        content = response.read()
        connection.close()
        return response.status, {k.lower(): v for k, v in response.getheaders()}, content

    def post(self, path, body, headers=None, **more):
        status, headers, content = self.request("POST", path, body, {"content-type": "application/json"} | (headers or {}), **more)
        return status, headers, json.loads(content)

    def raw(self, data, timeout=10, end=False):
        """Sends bytes as they are; all that comes back until the connection ends or is silent."""
        with socket.create_connection(("127.0.0.1", self.port), timeout) as s:
            s.sendall(data)
            if end:
                s.shutdown(socket.SHUT_WR)
            received = b""
            s.settimeout(timeout)
            try:
                while piece := s.recv(65536):
                    if not received and not end:
                        s.shutdown(socket.SHUT_WR)  # all was said: nobody has to wait for more
                    received += piece
            except TimeoutError:
                pass
            return received

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(15)
        self.process.stdout.close()
        return self.process.returncode


def until(condition, what="the condition", seconds=15):
    """Waits for something that happens in another process."""
    end = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < end, f"timed out waiting for {what}"
        time.sleep(0.01)
    return value


class Loopback:
    """An HTTP server on loopback; `handle(handler)` answers each request of any method, on a thread of its connection,
    over the socket that `accepted(socket)` made of the connection's (TLS, a delay)."""

    def __init__(self, handle, accepted=lambda socket: socket):
        self.handle = handle

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True  # head and body are two writes: the second would wait 40 ms for an acknowledgement

            def handle_any(self):
                handle(self)

            do_GET = do_POST = do_PUT = do_DELETE = handle_any

            def log_message(self, *arguments):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 256

            def finish_request(self, request, client_address):
                super().finish_request(accepted(request), client_address)

            def handle_error(self, request, client_address):
                pass

        self.server = Server(("127.0.0.1", 0), Handler)
        self.port = self.server.server_port
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    @staticmethod
    def read(handler):
        """Method, target, headers (lower case) and body of the request."""
        raw = handler.rfile.read(int(handler.headers.get("content-length", 0)))
        return handler.command, handler.path, {k.lower(): v for k, v in handler.headers.items()}, raw

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


class Upstream:
    """A scripted upstream of one wire. `script(request) -> Reply` decides; every request is kept in `requests`."""

    def __init__(self, wire="openai-chat"):
        self.wire = wire
        self.requests = []
        self.script = lambda request: Reply.json(completion(request.body.get("model")))
        self.gone = queue.Queue()  # put when a client's connection ended in the middle of a stream
        upstream = self

        def handle(handler):
            request = Request(*Loopback.read(handler))
            upstream.requests.append(request)
            upstream.script(request).send(handler, upstream)

        self.server = Loopback(handle)
        self.port = self.server.port
        self.url = f"{self.server.url}/{'v1beta' if wire == 'gemini' else 'v1'}"

    def replies(self, *replies):
        """One reply for each request, the last one for all that follow."""
        rest = list(replies)
        self.script = lambda request: rest.pop(0) if len(rest) > 1 else rest[0]

    def says(self, *turns):
        """One turn (a list of speech.Text, Think, Call, Image) for each request, in the upstream's wire, streamed where a stream is asked."""
        import speech
        rest = list(turns)
        self.script = lambda request: speech.reply(self.wire, rest.pop(0) if len(rest) > 1 else rest[0], request.wants_stream)

    def stop(self):
        self.server.stop()


class Request:
    def __init__(self, method, path, headers, raw):
        self.method, self.path, self.headers, self.raw = method, path, headers, raw

    @property
    def body(self):
        return json.loads(self.raw)

    @property
    def wants_stream(self):
        return ":streamGenerateContent" in self.path or self.body.get("stream") is True


class Reply:
    def __init__(self, status=200, headers=None, body=b"", pieces=None, cut=False, pause=0.0, wait=None):
        self.status, self.headers, self.body = status, headers or {}, body
        self.pieces, self.cut, self.pause, self.wait = pieces, cut, pause, wait

    @classmethod
    def json(cls, value, status=200, headers=None):
        return cls(status, {"content-type": "application/json"} | (headers or {}), json.dumps(value).encode())

    @classmethod
    def stream(cls, pieces, **more):
        return cls(200, {"content-type": "text/event-stream"}, pieces=pieces, **more)

    def send(self, handler, upstream):
        if self.wait:
            self.wait()
        if self.status == 0:  # no reply at all
            handler.close_connection = True
            return
        handler.send_response(self.status)
        for name, value in self.headers.items():
            handler.send_header(name, value)
        if self.pieces is None:
            handler.send_header("content-length", str(len(self.body)))
            handler.end_headers()
            handler.wfile.write(self.body)
            return
        handler.send_header("transfer-encoding", "chunked")
        handler.end_headers()
        try:
            for piece in self.pieces:
                data = piece if isinstance(piece, bytes) else piece.encode()
                handler.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
                handler.wfile.flush()
                if self.pause:
                    time.sleep(self.pause)
            if self.cut:
                handler.close_connection = True
                handler.connection.shutdown(socket.SHUT_RDWR)
            else:
                handler.wfile.write(b"0\r\n\r\n")
        except OSError:
            upstream.gone.put(time.monotonic())
            handler.close_connection = True


def completion(model, text="Hello!", **message):
    return {
        "id": "chatcmpl-up", "object": "chat.completion", "created": 1700000000, "model": model,
        "choices": [{"index": 0, "message": {"role": "assistant", "content": text, **message}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5},
    }


def chunk(delta, finish=None, model="up-model", **more):
    value = {
        "id": "chatcmpl-up", "object": "chat.completion.chunk", "created": 1700000000, "model": model,
        "choices": [{"index": 0, "delta": delta, "finish_reason": finish}], **more,
    }
    return f"data: {json.dumps(value, separators=(',', ':'))}\n\n"


def usage_chunk(model="up-model"):
    value = {
        "id": "chatcmpl-up", "object": "chat.completion.chunk", "created": 1700000000, "model": model, "choices": [],
        "usage": {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5},
    }
    return f"data: {json.dumps(value, separators=(',', ':'))}\n\n"


DONE = "data: [DONE]\n\n"
HELLO = [chunk({"role": "assistant", "content": ""}), chunk({"content": "Hel"}), chunk({"content": "lo!"}), chunk({}, "stop"), usage_chunk(), DONE]


@pytest.fixture
def upstream():
    upstream = Upstream()
    yield upstream
    upstream.stop()


@pytest.fixture
def start(tmp_path):
    """Starts gateways; all of them are stopped at the end of the test."""
    running = []

    def start(config=None, **more):
        folder = tmp_path / str(len(running))
        folder.mkdir()
        apus = Apus(folder, config, **more)
        running.append(apus)
        return apus

    yield start
    for apus in running:
        apus.stop()


@pytest.fixture
def gateway(start, upstream):
    """A gateway with one key and the scripted upstream behind `local`, and the alias `fast`."""
    return start(config(upstream))


def config(upstream, **more):
    return {
        "keys": [{"name": "alice", "key": "sk-alice"}],
        "providers": [local(upstream)],
        "models": [{"id": "fast", "to": ["local/up-model"]}],
    } | more


def local(upstream, name="local", **more):
    return {"name": name, "wire": "openai-chat", "base_url": upstream.url, "key": "none", "models": ["up-model", {"id": "up-embed", "kind": "embedding"}]} | more


AUTH = {"authorization": "Bearer sk-alice"}


@pytest.fixture
def client(gateway):
    import openai
    return openai.OpenAI(base_url=gateway.url + "/v1", api_key="sk-alice", max_retries=0, timeout=20)


@pytest.fixture(scope="session")
def certificates(tmp_path_factory):
    """ca.pem, and server.pem with server.key for localhost and 127.0.0.1."""
    folder = tmp_path_factory.mktemp("certificates")

    def openssl(*arguments):
        subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)

    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", "/CN=test CA", "-keyout", "ca.key", "-out", "ca.pem")
    openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=localhost", "-keyout", "server.key", "-out", "server.csr")
    (folder / "names").write_text("subjectAltName=DNS:localhost,IP:127.0.0.1")
    openssl("x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2", "-extfile", "names", "-out", "server.pem")
    return folder
