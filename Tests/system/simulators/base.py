"""What the simulated sites share: the server, accounts, scripted answers, and keeping count of what a client did wrong."""
import base64
import dataclasses
import email.parser
import email.policy
import json
import queue
import secrets
import threading
import time
import traceback
import urllib.parse
import zlib

from conftest import Loopback, Reply


@dataclasses.dataclass
class Answer:
    """What a site says to one message, in what steps, and what goes wrong with it."""
    text: str = "Hello, 世界 🗼!"
    thinking: str = ""
    sources: tuple = ()  # of (title, url)
    trouble: str = ""  # one of the site's `troubles`
    pieces: int = 3  # in how many pieces each text comes
    pause: float = 0.0  # seconds before each piece
    hold: threading.Event | None = None  # nothing but signs of life between the first piece and this event


# What every site knows: an error behind the second piece, a connection that ends there, an orderly end without any text.
COMMON = {"mid_stream", "cut", "empty"}


class Refusal(Exception):
    """The reply to a request that the site doesn't take."""

    def __init__(self, reply):
        self.reply = reply


class Break(Exception):
    """The answer ends here."""


class Request:
    def __init__(self, method, target, headers, raw):
        self.method, self.target, self.headers, self.raw = method, target, headers, raw
        self.path, _, self.query_text = target.partition("?")
        self.query = dict(urllib.parse.parse_qsl(self.query_text, keep_blank_values=True))
        self.cookies = {}
        for pair in headers.get("cookie", "").split(";"):
            name, equals, value = pair.strip().partition("=")
            if equals:
                self.cookies[name] = value

    def __repr__(self):
        return f"{self.method} {self.target}"

    @property
    def bearer(self):
        scheme, _, token = self.headers.get("authorization", "").partition(" ")
        return token if scheme == "Bearer" else ""

    @property
    def json(self):
        return json.loads(self.raw)

    def file(self, field="file"):
        """Name, type and bytes of the one file of a form, or None."""
        head = f"content-type: {self.headers.get('content-type', '')}\r\n\r\n".encode()
        form = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(head + self.raw)
        for part in form.iter_parts() if form.is_multipart() else ():
            if part.get_param("name", header="content-disposition") == field and part.get_filename():
                return part.get_filename(), part.get_content_type(), part.get_payload(decode=True)


class Account:
    """One person's account: what it may, what it has, what was done with it."""

    def __init__(self, **values):
        self.script = None  # answers of its own; None: the site's
        self.conversations = {}  # those that exist
        self.deleted = []  # ids, in order
        self.stopped = []
        self.files = {}
        self.agent = ""  # the User-Agent that speaks for it
        self.prompts = []  # what was asked
        self.times = []  # when, monotonic seconds
        self.running = 0
        self.overlaps = 0  # messages that came while another ran
        self.expired = self.banned = False
        self.__dict__.update(values)


