"""metaso.cn, after its protocol notes: searchV2 and the page's own chat."""
import secrets
import urllib.parse

from conftest import Reply

from .base import COMMON, Account, Site, compact, is_text, one_of

LOGIN = Reply.json({"errCode": 401, "errMsg": "请先登录", "data": None})
MODES = ("concise", "detail", "research", "fast", "nosearch", "chat")
ENGINES = ("", "scholar", "pdf", "image", "video", "podcast")


def frame(value):
    return f"data:{value if isinstance(value, str) else compact(value)}\n\n"


class Metaso(Site):
    origin = "https://metaso.cn"
    # rate_limit: an error event; rate_word: a bare word; forbidden: HTTP 403; stale_token: the meta-token is no good any more.
    troubles = COMMON | {"rate_limit", "rate_word", "throttled", "forbidden", "stale_token"}
    heartbeat = frame({"type": "heartbeat"})

    def account(self, **more):
        account = Account(uid=secrets.token_hex(12), sid=secrets.token_hex(16), meta=secrets.token_urlsafe(20) + "+/==", **more)
        account.credential = f"{account.uid}-{account.sid}"
        self.accounts.append(account)
        return account

    def routes(self):
        return {"GET /": self.home, "GET /api/my-info": self.info, "POST /api/session": self.session, "GET /api/searchV2": self.search,
                "POST /api/search/chat": self.chat}

    def malformed(self, why):
        return Reply.json({"errCode": 1000, "errMsg": f"bad parameter {why}", "data": None})

    def cookied(self, request):
        """The account whose cookies these are, or None."""
        uid, sid = request.cookies.get("uid"), request.cookies.get("sid")
        return next((a for a in self.accounts if (a.uid, a.sid) == (uid, sid) and not a.expired), None)

    def member(self, request, token):
        account = self.cookied(request)
        self.need(request, account, "unknown cookies", LOGIN)
        self.need_agent(request, account)
        self.need_headers(request, {"is-mini-webview": "0"} if request.method == "POST" else {})
        self.need(request, token == account.meta, f"another meta-token {token!r}", LOGIN)
        return account

    def home(self, request):
        account = self.cookied(request)
        self.need_headers(request, {"accept": lambda v: "text/html" in v})
        meta = f'<meta charset="utf-8"><meta id="meta-token" content="{account.meta}">' if account else ""
        if account:
            self.need_agent(request, account)
        return Reply(200, {"content-type": "text/html; charset=utf-8"}, f"<!doctype html><html><head>{meta}<title>metaso</title></head></html>".encode())

    def info(self, request):
        account = self.cookied(request)
        self.need_headers(request, {"is-mini-webview": "0"})
        return Reply.json({"data": {"user": {"uid": account.uid}} if account else {}})

    def session(self, request):
        account = self.member(request, request.headers.get("token"))
        self.need_headers(request, {"origin": self.origin})
        body = self.need_body(request, {"question": is_text, "mode": one_of(*MODES), "engineType": one_of(*ENGINES), "scholarSearchDomain": one_of("all")})
        id = str(8600000000000000000 + secrets.randbelow(10 ** 15))
        account.conversations[id] = body
        return Reply.json({"errCode": 0, "errMsg": "", "data": {"id": id}})

    def search(self, request):
        query = request.query
        account = self.member(request, query.get("token", ""))
        self.need_headers(request, {"accept": lambda v: "text/event-stream" in v})
        session = account.conversations.get(query.get("sessionId"))
        self.need(request, session, f"unknown session {query.get('sessionId')}")
        for name in ("question", "mode"):
            self.need(request, query.get(name) == session[name], f"{name}: {query.get(name)!r}")
        self.need(request, query.get("engineType", "") == session["engineType"], "engineType")
        for name, value in (("lang", "zh"), ("is-mini-webview", "0"), ("scholarSearchDomain", "all"), ("expectedCurrentSessionSearchCount", "1")):
            self.need(request, query.get(name) == value, f"{name}: {query.get(name)!r}")
        page = f"{self.origin}/search/{query['sessionId']}?newSearch=true&q={query['question']}"
        url = query.get("url", "").replace(self.url, self.origin)
        self.need(request, page in (url, urllib.parse.unquote(url)), f"url: {url!r}")
        mix = query.get("enableMix")
        self.need(request, mix == "true" or (mix == "false" and session["mode"] in ("fast", "nosearch")), f"enableMix: {mix!r}")
        answer, refused = self.asked_for(request, account, query["question"])
        return refused or self.stream(account, answer, self.search_frames(answer))

    def asked_for(self, request, account, question):
        answer = self.begin(account, question, Reply(200, {"content-type": "text/event-stream"}, pieces=[frame("TOO_MANY_REQUESTS")]))
        match answer.trouble:
            case "throttled": return answer, Reply.json({"message": "TOO_MANY_REQUESTS"}, 429)
            case "forbidden": return answer, Reply.json({"message": "forbidden"}, 403)
            case "stale_token":
                account.meta = secrets.token_urlsafe(20) + "+/=="
                return answer, LOGIN
            case "rate_limit": return answer, self.stream(account, answer, iter([frame({"type": "error", "code": 429, "msg": "Too Many Requests"})]))
            case "rate_word": return answer, self.stream(account, answer, iter([frame("TOO_MANY_REQUESTS")]))
        return answer, None

    def broken(self):
        yield frame({"type": "error", "code": 500, "msg": "服务繁忙"})

    def search_frames(self, answer):
        yield self.heartbeat + frame({"type": "query", "data": ["q"]})
        if answer.sources:
            yield frame({"type": "update-reference", "list": [{"title": title, "link": url} for title, url in answer.sources[:1]]})
            yield frame({"type": "update-reference", "list": [{"title": title, "link": url} for title, url in answer.sources]})
        if answer.trouble != "empty":
            yield from self.spread(answer, answer.text, lambda piece, number: frame({"type": "append-text", "text": piece}))
        yield frame({"type": "recommended-question", "data": ["?"]})
        yield frame("[DONE]")

    def chat(self, request):
        account = self.member(request, request.headers.get("token"))
        self.need_headers(request, {"accept": lambda v: "text/event-stream" in v})
        same = {"engineType": one_of(*ENGINES), "filter": one_of("all"), "mode": is_text, "outputHtml": one_of(False), "outputStyle": one_of("正常")}
        body = self.need_body(
            request,
            same | {"model": one_of("fast_thinking", "fast", "ds-r1"), "stream": one_of(True), "messages": lambda v: isinstance(v, list) and len(v) == 1,
                    "darkMode": one_of(False), "outputLanguage": one_of("中文"), "htmlNoDisplayEnable": one_of(True), "metaso-pc": one_of("pc"),
                    "token": one_of(account.meta)},
            {"conversationId": is_text, "id": is_text, "currentLeafId": is_text})
        message = body["messages"][0]
        self.need_members(
            request, message,
            same | {"id": is_text, "key": is_text, "conversationId": is_text, "role": one_of("user"), "content": is_text,
                    "markdownContent": one_of(message.get("content")), "contentType": one_of(0), "model": one_of(body["model"])},
            {"parentId": is_text}, "messages[0].")
        known = body.get("conversationId")
        if known is not None:
            last = account.conversations.get(known)
            self.need(request, last and last == body.get("currentLeafId") == message.get("parentId"), "unknown conversation, or another last answer")
        else:
            self.need(request, message["conversationId"].startswith("temp-") and message["key"].startswith("temp-"), "no temporary id")
            self.need_fresh(request, message["id"])
        answer, refused = self.asked_for(request, account, message["content"])
        conversation, last = known or str(8600000000000000000 + secrets.randbelow(10 ** 15)), str(8700000000000000000 + secrets.randbelow(10 ** 15))
        account.conversations[conversation] = last
        return refused or self.stream(account, answer, self.chat_frames(conversation, last, answer, body["model"] != "fast"))

    def chat_frames(self, conversation, last, answer, thinks):
        def chunk(**delta):
            return frame({"id": last, "object": "chat.completion.chunk", "choices": [{"index": 0, "delta": delta, "finish_reason": None}]})

        for type, id in (("conversation_init", conversation), ("user_message_init", "8600000000000000010"), ("response_message_init", last)):
            yield frame({"type": type, "data": {"id": id}})
        if answer.thinking and thinks:
            yield from self.spread(answer, answer.thinking, lambda piece, number: chunk(reasoning_content=piece))
        if answer.trouble != "empty":
            yield from self.spread(answer, answer.text, lambda piece, number: chunk(content=piece, citations=[]))
        if answer.sources:
            yield chunk(content="", citations=[{"title": title, "link": url} for title, url in answer.sources])
        yield frame("[DONE]")
