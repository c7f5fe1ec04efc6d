"""www.qianwen.com, after its protocol notes: qianwen-v2 (chat2.qianwen.com with its management host), and the older dialog."""
import json
import re
import secrets
import urllib.parse

from conftest import Reply

from .base import COMMON, Account, Site, compact, cut, is_bool, is_now, is_text, one_of

MODELS = {"Qwen", "Qwen3.8-Max", "Qwen3.7-Max", "Qwen3.6-Flash", "Qwen3.5-Plus", "Qwen3.6-Plus", "Qwen3-Max", "Qwen3-Max-Thinking-Preview",
          "Qwen3-Flash", "Qwen3-Coder", "Qwen-VL-Max", "Qwen-Long", "tongyi-qwen3-max-model-agent", "tongyi-qwen3-max-thinking-agent",
          "tongyi-qwen-plus-agent", "qwen3-flash", "qwen3-coder-plus"}
NOT_LOGIN = Reply.json({"success": False, "error_code": "NOT_LOGIN", "error_msg": "用户未登录", "data": None})
PUNISH = Reply.json({"ret": ["FAIL_SYS_USER_VALIDATE::RGV587_ERROR::SM"], "rgv587_flag": "sm",
                     "data": {"url": "https://example.invalid/_____tmd_____/punish?x=1"}})
PAGE = Reply(200, {"content-type": "text/html"}, b"<!doctype html><html><body>check</body></html>")


def is_hex32(value):
    return isinstance(value, str) and bool(re.fullmatch(r"[0-9a-f]{32}", value))


class Qwen(Site):
    origin = "https://www.qianwen.com"
    troubles = COMMON | {"rate_limit", "verification", "verification_page", "forbidden", "content_filter"}  # the last of the older dialect

    def __init__(self):
        super().__init__()
        self.workflow = True  # how reasoning comes: in steps (late 2026), or as deep_think (early 2026)

    def content(self, answer):
        """The marks of sources become [n]."""
        return answer.text + "".join(f"[{i}]" for i in range(1, len(answer.sources) + 1))

    def reasoning(self, answer):
        """Two steps are joined by a line feed."""
        half = len(answer.thinking) // 2
        return f"{answer.thinking[:half]}\n{answer.thinking[half:]}" if self.workflow and answer.thinking else answer.thinking

    def account(self, whole=True, **more):
        """An account; its credential is the whole cookie header, or only the ticket."""
        account = Account(ticket=secrets.token_urlsafe(40), devices=set(), **more)
        account.cookies = {"tongyi_sso_ticket": account.ticket}
        if whole:
            account.cookies |= {"XSRF-TOKEN": f"{secrets.token_hex(8)}%3D%2F", "b-user-id": secrets.token_hex(16), "cna": "a=b"}
        account.credential = "; ".join(f"{k}={v}" for k, v in account.cookies.items()) if whole else account.ticket
        self.accounts.append(account)
        return account

    def routes(self):
        return {"POST /api/v2/chat": self.chat, "POST /api/v1/session/delete/batch": self.delete, "POST /api/v2/session/page/list": self.list,
                "POST /dialog/conversation": self.dialog, "POST /dialog/session/delete": self.dialog_delete,
                "POST /dialog/session/list": self.dialog_list}

    def malformed(self, why):
        return Reply.json({"success": False, "error_code": 40000, "error_msg": f"invalid {why}", "data": None})

    def member(self, request, refused=NOT_LOGIN):
        account = next((a for a in self.accounts if a.ticket == request.cookies.get("tongyi_sso_ticket")), None)
        self.need(request, account and not account.expired, "unknown tongyi_sso_ticket", refused)
        for name, value in account.cookies.items():
            self.need(request, request.cookies.get(name) == value, f"cookie {name}", refused)
        self.need_agent(request, account)
        xsrf = urllib.parse.unquote(account.cookies.get("XSRF-TOKEN", ""))
        self.need(request, request.headers.get("x-xsrf-token", "") == xsrf, "x-xsrf-token is not the decoded cookie")
        self.need_headers(request, {"x-platform": "pc_tongyi", "origin": self.origin, "referer": lambda v: v.replace(self.url, self.origin) == self.origin + "/"})
        self.need(request, "zstd" not in request.headers.get("accept-encoding", ""), "announces zstd")
        return account

    def member_v2(self, request):
        """With the query of every call of this dialect."""
        account = self.member(request)
        fixed = {"biz_id": "ai_qwen", "chat_client": "h5", "device": "pc", "fr": "pc", "pr": "qwen", "la": "zh-CN", "tz": "Asia/Shanghai"}
        for name, value in fixed.items():
            self.need(request, request.query.get(name) == value, f"query {name}: {request.query.get(name)!r}")
        device = request.query.get("ut", "")
        account.devices.add(account.cookies.get("b-user-id", device))
        self.need(request, device and account.devices == {device} and request.headers.get("x-deviceid") == device, f"ut or x-deviceid: {device!r}")
        self.need(request, re.fullmatch(r"[a-z0-9]{11,12}", request.query.get("nonce", "")), "query nonce")
        self.need_fresh(request, request.query["nonce"])
        stamp = request.query.get("timestamp", "")
        self.need(request, stamp.isdigit() and is_now(stamp), f"query timestamp {stamp!r}")
        return account

    def list(self, request):
        self.member_v2(request)
        return Reply.json({"success": True, "data": []})

    def chat(self, request):
        account = self.member_v2(request)
        self.need_headers(request, {"accept": lambda v: "text/event-stream" in v})
        body = self.need_body(
            request,
            {"req_id": is_hex32, "parent_req_id": is_text, "session_id": is_hex32, "topic_id": lambda v: v == "" or len(v) == 32,
             "messages": lambda v: len(v) == 1, "model": one_of(*MODELS), "scene": one_of("chat"), "sub_scene": one_of("chat", ""),
             "scene_param": one_of("first_turn", "continue_chat"), "deep_search": one_of("0", "1", None), "enable_search": is_bool,
             "from": one_of("default"), "biz_id": one_of("ai_qwen"), "biz_data": lambda v: json.loads(v) == {"entryPoint": "tongyigw"},
             "chat_client": one_of("h5"), "client_tm": lambda v: is_text(v) and is_now(v), "protocol_version": one_of("v2")},
            {"chat_mode": one_of("quick", "think"), "temporary": is_bool, "messages_merge": one_of(False),
             "params_extra": one_of({"supports_cowork": "false"})})
        message = body["messages"][0]
        self.need_members(request, message, {
            "content": is_text, "mime_type": one_of("text/plain"), "meta_data": one_of({"ori_query": message.get("content")}),
            "status": one_of("complete")}, {}, "messages[0].")
        self.need_fresh(request, body["req_id"])
        known = account.conversations.get(body["session_id"])
        expected = ("continue_chat", known) if known else ("first_turn", "0")
        self.need(request, (body["scene_param"], body["parent_req_id"]) == expected and body["session_id"] not in account.deleted, "unknown session or parent")
        answer = self.begin(account, message["content"], Reply.json({"error_code": 429, "error_msg": "busy"}, 429))
        match answer.trouble:
            case "rate_limit": return Reply.json({"error_code": 429, "error_msg": "too many requests"}, 429)
            case "verification": return PUNISH
            case "verification_page": return PAGE
            case "forbidden": return Reply.json({"message": "forbidden"}, 403)
        account.conversations[body["session_id"]] = body["req_id"]
        return self.stream(account, answer, self.frames(body, answer))

    def broken(self):
        yield "event:message\ndata:" + compact({"communication": {}, "error_code": 50001, "error_msg": "系统繁忙", "data": None}) + "\n\n"

    def frames(self, body, answer):
        number = iter(range(1, 1 << 30))

        def frame(*messages, status="processing", **more):
            value = {"communication": {"sessionid": body["session_id"], "reqid": body["req_id"], "resid": str(next(number))}, "error_code": 0,
                     "error_msg": "", "data": {"status": status, "messages": list(messages)}, **more}
            return f"event:message\ndata:{compact(value)}\n\n"

        def growing(text, message):
            """The text of each frame is all there is so far."""
            parts = cut(text, answer.pieces)
            yield from self.spread(answer, text, lambda piece, n: frame(*sources, message("".join(parts[:n + 1]))))

        def said(text, status="processing"):
            if thinks and self.workflow:
                return {"mime_type": "multi_load/iframe", "content": "", "status": status, "meta_data": {"multi_load": [{"type": "text", "content": text}]}}
            load = [{"type": "deep_think", "content": {"think_content": answer.thinking}}] if thinks else []
            return {"mime_type": "multi_load/iframe", "content": "[(deep_think)]" + text if thinks else text, "status": status,
                    "meta_data": {"multi_load": load}}

        def step(text):
            # Two steps, the second once the first is whole.
            first, rest = answer.thinking[:len(answer.thinking) // 2], text[len(answer.thinking) // 2:]
            steps = [first, rest] if rest else [text]
            return {"mime_type": "bar/workflow", "content": "", "status": "processing", "meta_data": {"multi_load": [
                {"type": "bar_thinking", "title": "t", "source_seq": i, "status": "processing", "content": {"body": body}} for i, body in enumerate(steps, 1)]}}

        def deep(text):
            return {"mime_type": "multi_load/iframe", "content": "[(deep_think)]", "status": "processing",
                    "meta_data": {"multi_load": [{"type": "deep_think", "content": {"think_content": text}}]}}

        thinks = answer.thinking and (body["deep_search"] == "1" or body.get("chat_mode") == "think")
        cards = [{"title": title, "url": url, "summary": "…"} for title, url in answer.sources] if body["enable_search"] else []
        sources = [{"mime_type": "bar/iframe", "content": "", "status": "complete", "meta_data": {"sources": [{"type": "web", "content": {"list": cards}}]}}] if cards else []
        yield frame({"mime_type": "signal/post", "content": "", "meta_data": {"intent": "chat"}})
        if sources:
            yield frame({"mime_type": "bar/progress", "content": "正在搜索", "status": "processing"})
            yield frame(*sources)
        if thinks:
            yield from growing(answer.thinking, step if self.workflow else deep)
        text = answer.text + "".join(f"[[source_group_web_{i}]]" for i in range(1, len(cards) + 1))
        if answer.trouble != "empty":
            yield from growing(text, said)
            yield frame(*sources, said(text, "complete"), status="complete", sse_end="1")
        yield "event:complete\ndata:{}\n\n"

    def delete(self, request):
        account = self.member_v2(request)
        ids = self.need_body(request, {"session_ids": lambda v: 0 < len(v) <= 20})["session_ids"]
        return self.deleted(request, account, ids)

    def deleted(self, request, account, ids):
        for id in ids:
            self.need(request, account.conversations.pop(id, None) is not None, f"unknown session {id}")
            account.deleted.append(id)
        return Reply.json({"success": True, "code": 0, "error_code": 0, "data": {"delete_success": True}})

    # The older dialect

    def dialog_member(self, request):
        return self.member(request, Reply.json({"success": False, "errorCode": "NOT_LOGIN", "errorMsg": "用户未登录"}))

    def dialog_list(self, request):
        self.dialog_member(request)
        return Reply.json({"data": []})

    def dialog(self, request):
        account = self.dialog_member(request)
        body = self.need_body(request, {
            "mode": one_of("chat"), "action": one_of("next"), "userAction": one_of("chat"), "model": lambda v: isinstance(v, str), "requestId": is_hex32,
            "sessionId": lambda v: v == "" or v in account.conversations, "parentMsgId": lambda v: isinstance(v, str), "sessionType": one_of("text_chat"),
            "params": lambda v: is_bool(v.get("deepThink")), "contents": lambda v: v and v[0].get("role") == "user" and is_text(v[0].get("content"))})
        self.need_fresh(request, body["requestId"])
        answer = self.begin(account, body["contents"][0]["content"], Reply.json({"success": False, "errorCode": "BUSY", "errorMsg": "busy"}))
        session = body["sessionId"] or secrets.token_hex(16)
        account.conversations[session] = body["requestId"]
        return self.stream(account, answer, self.dialog_frames(session, answer, body["params"]["deepThink"]))

    def dialog_frames(self, session, answer, thinks):
        def frame(type, text, status="generating"):
            value = {"contentType": type, "contents": [{"contentType": type, "role": "assistant", "content": text}], "msgId": "a" * 32, "sessionId": session,
                     "msgStatus": status, "canShare": answer.trouble != "content_filter", "errorCode": ""}
            return f"data: {compact(value)}\n\n"

        def growing(type, text, form=lambda text: text):
            parts = cut(text, answer.pieces)
            yield from self.spread(answer, text, lambda piece, n: frame(type, form("".join(parts[:n + 1]))))

        if answer.thinking and thinks:
            yield from growing("think", answer.thinking, lambda text: compact({"content": text}))
        text = answer.text if answer.trouble != "empty" else ""
        yield from growing("text", text)
        yield frame("text", text, "finished") + "data: [DONE]\n\n"

    def dialog_delete(self, request):
        account = self.dialog_member(request)
        return self.deleted(request, account, [self.need_body(request, {"sessionId": is_text})["sessionId"]])