class Site:
    """One site. `account()` opens an account; `answers()` says what comes next; `refusals` tells what a client did wrong."""

    origin = ""  # the address of the real site's pages
    troubles = COMMON  # what can go wrong with an answer
    heartbeat = ": alive\n\n"
    compresses = False  # whether replies are in gzip for those who take it

    def __init__(self):
        self.requests, self.refusals, self.accounts = [], [], []
        self.script = [Answer()]
        self.nonces = set()
        self.gone = queue.Queue()  # put when a client left in the middle of an answer
        self.lock = threading.Lock()
        site = self

        def handle(handler):
            request = Request(*Loopback.read(handler))
            reply = site.respond(request)
            frames = reply.pieces
            try:
                zipped = site.compresses and "gzip" in request.headers.get("accept-encoding", "")
                (compressed(reply) if zipped else reply).send(handler, site)
            finally:
                if hasattr(frames, "close"):
                    frames.close()

        self.server = Loopback(handle)
        self.url = self.server.url

    def stop(self):
        self.server.stop()

    # Scripts

    def answers(self, *answers, account=None):
        """One answer for each message, the last one for all that follow; for one account or for all."""
        for answer in answers:
            assert not answer.trouble or answer.trouble in self.troubles, f"{answer.trouble!r} is none of {sorted(self.troubles)}"
        (account or self).script = list(answers)

    def asked(self, method, path):
        """The requests to a path."""
        return [request for request in self.requests if request.method == method and request.path == path]

    # What a gateway should make of an answer, whatever the site's framing does to it

    def content(self, answer):
        return answer.text

    def reasoning(self, answer):
        return answer.thinking

    def references(self, answer):
        return list(answer.sources)

    # Receiving

    def routes(self):
        """Function of a request by method and path; a path that ends in / takes all below it."""
        raise NotImplementedError

    def respond(self, request):
        self.requests.append(request)
        routes = self.routes()
        key = f"{request.method} {request.path}"
        route = routes.get(key) or next((f for k, f in routes.items() if k.endswith("/") and key.startswith(k)), None)
        try:
            self.need(request, route, "no such path", Reply.json({"message": "not found"}, 404))
            return route(request)
        except Refusal as refusal:
            return refusal.reply
        except Exception:
            self.refusals.append(f"{request}: {traceback.format_exc()}")
            return Reply.json({"message": "the simulator broke"}, 500)

    def malformed(self, why):
        """What the site replies to a request that lacks something."""
        return Reply.json({"message": why}, 400)

    def need(self, request, condition, why, reply=None):
        """Refuses the request unless the condition holds, and keeps what was wrong."""
        if not condition:
            self.refusals.append(f"{request.method} {request.path}: {why}")
            raise Refusal(reply or self.malformed(why))

    def need_headers(self, request, expected):
        """Each header has its value, or fits its predicate. The page's address may be the simulator's own."""
        for name, value in expected.items():
            got = request.headers.get(name)
            fits = got is not None and (value(got) if callable(value) else got.replace(self.url, self.origin) == value)
            self.need(request, fits, f"header {name}: {got!r}")

    def need_body(self, request, required, optional=None):
        """The JSON object of the body: each member fits its predicate, and there are no others."""
        self.need(request, request.headers.get("content-type", "").startswith("application/json"), "not JSON")
        try:
            body = request.json
        except ValueError:
            body = None
        self.need(request, isinstance(body, dict), "no JSON object")
        self.need_members(request, body, required, optional or {})
        return body

    def need_members(self, request, body, required, optional, at=""):
        for name, fits in required.items():
            self.need(request, name in body and fits(body[name]), f"member {at}{name}: {body.get(name)!r}", self.malformed(name))
        for name, value in body.items():
            known = name in required or (name in optional and optional[name](value))
            self.need(request, known, f"member {at}{name}: {value!r}", self.malformed(name))

    def need_agent(self, request, account, reply=None):
        """One constant User-Agent speaks for an account."""
        agent = request.headers.get("user-agent")
        self.need(request, agent, "no User-Agent", reply)
        account.agent = account.agent or agent
        self.need(request, agent == account.agent, f"another User-Agent: {agent}", reply)

    def need_fresh(self, request, nonce, reply=None):
        with self.lock:
            self.need(request, nonce and nonce not in self.nonces, f"used nonce {nonce!r}", reply)
            self.nonces.add(nonce)

    # Answering

    def begin(self, account, prompt, busy):
        """The answer to a message of an account; `busy` is replied while another answer of it runs."""
        with self.lock:
            account.prompts.append(prompt)
            account.times.append(time.monotonic())
            if account.running:
                account.overlaps += 1
                raise Refusal(busy)
            script = account.script or self.script
            return script.pop(0) if len(script) > 1 else script[0]

    def stream(self, account, answer, frames, content_type="text/event-stream; charset=utf-8"):
        """A reply of these frames. An answer that breaks ends in `broken`'s frames, or with the connection."""

        def run():
            account.running += 1
            try:
                yield from frames
            except Break:
                if answer.trouble == "mid_stream":
                    yield from self.broken()
            finally:
                account.running -= 1

        return Reply(200, {"content-type": content_type}, pieces=run(), cut=answer.trouble == "cut")

    def broken(self):
        """The frames with which the site breaks an answer off."""
        raise NotImplementedError

    def spread(self, answer, text, frame):
        """`frame(piece, number)` for each piece of a text, at the answer's pace."""
        for number, piece in enumerate(cut(text, answer.pieces)):
            if number == 1 and answer.trouble in ("mid_stream", "cut"):
                raise Break
            while number == 1 and answer.hold and not answer.hold.wait(0.05):
                yield self.heartbeat
            if answer.pause:
                time.sleep(answer.pause)
            yield frame(piece, number)


def compressed(reply):
    """The reply in gzip, each piece of its own."""
    coder = zlib.compressobj(wbits=31)

    def coded(pieces):
        for piece in pieces:
            yield coder.compress(piece if isinstance(piece, bytes) else piece.encode()) + coder.flush(zlib.Z_SYNC_FLUSH)
        yield coder.flush()

    headers = reply.headers | {"content-encoding": "gzip"}
    if reply.pieces is None:
        return Reply(reply.status, headers, b"".join(coded([reply.body])))
    return Reply(reply.status, headers, pieces=coded(reply.pieces), cut=reply.cut)


def cut(text, count):
    size = max(1, -(-len(text) // count))
    return [text[start:start + size] for start in range(0, len(text), size)]


def compact(value):
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def jwt(**claims):
    """A token that looks like a JWT; nobody signed it."""
    def part(value):
        return base64.urlsafe_b64encode(compact(value).encode()).rstrip(b"=").decode()
    return f"{part({'alg': 'HS256', 'typ': 'JWT'})}.{part(claims)}.{secrets.token_urlsafe(8)}"


def is_text(value):
    return isinstance(value, str) and value != ""


def is_bool(value):
    return isinstance(value, bool)


def is_int(value):
    return isinstance(value, int) and not isinstance(value, bool)


def one_of(*values):
    return lambda value: any(value == other and type(value) is type(other) for other in values)


def is_now(milliseconds, seconds=30):
    """Whether a time in milliseconds is the present one."""
    return abs(int(milliseconds) / 1000 - time.time()) < seconds
