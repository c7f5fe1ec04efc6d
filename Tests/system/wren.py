"""A chat web app of our own making, strict about everything a recipe has to get right: tokens that rotate, conversations that must
exist, signatures over the very bytes that were sent. And the recipe that speaks to it."""
import hashlib
import json
import queue
import time
import urllib.parse

from conftest import Loopback

RECIPE = r"""
apus: provider/v1
name: wren-web
origin: https://wren.example
hosts: [files.wren.example]
credentials: {REFRESH: {env: WREN_TOKEN, class: bearer}, SALT: {env: WREN_SALT, required: false}}
identity: {DEVICE: {header: x-device, make: digits 19}, USER_AGENT: {header: user-agent}}
models:
  - {id: wren, upstream: w1}
  - {id: wren-think, upstream: w1, set: {deep: true}}
  - {id: wren-search, upstream: w1, set: {web: true}}
vars:
  deep: {expr: thinking}
  web: {expr: search}
  nonce: hex 16
  now: now_ms
  turn: {make: counter, scope: session}
  sign: {expr: 'md5(header("x-time") + "-" + header("x-nonce") + "-" + rawbody + "-" + query("v"))'}
history: {policy: merge, template: "{role}: {content}\n", last_only_if_single: true}
limits: {concurrency: 1, min_interval_ms: 0, max_prompt_chars: 5000}
steps:
  - id: refresh
    scope: session
    redo_on: [auth_expired]
    request: {method: POST, url: "{{origin}}/auth/refresh", headers: {Authorization: "Bearer {{cred.REFRESH}}"}, body: {json: {}}}
    expect: {status: [200], when: {code: 0}}
    extract: {access: data.access, store: {REFRESH: data.refresh}}
    ttl_s: 900
  - id: create
    scope: conversation
    request: {method: POST, url: "{{origin}}/chat", headers: {Authorization: "Bearer {{access}}", X-Device: "{{identity.DEVICE}}"}, body: {json: {}}}
    expect: {when: {code: 0}}
    extract: {chat: [data.chat.id, data.id]}
  - id: upload
    scope: upload
    request:
      method: POST
      url: "{{origin}}/files"
      headers: {Authorization: "Bearer {{access}}"}
      body: {multipart: {kind: "image", file: {value: "{{file.bytes}}", filename: "{{file.name}}", type: "{{file.type}}"}}}
    extract: {file_ids: data.id}
  - id: ask
    scope: message
    request:
      method: POST
      url: "{{origin}}/chat/{{chat}}/ask"
      query: {v: "1 2", turn: "{{turn}}"}
      headers:
        X-Sign: "{{sign}}"
        X-Time: "{{now}}"
        X-Nonce: "{{nonce}}"
        X-Device: "{{identity.DEVICE}}"
        X-Salt: "{{cred.SALT}}"
        Authorization: "Bearer {{access}}"
        Cookie: "{{cookies}}"
      body:
        json: {q: "{{prompt}}", m: "{{model}}", deep: "{{deep}}", web: "{{web}}", files: "{{file_ids}}", extra: {$json: {v: 1, m: "{{model}}"}}}
    response:
      framing: sse
      emit:
        - {to: reasoning, when: {t: think}, path: d, mode: delta}
        - {to: text, when: {t: text}, path: d, mode: delta}
      references: [{when: {t: refs}, path: "list[*]", fields: {url: link, title: name}}]
      capture: {message: id}
      ignore: [{t: start}]
      finish: [{when: {t: end}, reason: stop}, {eof: truncated}]
      error: [{when: {t: error, code: busy}, as: overloaded, message: text}, {when: {t: error, code: slow}, as: rate_limited, message: text}]
errors:
  - {status: [401], as: auth_expired}
  - {status: [200], when: {code: 40003}, as: auth_expired}
  - {status: [200], when: {code: 40010}, as: muted, hold_s: 600}
  - {status: [200], when: {code: 40020}, as: banned}
  - {status: [429], as: rate_limited}
  - {content_type: [text/html], as: verification_required}
cleanup:
  - {when: on_cancel, request: {method: POST, url: "{{origin}}/chat/{{chat}}/stop", headers: {Authorization: "Bearer {{access}}"}, body: {json: {}}}}
  - {when: after_message, request: {method: DELETE, url: "{{origin}}/chat/{{chat}}", headers: {Authorization: "Bearer {{access}}"}}}
"""


class Wren:
    """The site. Every request is noted in `log` as (method, path without query)."""

    def __init__(self):
        self.refresh = {"refresh-0": 0}  # live refresh tokens and whose they are
        self.access = {}
        self.chats = {}
        self.made = 0
        self.log = []
        self.asked = []
        self.problems = []
        self.faults = []  # what the next answers are instead: (status, headers, body) or a list of frames
        self.refuses_refresh = False
        self.gone = queue.Queue()
        self.pause = 0.0
        self.running = 0
        self.most_running = 0
        self.starts = []
        site = self

        def handle(handler):
            *_, body = Loopback.read(handler)
            url = urllib.parse.urlsplit(handler.path)
            site.log.append((handler.command, url.path))
            try:
                site.answer(handler, url, body)
            except OSError:
                site.gone.put(url.path)
                handler.close_connection = True

        self.server = Loopback(handle)
        self.url = self.server.url

    def stop(self):
        self.server.stop()

    def send(self, handler, status, value, headers=None):
        data = value if isinstance(value, bytes) else json.dumps(value).encode()
        handler.send_response(status)
        for name, text in ({"content-type": "application/json"} | (headers or {})).items():
            handler.send_header(name, text)
        handler.send_header("content-length", str(len(data)))
        handler.end_headers()
        handler.wfile.write(data)

    def problem(self, text):
        self.problems.append(text)

    def account(self, handler):
        return self.access.get(handler.headers.get("authorization", "").removeprefix("Bearer "))

    def answer(self, handler, url, body):
        parts = url.path.strip("/").split("/")
        if url.path == "/auth/refresh":
            return self.renew(handler)
        if self.account(handler) is None:
            return self.send(handler, 200, {"code": 40003, "msg": "invalid token"})
        if url.path == "/chat":
            self.made += 1
            chat = f"chat-{self.made}/ü"  # must be encoded in a path
            self.chats[chat] = "open"
            return self.send(handler, 200, {"code": 0, "data": {"chat": {"id": chat}}}, {"set-cookie": f"sid=s{self.made}; Path=/; HttpOnly"})
        if url.path == "/files":
            if b'filename="' not in body or b"\x89PNG" not in body or b'name="kind"' not in body:
                self.problem("upload")
            return self.send(handler, 200, {"data": {"id": f"file-{self.log.count(('POST', '/files'))}"}})
        chat = urllib.parse.unquote(parts[1])
        if self.chats.get(chat) != "open":
            return self.send(handler, 404, {"code": 404})
        if handler.command == "DELETE":
            self.chats[chat] = "deleted"
            return self.send(handler, 200, {"code": 0})
        if parts[2] == "stop":
            return self.send(handler, 200, {"code": 0})
        self.starts.append(time.monotonic())
        self.running += 1
        self.most_running = max(self.most_running, self.running)
        try:
            self.ask(handler, url, body)
        finally:
            self.running -= 1

    def renew(self, handler):
        token = handler.headers.get("authorization", "").removeprefix("Bearer ")
        if token not in self.refresh or self.refuses_refresh:
            return self.send(handler, 401, {"code": 401, "msg": "log in"})
        account = self.refresh.pop(token)
        number = len(self.log)
        new = {"access": f"access-{account}-{number}", "refresh": f"refresh-{account}-{number}"}
        self.refresh[new["refresh"]] = account
        self.access[new["access"]] = account
        return self.send(handler, 200, {"code": 0, "data": new})

    def ask(self, handler, url, body):
        query = dict(urllib.parse.parse_qsl(url.query))
        nonce, stamp = handler.headers.get("x-nonce", ""), handler.headers.get("x-time", "")
        sign = hashlib.md5(f"{stamp}-{nonce}-".encode() + body + f"-{query.get('v')}".encode()).hexdigest()
        if handler.headers.get("x-sign") != sign:
            self.problem("signature")
        if query.get("v") != "1 2" or "v=1%202" not in url.query or len(nonce) != 16 or abs(time.time() * 1000 - int(stamp)) > 60000:
            self.problem("query, nonce or time")
        if handler.headers.get("cookie") != f"sid=s{self.made}":
            self.problem(f"cookie {handler.headers.get('cookie')}")
        asked = json.loads(body)
        if json.loads(asked["extra"]) != {"v": 1, "m": "w1"}:
            self.problem("extra")
        self.asked.append({"body": asked, "headers": {k.lower(): v for k, v in handler.headers.items()}, "query": query, "account": self.account(handler)})
        frames = [{"t": "start", "id": 7}]
        if asked["deep"]:
            frames += [{"t": "think", "d": "先"}, {"t": "think", "d": "想想"}]
        if asked["web"]:
            frames.append({"t": "refs", "list": [{"link": "https://a.example/1", "name": "甲"}]})
        frames += [{"t": "text", "d": "Hello"}, {"t": "text", "d": " 🗼!"}, {"t": "end"}]
        if self.faults:
            fault = self.faults.pop(0)
            if isinstance(fault, tuple):
                return self.send(handler, fault[0], fault[2], fault[1])
            frames = fault
        handler.send_response(200)
        handler.send_header("content-type", "text/event-stream")
        handler.send_header("transfer-encoding", "chunked")
        handler.end_headers()
        for frame in frames:
            if frame is None:  # the site hangs until the client goes
                while True:
                    self.piece(handler, ": wait\n\n")
                    time.sleep(0.01)
            self.piece(handler, f"data: {json.dumps(frame)}\n\n")
            time.sleep(self.pause)
        handler.wfile.write(b"0\r\n\r\n")

    def piece(self, handler, text):
        data = text.encode()
        handler.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
        handler.wfile.flush()
