"""agent.minimaxi.com, after its protocol notes: the matrix service, which is polled."""
import hashlib
import re
import secrets
import time
import urllib.parse

from conftest import Reply

from .base import COMMON, Account, Site, cut, is_int, is_now, is_text, jwt, one_of

SECRET, SUFFIX = "I*7Cf%WZ#S&%1RlZJ&C2", "ooui"
QUERY = ("device_platform biz_id app_id version_code uuid device_id os_name browser_name device_memory cpu_core_num browser_language "
         "browser_platform user_id screen_width screen_height unix lang token timezone_offset sys_language client").split()
FIXED = {"device_platform": "web", "biz_id": "3", "app_id": "3001", "lang": "zh", "sys_language": "zh", "client": "web"}
MODEL_OPTIONS = [{"display_name": "Auto", "model_type": 0}, {"display_name": "MiniMax-M2.5", "model_type": 501}, {"display_name": "MiniMax-M2.7", "model_type": 502}]


def md5(text):
    return hashlib.md5(text if isinstance(text, bytes) else text.encode()).hexdigest()


def encode(text):
    """As encodeURIComponent."""
    return urllib.parse.quote(text, safe="-_.!~*'()")


def signature(time, secret, body):
    return md5(time.encode() + secret.encode() + body)


def yy(uri, body, unix):
    return md5(encode(uri).encode() + b"_" + body + (md5(unix) + SUFFIX).encode())


def answer_of(status_code=0, status_msg="success", status=200, **more):
    return Reply.json({**more, "base_resp": {"status_code": status_code, "status_msg": status_msg}}, status)


UNAUTHORIZED = Reply.json({"error": "unauthorized"}, 401)


