"""Both ends of HTTP/1.1 as bytes, for what must pass unchanged: an upstream that keeps what came, and a client that keeps a connection."""
import socket
import threading


class Message:
    """One request or reply: `line`, `fields` (as they came, name and value), `raw` (the head's bytes), `body`, `trailers`, `interim`."""

    def __init__(self, raw, line, fields):
        self.raw, self.line, self.fields = raw, line, fields
        self.body, self.trailers, self.interim, self.is_whole = b"", [], [], True

    @property
    def status(self):
        return int(self.line.split(b" ")[1])

    def __getitem__(self, name):
        return next((value for key, value in self.fields if key.lower() == name.lower()), None)


class Reader:
    """Reads messages from a socket."""

    def __init__(self, s):
        self.socket, self.rest = s, b""

    def more(self):
        data = self.socket.recv(262144)
        self.rest += data
        return bool(data)

    def until(self, end):
        while end not in self.rest:
            if not self.more():
                return None
        piece, self.rest = self.rest.split(end, 1)
        return piece + end

    def count(self, count):
        while len(self.rest) < count:
            if not self.more():
                break
        piece, self.rest = self.rest[:count], self.rest[count:]
        return piece

    def head(self):
        raw = self.until(b"\r\n\r\n")
        if raw is None:
            return None
        line, *rest = raw[:-4].split(b"\r\n")
        return Message(raw, line, [tuple(part.strip() for part in field.split(b":", 1)) for field in rest])

    def message(self, is_reply=False, is_bodiless=False):
        """The next message with its body; nil where the connection ends before."""
        interim = []
        message = self.head()
        while message and is_reply and message.status < 200:
            interim.append(message)
            message = self.head()
        if message is None:
            return None
        message.interim = interim
        length = message[b"content-length"]
        if is_bodiless or is_reply and message.status in (204, 304):
            return message
        if message[b"transfer-encoding"]:
            message.is_whole = self.chunks(message)
        elif length is not None:
            message.body = self.count(int(length))
            message.is_whole = len(message.body) == int(length)
        elif is_reply:
            while self.more():
                pass
            message.body, self.rest = self.rest, b""
        return message

    def chunks(self, message):
        body = []
        while (line := self.until(b"\r\n")) is not None:
            size = int(line, 16)
            if size == 0:
                break
            piece = self.count(size + 2)
            body.append(piece[:size])
            if len(piece) < size + 2:
                line = None
                break
        message.body = b"".join(body)
        while line is not None and (line := self.until(b"\r\n")) not in (None, b"\r\n"):
            message.trailers.append(tuple(part.strip() for part in line.split(b":", 1)))
        return line is not None


def chunked(*pieces, trailers=b""):
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces if piece) + b"0\r\n" + trailers + b"\r\n"


class RawUpstream:
    """`script(message, socket)` gives the bytes of the reply, or None after it sent them by itself; False closes the connection."""

    def __init__(self):
        self.requests, self.connections = [], 0
        self.script = lambda request, s: b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
        self.gone = threading.Event()  # set when a connection ended
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.port = self.listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.acceptor = threading.Thread(target=self.accept, daemon=True)
        self.acceptor.start()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def serve(self, client):
        reader = Reader(client)
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            while request := reader.message():
                self.requests.append(request)
                reply = self.script(request, client)
                if reply is False:
                    break
                if reply:
                    client.sendall(reply)
        except OSError:
            pass
        client.close()
        self.gone.set()

    def stop(self):
        if self.listener.fileno() >= 0:
            # Closed under the thread's hands, its number could be another test's listener when the thread accepts.
            self.listener.shutdown(socket.SHUT_RDWR)
            self.acceptor.join()
            self.listener.close()


class RawClient(Reader):
    """A connection to the gateway."""

    def __init__(self, port, timeout=20):
        super().__init__(socket.create_connection(("127.0.0.1", port), timeout))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send(self, data):
        self.socket.sendall(data)

    def ask(self, data, **more):
        self.send(data)
        return self.message(is_reply=True, **more)

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
