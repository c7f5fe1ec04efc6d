"""chat.deepseek.com, after its protocol notes."""
import base64
import json
import re
import secrets
import time
import uuid

from conftest import Reply

from .base import COMMON, Account, Site, compact, is_bool, is_int, is_text, one_of
from .keccak import deepseek_hash

API = "/api/v0"
COMPLETION, UPLOAD = f"{API}/chat/completion", f"{API}/file/upload_file"


def envelope(data=None, code=0, msg="", biz_code=0, biz_msg=""):
    return Reply.json({"code": code, "msg": msg, "data": None if code else {"biz_code": biz_code, "biz_msg": biz_msg, "biz_data": data}})


BAD_TOKEN = envelope(code=40003, msg="Authorization Failed (invalid token)")
BAD_PROOF = envelope(code=40301, msg="INVALID_POW_RESPONSE")
# That a muted account is told so in place of an answer is invented; attested are the members, in the account's own data.
MUTED_FOR = 3600


class DeepSeek(Site):
    origin = "https://chat.deepseek.com"
    # too_long, rate_limit: hints in the stream; rate_code: in the envelope; length: stopped, to be continued; proof: a good one is refused.
    troubles = COMMON | {"rate_limit", "rate_code", "throttled", "too_long", "content_filter", "length", "banned", "muted", "verification", "proof"}

    def __init__(self):
        super().__init__()
        self.difficulty = 144_000
        self.challenges = {}  # by signature: [challenge, answer, whether it was used]

    def account(self, **more):
        account = Account(token=secrets.token_urlsafe(36) + "+/a=", capture={}, **more)
        account.credential = account.token
        self.accounts.append(account)
        return account

    def routes(self):
        return {
            f"GET {API}/users/current": self.current, f"POST {API}/chat_session/create": self.create,
            f"POST {API}/chat/create_pow_challenge": self.challenge, f"POST {COMPLETION}": self.completion,
            f"POST {API}/chat/continue": self.resume, f"POST {API}/chat/stop_stream": self.stop_stream,
            f"POST {API}/chat_session/delete": self.delete, f"POST {UPLOAD}": self.upload, f"GET {API}/file/fetch_files": self.files,
        }

    def malformed(self, why):
        return Reply.json({"detail": [{"loc": f"body.{why}"}]}, 422)

    def member(self, request):
        """The account that asks, with the headers of every call."""
        account = next((a for a in self.accounts if a.token == request.bearer), None)
        missing = envelope(code=40002, msg="Missing Token")
        self.need(request, account and not account.expired, "unknown token", BAD_TOKEN if request.bearer else missing)
        self.need_agent(request, account, Reply.json({"message": "too many requests"}, 429))
        self.need_headers(request, {
            "x-client-platform": "web", "x-client-version": lambda v: re.fullmatch(r"\d+\.\d+\.\d+", v), "x-client-locale": "zh_CN",
            "x-client-timezone-offset": lambda v: re.fullmatch(r"-?\d+", v), "x-app-version": bool, "origin": self.origin,
            "referer": self.origin + "/"})
        for name in ("x-hif-leim", "x-hif-dliq"):
            if name in request.headers:
                self.need(request, account.capture.get(name) == request.headers[name], f"{name} of nobody's capture")
        if account.banned:
            self.need(request, request.path == f"{API}/chat_session/delete", "banned", envelope(biz_code=10, biz_msg="USER_IS_BANNED"))
        return account

    def current(self, request):
        account = self.member(request)
        muted = account.script and account.script[0].trouble == "muted"
        chat = {"is_muted": int(bool(muted)), "mute_until": int(time.time()) + MUTED_FOR if muted else 0}
        return envelope({"id": "u1", "email": "a***@example.org", "mobile_number": "", "chat": chat, "token": account.token})

    def create(self, request):
        account = self.member(request)
        self.need_body(request, {}, {"character_id": one_of(None), "agent": one_of("chat")})
        session = {"id": str(uuid.uuid4()), "seq_id": len(account.conversations) + 1, "agent": "chat", "model_type": "default", "title": None,
                   "title_type": "WIP", "version": 0, "current_message_id": None, "pinned": False, "inserted_at": time.time(),
                   "updated_at": time.time()}
        account.conversations[session["id"]] = {"last": None}
        return envelope({"chat_session": session, "ttl_seconds": 259200})

    def session(self, request, account, body):
        found = account.conversations.get(body["chat_session_id"])
        self.need(request, found is not None, f"unknown session {body['chat_session_id']}", envelope(biz_code=1, biz_msg="ILLEGAL_CHAT_SESSION_ID"))
        return found

    def challenge(self, request):
        self.member(request)
        body = self.need_body(request, {"target_path": one_of(COMPLETION, UPLOAD)})
        answer, end, salt = secrets.randbelow(self.difficulty), int(time.time() * 1000) + 300_000, secrets.token_hex(10)
        challenge = {"algorithm": "DeepSeekHashV1", "challenge": deepseek_hash(f"{salt}_{end}_{answer}".encode()).hex(), "salt": salt,
                     "signature": secrets.token_hex(32), "difficulty": self.difficulty, "expire_at": end, "expire_after": 300_000,
                     "target_path": body["target_path"]}
        self.challenges[challenge["signature"]] = [challenge, answer, False]
        return envelope({"challenge": challenge})

    def need_proof(self, request, path, again=False):
        """The proof of work: of one of our challenges, right, for this path, in time, and for one call only."""
        try:
            proof = json.loads(base64.b64decode(request.headers["x-ds-pow-response"], validate=True))
            challenge, answer, used = self.challenges[proof["signature"]]
        except (KeyError, ValueError):
            return self.need(request, False, "no proof of work", BAD_PROOF)
        same = all(proof.get(name) == challenge[name] for name in ("algorithm", "challenge", "salt", "signature", "target_path"))
        self.need(request, same and proof.get("answer") == answer, f"wrong proof {proof}", BAD_PROOF)
        self.need(request, challenge["target_path"] == path, f"proof for {challenge['target_path']}", BAD_PROOF)
        self.need(request, (again or not used) and challenge["expire_at"] > time.time() * 1000, "proof used or too old", BAD_PROOF)
        self.challenges[proof["signature"]][2] = True

    def completion(self, request):
        account = self.member(request)
        self.need_headers(request, {"accept": lambda v: "text/event-stream" in v})
        body = self.need_body(
            request,
            {"chat_session_id": is_text, "parent_message_id": lambda v: v is None or is_int(v), "prompt": is_text,
             "ref_file_ids": lambda v: isinstance(v, list), "thinking_enabled": is_bool, "search_enabled": is_bool, "preempt": one_of(False)},
            {"model_type": one_of("default", "expert", "vision"), "action": one_of(None), "source": is_text})
        session = self.session(request, account, body)
        self.need(request, body["parent_message_id"] == session["last"], "wrong parent", envelope(biz_code=26, biz_msg="invalid message id"))
        for file in body["ref_file_ids"]:
            self.need(request, account.files.get(file, {}).get("polls") == 0, f"file {file} is not ready")
            self.need(request, body.get("model_type") == "vision", "a picture without model_type vision")
        self.need_proof(request, COMPLETION)
        answer = self.begin(account, body["prompt"], envelope(code=1001, msg="busy"))
        match answer.trouble:
            case "proof": return BAD_PROOF
            case "rate_code": return envelope(code=1201, msg="rate limit")
            case "throttled": return Reply.json({"message": "too many requests"}, 429)
            case "banned": return envelope(biz_code=10, biz_msg="USER_IS_BANNED")
            case "muted": return envelope({"chat": {"is_muted": 1, "mute_until": int(time.time()) + MUTED_FOR}})
            case "verification": return Reply(202, {"x-amzn-waf-action": "challenge", "content-type": "text/html"}, b"<html></html>")
        session["last"] = (session["last"] or 0) + 2
        return self.stream(account, answer, self.frames(session["last"], body, answer))

    def resume(self, request):
        account = self.member(request)
        body = self.need_body(request, {"chat_session_id": is_text, "message_id": is_int, "fallback_to_resume": one_of(True)})
        session = self.session(request, account, body)
        self.need(request, session["last"] == body["message_id"], "wrong message", envelope(biz_code=26, biz_msg="invalid message id"))
        self.need_proof(request, COMPLETION, again=True)
        answer = self.begin(account, "", envelope(code=1001, msg="busy"))
        return self.stream(account, answer, self.frames(session["last"], {"thinking_enabled": True, "search_enabled": False}, answer))

    def stop_stream(self, request):
        account = self.member(request)
        body = self.need_body(request, {"chat_session_id": is_text, "message_id": is_int})
        self.session(request, account, body)
        account.stopped.append(body["chat_session_id"])
        return envelope()

    def delete(self, request):
        account = self.member(request)
        body = self.need_body(request, {"chat_session_id": is_text})
        self.session(request, account, body)
        del account.conversations[body["chat_session_id"]]
        account.deleted.append(body["chat_session_id"])
        return envelope()

    def upload(self, request):
        account = self.member(request)
        self.need_proof(request, UPLOAD)
        file = request.file()
        self.need(request, file and file[1].startswith("image/") and 0 < len(file[2]) <= 10 << 20, "no picture in field file")
        id = "file-" + str(uuid.uuid4())
        account.files[id] = {"file": file, "polls": 2}
        return envelope(self.file(id, account))

    def files(self, request):
        account = self.member(request)
        ids = request.query.get("file_ids", "").split(",")
        self.need(request, all(id in account.files for id in ids), "unknown file")
        for id in ids:
            account.files[id]["polls"] = max(0, account.files[id]["polls"] - 1)
        return envelope({"files": [self.file(id, account) for id in ids]})

    def file(self, id, account):
        (name, _, data), polls = account.files[id]["file"], account.files[id]["polls"]
        return {"id": id, "status": ["SUCCESS", "PARSING", "PENDING"][polls], "file_name": name, "file_size": len(data), "model_kind": "VISION",
                "token_usage": 10, "error_code": None, "is_image": True, "audit_result": "pass"}

    def broken(self):
        yield hint("Server busy, please try again later.", "server_busy")

    def frames(self, message, body, answer):
        yield event("ready", {"request_message_id": message - 1, "response_message_id": message, "model_type": body.get("model_type", "default")})
        yield event("update_session", {"updated_at": 1790000000.123456})
        if answer.trouble in ("rate_limit", "too_long"):
            return (yield hint("Not now.", {"rate_limit": "rate_limit_reached", "too_long": "input_exceeds_limit"}[answer.trouble]))
        response = {"message_id": message, "parent_id": message - 1, "model": "", "role": "ASSISTANT", "thinking_enabled": body["thinking_enabled"],
                    "ban_edit": False, "ban_regenerate": False, "status": "WIP", "incomplete_message": None, "accumulated_token_usage": 0,
                    "feedback": None, "inserted_at": 1790000000.12, "search_enabled": body["search_enabled"], "fragments": [],
                    "conversation_mode": "DEFAULT", "has_pending_fragment": False, "auto_continue": False}
        # What the client didn't switch on doesn't come.
        texts = [("THINK", answer.thinking)] if answer.thinking and body["thinking_enabled"] else []
        texts += [("RESPONSE", answer.text)] if answer.trouble != "empty" else []
        if not texts or answer.sources:
            yield patch(v={"response": response})
        if answer.sources and body["search_enabled"]:
            results = [{"url": url, "title": title, "snippet": "…", "site_name": "example", "query_indexes": [0]} for title, url in answer.sources]
            fragment = {"id": 2, "type": "TOOL_SEARCH", "content": None, "status": "WIP", "queries": [{"query": "q"}], "results": [], "stage_id": 1}
            yield patch(p="response", o="BATCH", v=[{"p": "fragments", "o": "APPEND", "v": [fragment]}, {"p": "has_pending_fragment", "o": "SET", "v": True}])
            found, opened = (results[:-1], results[-1:]) if len(results) > 1 else (results, [])
            yield patch(p="response/fragments/-1/results", o="SET", v=found)
            yield patch(p="response/fragments/-1/status", v="FINISHED")
            for result in opened:
                fragment = {"id": 3, "type": "TOOL_OPEN", "content": None, "status": "WIP", "result": result,
                            "reference": {"id": 2, "type": "TOOL_SEARCH"}, "stage_id": 2}
                yield patch(p="response", o="BATCH", v=[{"p": "fragments", "o": "APPEND", "v": [fragment]}])
                yield patch(p="response/fragments/-1/status", o="SET", v="FINISHED")
        for index, (kind, text) in enumerate(texts):
            def frame(piece, number, kind=kind, index=index):
                if number > 1:
                    return patch(v=piece)
                if number == 1:
                    return patch(p="response/fragments/-1/content", o="APPEND", v=piece)
                fragment = {"id": 10 + index, "type": kind, "content": piece, "elapsed_secs": None, "references": [], "stage_id": 1}
                if index == 0 and not answer.sources:
                    return patch(v={"response": response | {"fragments": [fragment]}})
                return patch(p="response/fragments", o="APPEND", v=[fragment])
            yield from self.spread(answer, text, frame)
            if kind == "THINK":
                yield patch(p="response/fragments/-1/elapsed_secs", o="SET", v=1.25)
        end = "INCOMPLETE" if answer.trouble == "length" else "FINISHED"
        yield patch(p="response", o="BATCH", v=[{"p": "accumulated_token_usage", "v": 41}, {"p": "quasi_status", "v": end}])
        if answer.trouble == "content_filter":
            yield patch(v=[{"p": "ban_regenerate", "v": True}, {"p": "status", "v": "CONTENT_FILTER"},
                           {"p": "fragments", "v": [{"id": 9, "type": "TEMPLATE_RESPONSE", "content": "换个话题聊聊吧。"}]}])
        else:
            yield patch(p="response/status", o="SET", v=end)
        yield event("finish", {}) + event("title", {"content": "t"}) + event("close", {"click_behavior": "none", "auto_resume": False})


def event(name, data):
    return f"event: {name}\ndata: {compact(data)}\n\n"


def hint(text, reason):
    return event("hint", {"type": "error", "content": text, "clear_response": True, "finish_reason": reason})


def patch(**members):
    return f"data: {compact(members)}\n\n"
