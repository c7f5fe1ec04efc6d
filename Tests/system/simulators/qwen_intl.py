"""chat.qwen.ai, after its protocol notes: intl-v2."""
import re
import secrets
import time
import uuid

from conftest import Reply

from .base import COMMON, Account, Site, compact, cut, is_bool, is_int, is_text, jwt, one_of

OPAQUE = ("bx-umidtoken", "bx-ua", "bx-v")


def failure(code, details, status=200):
    return Reply.json({"success": False, "request_id": "x", "data": {"code": code, "details": details}}, status)


UNAUTHORIZED = failure("Unauthorized", "token expired")
WALL = Reply(200, {"content-type": "text/html"}, b"<!doctype html><html><script>var aliyun_waf='baxia'</script></html>")


class QwenIntl(Site):
    origin = "https://chat.qwen.ai"
    # verification: the page of its wall, which comes also when `wall` wants opaque headers that a request lacks.
    troubles = COMMON | {"rate_limit", "rate_429", "verification", "content_filter"}

    def __init__(self):
        super().__init__()
        self.summary = False  # reasoning as growing paragraphs
        self.wall = False

    def account(self, expires_in=7 * 86400, cookies=None, **more):
        account = Account(token=jwt(id=secrets.token_hex(8), email="demo@example.org", exp=int(time.time()) + expires_in), capture={}, **more)
        account.cookies = {"token": account.token, **cookies} if cookies else {}
        account.credential = "; ".join(f"{k}={v}" for k, v in account.cookies.items()) if cookies else account.token
        self.accounts.append(account)
        return account

    def routes(self):
        return {"POST /api/v2/chats/new": self.create, "POST /api/v2/chat/completions": self.completion, "DELETE /api/v2/chats/": self.delete,
                "GET /api/models": self.models, "GET /api/v1/auths/": self.auths, "GET /api/v2/user/info": self.auths}

    def malformed(self, why):
        return failure("Bad_Request", f"invalid {why}")

    def member(self, request):
        account = next((a for a in self.accounts if a.token == request.bearer), None)
        self.need(request, account and not account.expired, "unknown token", UNAUTHORIZED)
        self.need_agent(request, account)
        for name, value in account.cookies.items():
            self.need(request, request.cookies.get(name) == value, f"cookie {name}", WALL)
        for name in OPAQUE:
            self.need(request, request.headers.get(name) == account.capture.get(name), f"{name} of nobody's capture", WALL)
        self.need(request, not self.wall or account.capture, "no opaque headers", WALL)
        self.need_headers(request, {"source": "web", "version": lambda v: re.fullmatch(r"\d+\.\d+\.\d+", v), "origin": self.origin,
                                    "referer": lambda v: v.replace(self.url, self.origin).startswith(self.origin + "/")})
        return account

    def auths(self, request):
        self.member(request)
        return Reply.json({"id": "u1", "email": "demo@example.org", "role": "user"})

    def models(self, request):
        return Reply.json({"data": [{"id": "qwen3.7-plus"}, {"id": "qwen3.8-max"}]})

    def posting(self, request):
        account = self.member(request)
        self.need_headers(request, {"x-request-id": lambda v: uuid.UUID(v), "x-accel-buffering": "no"})
        self.need_fresh(request, request.headers["x-request-id"])
        return account

    def create(self, request):
        account = self.posting(request)
        body = self.need_body(request, {
            "title": one_of("New Chat"), "models": lambda v: len(v) == 1 and is_text(v[0]), "chat_mode": one_of("normal"), "chat_type": is_text,
            "timestamp": self.is_present}, {"project_id": one_of("")})
        id = str(uuid.uuid4())
        account.conversations[id] = {"model": body["models"][0], "last": None}
        return Reply.json({"success": True, "data": {"id": id}})

    @staticmethod
    def is_present(value):
        """Now, in seconds or milliseconds."""
        return is_int(value) and min(abs(value - time.time()), abs(value / 1000 - time.time())) < 30

    def completion(self, request):
        account = self.posting(request)
        id = request.query.get("chat_id", "")
        chat = account.conversations.get(id)
        self.need(request, chat, f"unknown chat {id!r}", failure("Not_Found", "chat not found"))
        self.need_headers(request, {"referer": f"{self.origin}/c/{id}"})
        last = one_of(chat["last"])
        body = self.need_body(request, {
            "stream": one_of(True), "incremental_output": one_of(True), "chat_id": one_of(id), "model": one_of(chat["model"]),
            "chat_mode": one_of("normal"), "parent_id": last, "timestamp": self.is_present, "messages": lambda v: len(v) == 1}, {"version": one_of("2.1")})
        message = body["messages"][0]
        self.need_members(request, message, {
            "fid": lambda v: uuid.UUID(v), "parentId": last, "parent_id": last, "childrenIds": lambda v: isinstance(v, list), "role": one_of("user"),
            "content": is_text, "user_action": one_of("chat"), "files": one_of([]), "timestamp": self.is_present, "models": one_of([chat["model"]]),
            "chat_type": one_of("t2t", "search"), "sub_chat_type": one_of(message.get("chat_type")), "feature_config": lambda v: is_bool(v.get("thinking_enabled")),
            "extra": one_of({"meta": {"subChatType": message.get("chat_type")}})}, {}, "messages[0].")
        self.need_members(request, message["feature_config"], {"thinking_enabled": is_bool, "output_schema": one_of("phase")}, {
            "auto_thinking": is_bool, "thinking_mode": one_of("Auto", "Thinking", "Fast"), "thinking_format": one_of("summary"), "thinking_budget": is_int,
            "research_mode": one_of("normal"), "auto_search": is_bool}, "feature_config.")
        self.need_fresh(request, message["fid"])
        answer = self.begin(account, message["content"], failure("RateLimited", "one answer at a time"))
        match answer.trouble:
            case "rate_limit": return Reply.json({"success": False, "request_id": "x", "data": {"code": "RateLimited", "details": "Daily limit reached", "num": 3}})
            case "rate_429": return failure("RateLimited", "Too many requests", 429)
            case "verification": return WALL
        chat["last"] = "r-" + secrets.token_hex(4)
        return self.stream(account, answer, self.frames(id, chat["last"], message, answer))

    def broken(self):
        yield data({"error": {"code": "internal_error", "details": "upstream failed"}})

    def frames(self, chat, response, message, answer):
        config = message["feature_config"]

        def delta(phase, content="", status="typing", finish=None, usage=None, **more):
            choice = {"delta": {"role": "assistant", "content": content, "phase": phase, "status": status, **more}}
            if finish:
                choice["finish_reason"] = finish
            return data({"choices": [choice], "response_id": response} | ({"usage": usage} if usage else {}))

        yield data({"response.created": {"chat_id": chat, "parent_id": "p-1", "response_id": response}})
        if answer.sources and (message["chat_type"] == "search" or config.get("auto_search")):
            found = [{"title": title, "url": url, "snippet": "…", "hostname": "example"} for title, url in answer.sources]
            for count in range(1, len(found) + 1):
                yield delta("web_search", status="finished" if count == len(found) else "typing", extra={"web_search_info": found[:count]})
        if answer.thinking and config["thinking_enabled"]:
            if self.summary:
                parts = cut(answer.thinking, answer.pieces)
                yield from self.spread(answer, answer.thinking, lambda piece, n: delta(
                    "thinking_summary", extra={"summary_title": {"content": ["Plan"]}, "summary_thought": {"content": parts[:n + 1]}}))
                yield delta("thinking_summary", status="finished")
            else:
                yield from self.spread(answer, answer.thinking, lambda piece, number: delta("think", piece))
                yield delta("think", status="finished")
        if answer.trouble == "empty":
            return
        yield from self.spread(answer, answer.text, lambda piece, number: delta("answer", piece))
        finish = "content_filter" if answer.trouble == "content_filter" else None
        yield delta("answer", status="finished", finish=finish, usage={"input_tokens": 12, "output_tokens": 8, "total_tokens": 20})

    def delete(self, request):
        account = self.member(request)
        id = request.path.removeprefix("/api/v2/chats/")
        self.need(request, id, "would delete all chats")
        self.need(request, account.conversations.pop(id, None) is not None, f"unknown chat {id}", failure("Not_Found", "chat not found"))
        account.deleted.append(id)
        return Reply.json({"success": True})


def data(value):
    return f"data: {compact(value)}\n\n"
