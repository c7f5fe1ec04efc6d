"""www.kimi.com, after its protocol notes: the Connect generation, the refresh and the upload calls."""
import json
import re
import secrets
import time

from conftest import Reply

from .base import COMMON, Account, Site, compact, is_bool, is_text, jwt, one_of

GATEWAY = "/apiv2/kimi.gateway.chat.v1.ChatService"
SCENARIOS = {"SCENARIO_K2D5", "SCENARIO_K2D6", "SCENARIO_K2_THINKING", "SCENARIO_K2", "SCENARIO_K1D5", "SCENARIO_K1", "SCENARIO_OK_COMPUTER",
             "SCENARIO_SEARCH", "SCENARIO_RESEARCH"}
MARK, REF, END = "\ue3a0", "\ue3a3", "\ue3a8"


def envelope(value, flags=0):
    data = compact(value).encode()
    return bytes([flags]) + len(data).to_bytes(4, "big") + data


def failure(code, reason, message, **debug):
    debug = {"reason": reason, "localizedMessage": {"locale": "zh-CN", "message": message}, **debug}
    return {"error": {"code": code, "details": [{"type": "example.ErrorInfo", "debug": debug}]}}


def stream_error(error):
    """The end of a stream of Connect: HTTP says 200."""
    return Reply(200, {"content-type": "application/connect+json"}, pieces=[envelope(error, 2)])


UNAUTHENTICATED = failure("unauthenticated", "REASON_INVALID_AUTH_TOKEN", "登录已过期，请重新登录")
ERRORS = {
    "rate_limit": failure("resource_exhausted", "REASON_QUOTA_EXAMPLE", "本时段额度已用完"),
    "overloaded": failure("resource_exhausted", "REASON_SERVER_OVERLOADED_FOR_FREE_USER", "当前使用人数较多，请稍后再试"),
    "paywall": failure("resource_exhausted", "REASON_PAYWALL_EXAMPLE", "该功能需要会员", paywall={"type": "PAYWALL_EXAMPLE"}),
    "banned": failure("permission_denied", "REASON_EXAMPLE", "账号已被限制"),
    "timeout": failure("deadline_exceeded", "REASON_EXAMPLE", "timeout"),
}


class Kimi(Site):
    origin = "https://www.kimi.com"
    troubles = COMMON | set(ERRORS) | {"throttled"}
    heartbeat = envelope({"heartbeat": {}})

    def __init__(self):
        super().__init__()
        self.refuse_refresh = False
        self.marks = True  # whether the text of a search has its private marks

    def account(self, expires_in=30 * 86400, kind="refresh", **more):
        """An account; its credential is its refresh token, or with `kind="access"` only the other."""
        number = len(self.accounts)
        account = Account(user=f"u{number}example0000000000", device=str(7000000000000000001 + number), ssid=str(1700000000000000001 + number), **more)
        self.renew(account, expires_in)
        account.credential = account.refresh if kind == "refresh" else account.access
        self.accounts.append(account)
        return account

    def renew(self, account, expires_in=30 * 86400):
        now = int(time.time())
        common = {"app_id": "kimi", "sub": account.user, "iat": now}
        account.access = jwt(**common, typ="access", exp=now + expires_in, ssid=account.ssid, device_id=account.device, region="cn", jti=secrets.token_hex(4))
        account.refresh = jwt(**common, typ="refresh", exp=now + 90 * 86400, jti=secrets.token_hex(4))
        account.expired = False

    def routes(self):
        return {
            "GET /api/auth/token/refresh": self.refresh, f"POST {GATEWAY}/Chat": self.chat,
            "POST /apiv2/kimi.chat.v1.ChatService/DeleteChat": self.delete,
            "POST /apiv2/kimi.gateway.order.v1.SubscriptionService/GetSubscription": self.subscription,
            "POST /api/pre-sign-url": self.pre_sign, "PUT /storage/": self.put, "POST /api/file": self.register_file,
        }

    def refresh(self, request):
        account = next((a for a in self.accounts if a.refresh == request.bearer), None)
        dead = Reply.json({"error_type": "auth.token.invalid", "message": "token invalid"}, 401)
        self.need(request, account and not self.refuse_refresh, "unknown refresh token", dead)
        self.need_agent(request, account)
        with self.lock:
            self.renew(account)
        return Reply.json({"access_token": account.access, "refresh_token": account.refresh})

    def member(self, request, refused):
        account = next((a for a in self.accounts if a.access == request.bearer), None)
        self.need(request, account and not account.expired, "unknown access token", refused)
        self.need_agent(request, account, refused)
        # Not needed by the site, but where they are sent they are the token's own.
        for name, value in (("x-msh-device-id", account.device), ("x-msh-session-id", account.ssid), ("x-traffic-id", account.user)):
            self.need(request, request.headers.get(name, value) == value, f"{name} of somebody else")
        self.need(request, "x-msh-shield-data" not in request.headers, "an invented x-msh-shield-data")
        return account

    def unary(self, request):
        refused = Reply.json({"code": "unauthenticated"}, 401)
        account = self.member(request, refused)
        self.need_headers(request, {"connect-protocol-version": "1"})
        return account

    def subscription(self, request):
        account = self.unary(request)
        self.need_body(request, {})
        return Reply.json({"subscription": {"userId": account.user, "userName": "demo"}})

    def delete(self, request):
        account = self.unary(request)
        chat = self.need_body(request, {"chat_id": is_text})["chat_id"]
        self.need(request, account.conversations.pop(chat, None) is not None, f"unknown chat {chat}", Reply.json({"code": "not_found"}, 404))
        account.deleted.append(chat)
        return Reply.json({})

    def chat(self, request):
        account = self.member(request, stream_error(UNAUTHENTICATED))
        self.need_headers(request, {"content-type": "application/connect+json", "connect-protocol-version": "1", "origin": self.origin,
                                    "referer": self.origin + "/"})
        self.need(request, request.cookies == {"kimi-auth": account.access}, "other cookies than kimi-auth", stream_error(UNAUTHENTICATED))
        self.need(request, "connect-accept-encoding" not in request.headers, "announces compressed envelopes")
        body = self.unwrap(request)
        invalid = stream_error({"error": {"code": "invalid_argument", "message": "invalid"}})
        fits = isinstance(body, dict) and self.fits(body, account)
        self.need(request, fits is True, f"invalid_argument: {fits}", invalid)
        prompt = "".join(block["text"]["content"] for block in body["message"]["blocks"] if "text" in block)
        answer = self.begin(account, prompt, stream_error(ERRORS["rate_limit"]))
        if answer.trouble == "throttled":
            return Reply.json({"message": "too many requests"}, 429)
        if answer.trouble == "overloaded":  # the end may come before the error
            return Reply(200, {"content-type": "application/connect+json"},
                         pieces=[self.heartbeat, envelope({"done": {}}), envelope(ERRORS["overloaded"], 2)])
        if answer.trouble in ERRORS:
            return stream_error(ERRORS[answer.trouble])
        chat = body.get("chat_id") or "c" + secrets.token_hex(9)
        account.conversations[chat] = "m" + secrets.token_hex(4)
        return self.stream(account, answer, self.frames(chat, account.conversations[chat], body, answer), "application/connect+json")

    def unwrap(self, request):
        """The object in exactly one envelope."""
        raw = request.raw
        if len(raw) < 5 or raw[0] != 0 or int.from_bytes(raw[1:5], "big") != len(raw) - 5:
            return None
        return json.loads(raw[5:])

    def fits(self, body, account):
        """True, or what is wrong with the question."""
        message, options = body.get("message"), body.get("options")
        if body.get("scenario") not in SCENARIOS or not isinstance(message, dict) or not isinstance(options, dict):
            return "scenario, message or options"
        if message.get("scenario") != body["scenario"] or message.get("role") != "user" or not is_bool(options.get("thinking")):
            return "scenario, role or thinking"
        if not set(body) <= {"scenario", "chat_id", "kimiplusId", "tools", "message", "options", "project_id"}:
            return f"members {list(body)}"
        if body.get("tools", []) not in ([], [{"type": "TOOL_TYPE_SEARCH", "search": {}}]):
            return "tools"
        chat, parent = body.get("chat_id"), message.get("parent_id")
        if (chat is not None and chat not in account.conversations) or (parent is not None and parent != account.conversations.get(chat)):
            return "chat_id or parent_id: unknown, or empty"
        blocks = message.get("blocks")
        if not isinstance(blocks, list) or not blocks or not is_text(blocks[0].get("text", {}).get("content")):
            return "no text"
        files = [block["file"]["id"] for block in blocks[1:] if "file" in block]
        return all(account.files.get(file) == "uploaded" for file in files) or "unknown file"

    def broken(self):
        yield envelope({"error": {"code": "unavailable", "message": "upstream connection lost"}}, 2)

    def frames(self, chat, message, body, answer):
        offset = iter(range(1, 1 << 30))

        def event(op, mask, **value):
            return envelope({"op": op, "mask": mask, "eventOffset": next(offset), **value})

        yield event("set", "chat", chat={"id": chat, "name": "未命名", "createTime": "2026-11-20T08:00:00Z"})
        yield event("set", "message", message={"id": "m0user", "role": "user", "status": "MESSAGE_STATUS_COMPLETED", "scenario": body["scenario"]})
        yield event("set", "message", message={"id": message, "parentId": "m0user", "role": "assistant", "status": "MESSAGE_STATUS_GENERATING"})
        yield self.heartbeat
        text = answer.text
        if answer.sources and body.get("tools"):
            chunks = [{"id": f"s{i}", "base": {"title": title, "url": url, "siteName": "example", "snippet": "…"}, "refIndex": f"web_search:1#{i}"}
                      for i, (title, url) in enumerate(answer.sources)]
            yield event("set", "block.tool", block={"id": "0", "tool": {"toolCallId": "web_search:1", "args": "", "status": "STATUS_RUNNING"}})
            yield event("set", "block.tool.contents", block={"id": "0", "tool": {
                "toolCallId": "web_search:1", "status": "STATUS_DONE", "contents": [{"searchResult": chunk} for chunk in chunks]}})
            yield event("set", "message.refs.searchChunks", message={"id": message, "refs": {"searchChunks": chunks}})
            text += MARK + "cite" + "".join(REF + chunk["refIndex"] for chunk in chunks) + END if self.marks else ""
        parts = [("think", answer.thinking)] if answer.thinking and body["options"]["thinking"] else []
        parts += [("text", text)] if answer.trouble != "empty" else []
        for index, (kind, whole) in enumerate(parts, 1):
            yield from self.spread(answer, whole, lambda piece, number, kind=kind, index=index: event(
                "append" if number else "set", f"block.{kind}.content" if number else f"block.{kind}",
                block={"id": str(index), kind: {"content": piece}}))
        if answer.trouble != "empty":
            yield event("set", "message.status", message={"id": message, "role": "assistant", "status": "MESSAGE_STATUS_COMPLETED"})
            yield envelope({"done": {}})
        yield envelope({}, 2)

    # Pictures

    def pre_sign(self, request):
        account = self.member(request, Reply.json({"error_type": "auth.token.invalid", "message": ""}, 401))
        body = self.need_body(request, {"action": one_of("image", "file"), "name": is_text}, {"size": lambda v: isinstance(v, int)})
        id = secrets.token_hex(8)
        account.files[id] = body.get("size")
        return Reply.json({"url": f"{self.url}/storage/{id}?signature={secrets.token_hex(8)}", "object_name": id, "file_id": id})

    def put(self, request):
        id = request.path.rsplit("/", 1)[1]
        account = next((a for a in self.accounts if id in a.files), None)
        self.need(request, account and re.fullmatch(r"image/\w+", request.headers.get("content-type", "")), "unknown place, or no picture")
        self.need(request, not request.bearer and "cookie" not in request.headers, "a credential goes to the storage")
        self.need(request, account.files[id] in (None, len(request.raw)) and request.raw, "another size than said")
        account.files[id] = "put"
        return Reply(200)

    def register_file(self, request):
        account = self.member(request, Reply.json({"error_type": "auth.token.invalid", "message": ""}, 401))
        body = self.need_body(request, {"type": one_of("image"), "name": is_text, "file_id": is_text},
                              {"size": lambda v: isinstance(v, int), "object_name": is_text})
        self.need(request, account.files.get(body["file_id"]) == "put", "a file that was not put")
        account.files[body["file_id"]] = "uploaded"
        return Reply.json({"id": body["file_id"], "status": "initialized"})
