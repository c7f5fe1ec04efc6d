"""An HTTP/2 upstream that does what a test says, also what no honest server does. TLS with ALPN, on loopback."""
import contextlib
import json
import socket
import ssl
import threading

import h2.config
import h2.connection
import h2.errors
import h2.events
import h2.exceptions
import h2.settings

from conftest import completion


class H2Upstream:
    """`script(exchange)` answers a request, on a thread of its own; `hello(connection)` is called with the first settings.
    Every connection and every exchange is kept."""

    def __init__(self, certificates, settings=None):
        self.connections, self.exchanges = [], []
        self.settings = settings or {}
        self.answers_heads = False  # whether a request is answered before its body is read
        self.script = lambda exchange: exchange.json(completion("up-model"))
        self.hello = lambda connection: None
        self.gate = None  # an event that TLS handshakes wait for
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(certificates / "server.pem", certificates / "server.key")
        self.context.set_alpn_protocols(["h2"])
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.port = self.listener.getsockname()[1]
        self.acceptor = threading.Thread(target=self.accept, daemon=True)
        self.acceptor.start()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            connection = Connection(self, client, len(self.connections) + 1)
            self.connections.append(connection)
            threading.Thread(target=connection.run, daemon=True).start()

    def stop(self):
        # Closed under the thread's hands, its number could be another test's listener when the thread accepts.
        self.listener.shutdown(socket.SHUT_RDWR)
        self.acceptor.join()
        self.listener.close()
        for connection in self.connections:
            connection.close()


class Connection:
    def __init__(self, upstream, client, number):
        self.upstream, self.socket, self.number = upstream, client, number
        self.h2 = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False, header_encoding="utf-8"))
        self.changed = threading.Condition()  # also guards `h2`
        self.exchanges = {}
        self.most_open = 0
        self.has_ended = threading.Event()

    def run(self):
        if self.upstream.gate:
            self.upstream.gate.wait(20)
        try:
            self.socket = self.upstream.context.wrap_socket(self.socket, server_side=True)
            with self.changed:
                self.h2.initiate_connection()
                self.upstream.hello(self)
                self.h2.update_settings(self.upstream.settings)
                self.flush()
            while data := self.socket.recv(65536):
                with self.changed:
                    for event in self.h2.receive_data(data):
                        self.handle(event)
                    self.flush()
                    self.changed.notify_all()
        except (OSError, h2.exceptions.ProtocolError):
            pass
        with self.changed:
            self.has_ended.set()
            self.changed.notify_all()
        self.close()
        self.socket.close()

    def handle(self, event):
        exchange = self.exchanges.get(getattr(event, "stream_id", None))
        match event:
            case h2.events.RequestReceived():
                exchange = Exchange(self, event.stream_id, dict(event.headers))
                self.exchanges[event.stream_id] = exchange
                open_ones = sum(e.is_open for e in self.exchanges.values())
                if open_ones > self.upstream.settings.get(h2.settings.SettingCodes.MAX_CONCURRENT_STREAMS, 1000):
                    # Opened before it knew of the limit.
                    exchange.is_open, exchange.is_asked = False, True
                    return self.h2.reset_stream(event.stream_id, h2.errors.ErrorCodes.REFUSED_STREAM)
                self.most_open = max(self.most_open, open_ones)
                self.upstream.exchanges.append(exchange)
            case h2.events.DataReceived():
                exchange.body += event.data
                exchange.unread += event.flow_controlled_length
                if not exchange.holds_back:
                    exchange.acknowledge()
            case h2.events.StreamEnded():
                exchange.has_all = True
            case h2.events.StreamReset():
                exchange.error = event.error_code
                exchange.is_open = False
        is_asked = isinstance(event, h2.events.RequestReceived) and self.upstream.answers_heads or isinstance(event, h2.events.StreamEnded)
        if is_asked and not exchange.is_asked:
            exchange.is_asked = True
            threading.Thread(target=exchange.run, daemon=True).start()

    def flush(self):
        if data := self.h2.data_to_send():
            self.socket.sendall(data)

    def raw(self, data):
        """Bytes that the library would not send."""
        with self.changed:
            self.flush()
            self.socket.sendall(data)

    def goaway(self, last):
        self.raw(frame(7, last.to_bytes(4, "big") + bytes(4)))

    def close(self):
        """Without a goodbye. The thread that reads closes it: closed under its hands, its number could be another socket's when it reads."""
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)


class Exchange:
    def __init__(self, connection, number, headers):
        self.connection, self.number, self.headers = connection, number, headers
        self.body = b""
        self.error = None  # of a RST_STREAM that came
        self.is_open, self.is_asked, self.has_all = True, False, False
        self.holds_back = connection.upstream.answers_heads
        self.sent = self.unread = 0

    def run(self):
        try:
            self.connection.upstream.script(self)
        except (OSError, h2.exceptions.ProtocolError):
            pass

    def head(self, status=200, end=False, **fields):
        self.say(lambda h: h.send_headers(self.number, [(":status", str(status))] + [(k.replace("_", "-"), v) for k, v in fields.items()], end))

    def data(self, data, end=False, padding=None):
        """Waits for the window; False when the stream or the connection has ended before."""
        changed, h = self.connection.changed, self.connection.h2
        data = data.encode() if isinstance(data, str) else data
        while True:
            with changed:
                extra = 0 if padding is None else padding + 1
                changed.wait_for(lambda: self.is_gone or h.local_flow_control_window(self.number) > extra, 20)
                if self.is_gone:
                    return False
                count = min(h.local_flow_control_window(self.number) - extra, h.max_outbound_frame_size - extra, len(data))
                piece, data = data[:count], data[count:]
                h.send_data(self.number, piece, end and not data, padding)
                self.connection.flush()
                self.sent += count
                self.is_open = not (end and not data)
            if not data:
                return True

    def json(self, value, status=200):
        self.head(status, content_type="application/json")
        self.data(json.dumps(value), end=True)

    def stream(self, pieces, end=True, **more):
        self.head(content_type="text/event-stream")
        for piece in pieces:
            if not self.data(piece, **more):
                return
        if end:
            self.data(b"", end=True)

    def acknowledge(self):
        if self.unread:
            self.connection.h2.acknowledge_received_data(self.unread, self.number)
        self.unread = 0

    def read_on(self):
        """Opens the windows that stayed closed because of `answers_heads`."""
        self.holds_back = False
        self.say(lambda h: self.acknowledge())

    def reset(self, code):
        self.is_open = False
        self.say(lambda h: h.reset_stream(self.number, code))

    def say(self, what):
        with self.connection.changed:
            what(self.connection.h2)
            self.connection.flush()

    @property
    def is_gone(self):
        return self.error is not None or self.connection.has_ended.is_set()

    def window(self):
        with self.connection.changed:
            return self.connection.h2.local_flow_control_window(self.number)

    def wait_until_gone(self, seconds=10):
        with self.connection.changed:
            return self.connection.changed.wait_for(lambda: self.is_gone, seconds)


def frame(kind, payload=b"", flags=0, stream=0):
    """One frame as it goes over the wire. Source: RFC 9113 §4.1."""
    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload
