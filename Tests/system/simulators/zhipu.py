"""chatglm.cn, after its protocol notes."""
import hashlib
import re
import secrets
import time
import uuid

from conftest import Reply

from .base import COMMON, Account, Site, compact, cut, is_bool, is_now, is_text, jwt, one_of

SECRET = "8a1317a7468aa3ad86e997d08f3f31cb"
MAIN = "65940acff94777010aa6b796"
API = "/chatglm"


def envelope(status=0, message="success", result=None, http=200):
    return Reply.json({"status": status, "message": message, "result": result, "rid": "0" * 32}, http)


NEEDS_LOGIN = envelope(40103, "user needs login", http=401)


def stamp(milliseconds):
    """The time with its check digit."""
    digits = [int(digit) for digit in str(milliseconds)]
    return f"{str(milliseconds)[:11]}{(sum(digits) - digits[11]) % 10}{digits[12]}"


def sign(stamp, nonce):
    return hashlib.md5(f"{stamp}-{nonce}-{SECRET}".encode()).hexdigest()


class Zhipu(Site):
    origin = "https://chatglm.cn"
    # rate_limit: its exact form is unknown; blocked: HTTP 200 with an empty body.
    troubles = COMMON | {"rate_limit", "rate_message", "content_filter", "blocked"}

    def __init__(self):
        super().__init__()
        self.refuse_refresh = False
        self.snapshots = False  # frames that hold all text so far (2024 to mid 2026), else new text and at last all

    def account(self, kind="refresh", **more):
        account = Account(user=secrets.token_hex(12), device=secrets.token_hex(16), sent_device="", **more)
        self.renew(account)
        account.credential = account.refresh if kind == "refresh" else account.access
        self.accounts.append(account)
        return account

    def renew(self, account):
        now = int(time.time())
        claims = {"uid": account.user, "sub": "demo", "device_id": account.device, "iat": now, "jti": secrets.token_hex(4)}
        account.access, account.refresh = jwt(**claims, type="access", exp=now + 86400), jwt(**claims, type="refresh", exp=now + 180 * 86400)
        account.expired = False

    def routes(self):
        return {
            f"POST {API}/user-api/user/refresh": self.refresh, f"GET {API}/user-api/user/info": self.info,
            f"POST {API}/backend-api/assistant/stream": self.ask, f"POST {API}/mainchat-api/stream/stop_stream": self.stop_stream,
            f"POST {API}/mainchat-api/conversation/bulk_delete": self.bulk_delete,
            f"POST {API}/backend-api/assistant/conversation/delete": self.delete, f"POST {API}/backend-api/assistant/file_upload": self.upload,
        }

    def malformed(self, why):
        return envelope(40000, f"invalid {why}")

    def need_signature(self, request):
        refused = envelope(40001, "signature error")
        time, nonce = request.headers.get("x-timestamp", ""), request.headers.get("x-nonce", "")
        self.need(request, re.fullmatch(r"\d{13}", time) and stamp(time) == time, f"check digit of {time!r}", refused)
        self.need(request, is_now(time), f"time {time}", refused)
        self.need(request, re.fullmatch(r"[0-9a-f]{32}", nonce), f"nonce {nonce!r}", refused)
        self.need(request, request.headers.get("x-sign") == sign(time, nonce), "wrong x-sign", refused)
        self.need_fresh(request, nonce, refused)

    def common(self, request, account):
        self.need_agent(request, account)
        self.need_headers(request, {
            "app-name": "chatglm", "x-app-platform": "pc", "x-app-version": "0.0.1", "x-app-fr": one_of("default", "browser_extension"), "x-lang": "zh",
            "x-request-id": lambda v: re.fullmatch(r"[0-9a-f]{32}", v), "origin": self.origin, "x-device-id": lambda v: re.fullmatch(r"[0-9a-f]{32}", v)})
        # Best the token's own, but any does as long as it stays the same.
        account.sent_device = account.sent_device or request.headers["x-device-id"]
        self.need(request, request.headers["x-device-id"] == account.sent_device, "another x-device-id than before")
        self.need_fresh(request, request.headers["x-request-id"])

    def refresh(self, request):
        self.need_signature(request)
        account = next((a for a in self.accounts if a.refresh == request.bearer), None)
        self.need(request, account and not self.refuse_refresh, "unknown refresh token", envelope(40102, "40102 token expired"))
        self.common(request, account)
        self.need_body(request, {})
        with self.lock:
            self.renew(account)
        return envelope(result={"user_id": account.user, "access_token": account.access, "refresh_token": account.refresh, "is_guest": False, "mode": 1})

    def member(self, request, signed=True):
        if signed:
            self.need_signature(request)
        account = next((a for a in self.accounts if a.access == request.bearer), None)
        self.need(request, account and not account.expired, "unknown access token", NEEDS_LOGIN)
        if signed:
            self.common(request, account)
        return account

    def info(self, request):
        account = self.member(request)
        return envelope(result={"_id": account.user, "nickname": "demo", "is_guest": False, "member_info": {"left_score": 1}, "block_info": {"blocked": account.banned}})

    def ask(self, request):
        account = self.member(request)
        self.need_headers(request, {"accept": "text/event-stream", "content-type": lambda v: v.lower().replace(" ", "") == "application/json;charset=utf-8",
                                    "referer": lambda v: "/main/" in v})
        body = self.need_body(request, {
            "assistant_id": lambda v: re.fullmatch(r"[0-9a-f]{24}", v), "conversation_id": lambda v: isinstance(v, str), "project_id": one_of(""),
            "chat_type": one_of("user_chat"), "messages": lambda v: len(v) == 1 and v[0].get("role") == "user", "meta_data": lambda v: isinstance(v, dict)})
        self.need_members(request, body["meta_data"], {"channel": one_of(""), "draft_id": one_of(""), "input_question_type": one_of("xxxx"),
                                                       "is_test": one_of(False), "platform": one_of("pc"), "quote_log_id": one_of("")}, {
            "chat_mode": one_of("", "thinking", "deep_thinking", "zero", "deep_research"), "selected_model": is_text, "reasoning_effort": is_text,
            "is_networking": is_bool, "if_plus_model": one_of(True), "cogview": lambda v: v.get("rm_label_watermark") is False}, "meta_data.")
        parts = body["messages"][0]["content"]
        self.need(request, all(part.get("type") in ("text", "file", "image") for part in parts), f"content {parts}")
        for part in parts:
            for file in part.get("image", []) + part.get("file", []):
                uploaded = account.files.get(file.get("source_id"))
                self.need(request, uploaded and uploaded.items() <= file.items(), "a file that was not uploaded")
        prompt = "".join(part["text"] for part in parts if part["type"] == "text")
        self.need(request, is_text(prompt), "no text")
        nothing = Reply(200, {"content-type": "application/json"}, b"")
        known = account.conversations.get(body["conversation_id"])
        self.need(request, body["conversation_id"] == "" or known == body["assistant_id"], "unknown conversation", nothing)
        answer = self.begin(account, prompt, envelope(42900, "请求过于频繁", http=429))
        match answer.trouble:
            case "rate_limit": return envelope(42900, "too many requests", http=429)
            case "rate_message": return envelope(10061, "您的使用过于频繁，请稍后再试")
            case "blocked": return nothing
        conversation, message = body["conversation_id"] or secrets.token_hex(12), secrets.token_hex(12)
        account.conversations[conversation] = body["assistant_id"]
        return self.stream(account, answer, self.frames(body, conversation, message, answer))

    def broken(self):
        error = {"error_code": 10024, "err_msg": "generator exit"}
        yield data({"id": "0", "conversation_id": "0", "assistant_id": MAIN, "parts": [], "status": "error", "error": error, "last_error": error})

    def frames(self, body, conversation, message, answer):
        meta = body["meta_data"]

        def frame(*parts, status="init", last_error=None):
            return data({"id": message, "conversation_id": conversation, "assistant_id": body["assistant_id"], "parts": list(parts),
                         "created_at": "2026-09-29 10:00:00", "meta_data": {}, "status": status, "last_error": last_error or {}})

        def part(logic, item, status, **more):
            return {"id": message, "logic_id": logic, "role": "assistant", "content": [item | {"status": status}], "model": "moe_53f", "recipient": "all",
                    "created_at": "2026-09-29 10:00:00", "meta_data": more, "status": status}

        def growing(kind, text):
            logic, pieces = str(uuid.uuid4()), cut(text, answer.pieces)
            yield from self.spread(answer, text, lambda piece, n: frame(
                part(logic, {"type": kind, kind: "".join(pieces[:n + 1]) if self.snapshots else piece}, "init")))
            if answer.trouble != "content_filter":
                yield frame(part(logic, {"type": kind, kind: text}, "finish"))

        yield frame()
        if answer.sources and meta.get("is_networking"):
            results = [{"match_key": f"turn0search{i}", "title": title, "url": url, "snippet": "…"} for i, (title, url) in enumerate(answer.sources)]
            yield frame(part(str(uuid.uuid4()), {"type": "tool_calls", "tool_calls": {"name": "search", "arguments": "{}"}}, "finish"))
            yield frame(part(str(uuid.uuid4()), {"type": "tool_result", "content": ""}, "finish", tool_result_extra={"tool_call_id": "call_1", "search_results": results}))
        if answer.thinking and meta.get("chat_mode"):
            yield from growing("think", answer.thinking)
        if answer.trouble != "empty":
            yield from growing("text", answer.text)
        if answer.trouble == "content_filter":
            yield frame(status="intervene", last_error={"intervene_text": "换个话题聊聊吧。"})
        else:
            yield frame(status="finish")

    def stop_stream(self, request):
        account = self.member(request)
        account.stopped.append(self.need_body(request, {"history_id": is_text})["history_id"])
        return envelope()

    def bulk_delete(self, request):
        account = self.member(request)
        body = self.need_body(request, {"conversation_ids": lambda v: isinstance(v, list) and v, "assistant_id": is_text})
        return self.deleted(request, account, body["conversation_ids"], body["assistant_id"])

    def delete(self, request):
        account = self.member(request)
        body = self.need_body(request, {"conversation_id": is_text, "assistant_id": is_text})
        return self.deleted(request, account, [body["conversation_id"]], body["assistant_id"])

    def deleted(self, request, account, ids, assistant):
        for id in ids:
            self.need(request, account.conversations.get(id) == assistant, f"unknown conversation {id}")
            del account.conversations[id]
            account.deleted.append(id)
        return envelope()

    def upload(self, request):
        account = self.member(request, signed="x-sign" in request.headers)
        file = request.file()
        self.need(request, file and file[1].startswith("image/") and file[2], "no picture in field file")
        result = {"source_id": secrets.token_hex(12), "file_url": f"https://files.example.org/{secrets.token_hex(4)}", "width": 1, "height": 1}
        account.files[result["source_id"]] = result
        return envelope(result={**result, "file_name": file[0]})


def data(value):
    return f"event:message\ndata: {compact(value)}\n\n"