class MiniMax(Site):
    origin = "https://agent.minimaxi.com"
    # mid_stream: the polls fail; poll_hiccup: one does; timeout: never an end; expired_code: said in a 200.
    troubles = COMMON - {"cut"} | {"rate_limit", "credits", "expired_code", "verification", "poll_hiccup", "timeout"}

    def __init__(self):
        super().__init__()
        self.variant = "A"  # which signature the site takes
        self.step = 1  # how many pieces come with each poll

    def references(self, answer):
        """The site tells none."""
        return []

    def account(self, real_id=None, expires_in=30 * 86400, **more):
        """An account; its credential is its JWT, or `realUserID+JWT` when its id isn't the token's."""
        id, device = str(450000000000000001 + len(self.accounts)), str(300000001 + len(self.accounts))
        token = jwt(exp=int(time.time()) + expires_in, user={"id": id, "deviceID": device, "name": "demo", "avatar": "", "isAnonymous": False})
        account = Account(token=token, user=real_id or id, device=device, devices=set(), machines=set(), **more)
        account.credential = f"{real_id}+{token}" if real_id else token
        self.accounts.append(account)
        return account

    def routes(self):
        return {
            "POST /v1/api/user/device/register": self.register, "GET /v1/api/user/info": self.info, "POST /matrix/api/v1/chat/send_msg": self.send,
            "POST /matrix/api/v1/chat/get_chat_detail": self.poll, "POST /matrix/api/v1/chat/delete_chat": self.delete,
        }

    def malformed(self, why):
        return answer_of(2013, f"invalid params: {why}")

    def member(self, request, registering=False):
        """The account that asks: query in its order, three headers that sign the very bytes."""
        account = next((a for a in self.accounts if a.token == request.headers.get("token")), None)
        self.need(request, account and not account.expired, "unknown token", UNAUTHORIZED)
        self.need_agent(request, account)
        query = request.query
        wanted = [name for name in QUERY if name != "device_id" or not registering or "device_id" in query]
        self.need(request, list(query) == wanted, f"query {list(query)}", UNAUTHORIZED)
        for name, value in FIXED.items():
            self.need(request, query[name] == value, f"query {name}: {query[name]!r}", UNAUTHORIZED)
        self.need(request, query["token"] == account.token, "another token in the query", UNAUTHORIZED)
        if not registering:
            self.need(request, query["uuid"] == query["user_id"] == account.user, f"user {query['user_id']}", UNAUTHORIZED)
            self.need(request, query["device_id"] in {account.device} | account.devices, f"device {query['device_id']}", UNAUTHORIZED)
        account.machines.add(tuple(query[name] for name in QUERY[6:16] if name not in ("user_id", "unix")))
        self.need(request, len(account.machines) == 1, "another machine than before", UNAUTHORIZED)
        body = request.raw or b"{}"
        stamp, unix = request.headers.get("x-timestamp", ""), query["unix"]
        self.need(request, re.fullmatch(r"\d{10}", stamp) and is_now(int(stamp) * 1000), f"x-timestamp {stamp!r}", UNAUTHORIZED)
        self.need(request, unix == stamp + "000", f"unix {unix} is not x-timestamp {stamp}", UNAUTHORIZED)
        secret = SECRET if self.variant == "A" else account.token
        self.need(request, request.headers.get("x-signature") == signature(stamp, secret, body), "wrong x-signature", UNAUTHORIZED)
        self.need(request, request.headers.get("yy") == yy(request.target, body, unix), "wrong yy", UNAUTHORIZED)
        self.need_headers(request, {"origin": self.origin, "referer": self.origin + "/", "accept": lambda v: "application/json" in v})
        return account

    def register(self, request):
        account = self.member(request, registering=True)
        self.need_body(request, {"uuid": one_of(request.query["uuid"])})
        device = str(310000000 + secrets.randbelow(10 ** 6))
        account.devices.add(device)
        return Reply.json({"statusInfo": {"code": 0, "message": ""}, "data": {"deviceIDStr": device, "realUserID": account.user}})

    def info(self, request):
        account = self.member(request)
        return Reply.json({"statusInfo": {"code": 0, "message": ""}, "data": {"userInfo": {"id": account.user, "name": "demo"}}})

    def send(self, request):
        account = self.member(request)
        body = self.need_body(request, {
            "msg_type": one_of(1), "text": is_text, "chat_type": one_of(0, 1, 2), "attachments": one_of([]), "selected_mcp_tools": one_of([]),
            "backend_config": one_of({}), "sub_agent_ids": one_of([])}, {"model_option": one_of(*MODEL_OPTIONS), "chat_id": is_int})
        chat = body.get("chat_id")
        self.need(request, chat is None or chat in account.conversations, f"unknown chat {chat}")
        answer = self.begin(account, body["text"], answer_of(1002, "rate limit"))
        match answer.trouble:
            case "rate_limit": return answer_of(1002, "rate limit")
            case "credits": return answer_of(30100, "credit not enough")
            case "expired_code": return answer_of(1004, "token expired, please login")
            case "verification": return Reply(403, {"content-type": "text/html"}, b"<html>challenge</html>")
        chat = chat or 380000000000000 + secrets.randbelow(10 ** 9)
        account.conversations[chat] = {"text": body["text"], "answer": answer, "shown": 0, "polls": 0, "done": False}
        account.running += 1
        return answer_of(chat_id=chat, msg_id="90001")

    def poll(self, request):
        account = self.member(request)
        body = self.need_body(request, {"chat_id": is_int}, {"size": is_int, "desc": lambda v: isinstance(v, bool)})
        chat = account.conversations.get(body["chat_id"])
        self.need(request, chat, f"unknown chat {body['chat_id']}")
        answer, chat["polls"] = chat["answer"], chat["polls"] + 1
        if answer.pause:
            time.sleep(answer.pause)
        if chat["polls"] == 3 and answer.trouble == "poll_hiccup":
            return answer_of(1000, "unknown error")
        if chat["polls"] > 2 and answer.trouble == "mid_stream":
            return Reply.json({"error": "bad gateway"}, 502)
        thinking, text = cut(answer.thinking, answer.pieces), cut(answer.text, answer.pieces)
        steps = len(thinking) + len(text)
        waits = answer.trouble == "timeout" or (answer.hold and not answer.hold.is_set() and chat["shown"] > len(thinking))
        shown = chat["shown"] = min(chat["shown"] + (0 if waits else self.step), steps)
        said, done = "".join(text[:max(0, shown - len(thinking))]), shown == steps
        if answer.trouble == "empty":
            said = ""
        elif not done and said:
            said += "\ufffd"  # a letter that was cut
        message = {"msg_id": "90003", "msg_type": 2, "msg_content": said, "timestamp": 1771229511000}
        if answer.thinking:
            message["extra_info"] = {"thinking_content": "".join(thinking[:shown])}
        tool = {"msg_id": "90002", "msg_type": 2, "msg_content": "", "timestamp": 1771229509000, "tool_call": {"tool_call_name": "Web Search"}}
        messages = [{"msg_id": "90001", "msg_type": 1, "msg_content": chat["text"], "timestamp": 1771229508000}]
        messages += ([tool] if answer.sources else []) + ([message] if shown else [])
        self.end(account, chat, done)
        detail = {"chat_id": body["chat_id"], "chat_status": 2 if done else 1}
        return answer_of(chat=detail, messages=messages[::-1] if body.get("desc") else messages)

    def end(self, account, chat, done):
        if done and not chat["done"]:
            chat["done"] = True
            account.running -= 1

    def delete(self, request):
        account = self.member(request)
        id = self.need_body(request, {"chat_id": is_int})["chat_id"]
        chat = account.conversations.pop(id, None)
        self.need(request, chat, f"unknown chat {id}")
        self.end(account, chat, True)
        account.deleted.append(id)
        return answer_of()
