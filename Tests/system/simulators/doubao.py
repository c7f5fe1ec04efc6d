"""www.doubao.com, after its protocol notes: chat-completion, and the older samantha."""
import json
import re
import secrets
import time

from conftest import Reply

from .base import COMMON, Account, Site, compact, is_bool, is_int, is_now, is_text, one_of

DEAD = {"code": "Internal", "message": "ErrorX:code=710012000 stable=true isPeer=false message=[user invalid]\nchain=[\n(cause)0: Invalid User ID\n]"}
VERIFY = compact({"code": "10000", "from": "shark_admin", "type": "verify", "region": "cn", "verify_scene": "doubao_message_web"})
BOT = "7338286299411103781"
DELTA = "support_chunk_delta"


def is_uuid(value):
    return bool(re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", str(value)))


def plain(**value):
    return Reply.json(value)


class Doubao(Site):
    origin = "https://www.doubao.com"
    # verification: the risk control asks for a person; rate_json: the limit in a plain body; empty: what a silent block looks like.
    troubles = COMMON | {"rate_limit", "rate_json", "verification"}
    heartbeat = "event: SSE_HEARTBEAT\ndata: {}\n\n"

    def account(self, whole=False, **more):
        """An account; its credential is its `sessionid`, or the whole cookie header."""
        account = Account(sessionid=secrets.token_hex(16), capture={}, ids=None, **more)
        account.cookies = {"sessionid": account.sessionid, "sessionid_ss": account.sessionid}
        if whole:
            account.cookies |= {"sid_tt": account.sessionid, "ttwid": "1%7Cx=y", "s_v_web_id": "verify_demo", "passport_csrf_token": secrets.token_hex(16)}
        account.credential = "; ".join(f"{k}={v}" for k, v in account.cookies.items()) if whole else account.sessionid
        self.accounts.append(account)
        return account

    def routes(self):
        return {
            "POST /chat/completion": self.completion, "POST /samantha/chat/completion": self.samantha,
            "POST /samantha/thread/delete": self.delete, "POST /im/conversation/batch_del_user_conv": self.batch_delete,
            "POST /passport/account/info/v2": self.info,
        }

    def malformed(self, why):
        return plain(code=400, msg=f"invalid {why}")

    def member(self, request, stream=False):
        """The account that asks, with the query of every call."""
        account = next((a for a in self.accounts if a.sessionid == request.cookies.get("sessionid")), None)
        dead = Reply(200, {"content-type": "text/event-stream"}, pieces=[data(DEAD)]) if stream else plain(**DEAD)
        self.need(request, account and not account.expired, "unknown sessionid", dead)
        for name, value in account.cookies.items():
            self.need(request, request.cookies.get(name) == value, f"cookie {name}", dead)
        self.need_agent(request, account)
        self.need_headers(request, {"origin": self.origin, "referer": lambda v: v.replace(self.url, self.origin).startswith(self.origin + "/chat/"),
                                    "agw-js-conv": lambda v: v.split(",")[0] == "str"})
        csrf = account.cookies.get("passport_csrf_token")
        self.need(request, request.headers.get("x-tt-passport-csrf-token") == csrf, "x-tt-passport-csrf-token is not the cookie")
        fixed = {"aid": "497858", "real_aid": "497858", "device_platform": "web", "language": "zh", "version_code": "20800",
                 "pkg_type": "release_version", "samantha_web": "1", "use-olympus-account": "1"}
        for name, value in fixed.items():
            self.need(request, request.query.get(name) == value, f"query {name}: {request.query.get(name)!r}")
        self.need(request, re.fullmatch(r"\d+\.\d+\.\d+", request.query.get("pc_version", "")), "query pc_version")
        ids = tuple(request.query.get(name, "") for name in ("device_id", "web_id", "tea_uuid"))
        self.need(request, all(re.fullmatch(r"7\d{18}", id) for id in ids), f"device_id, web_id, tea_uuid: {ids}")
        account.ids = account.ids or ids
        self.need(request, ids == account.ids, f"other devices than before: {ids}")
        for name in ("msToken", "a_bogus", "X-Bogus"):
            self.need(request, request.query.get(name) == account.capture.get(name), f"{name} of nobody's capture")
        return account

    def info(self, request):
        account = self.member(request)
        return plain(code=0, data={"user_id": account.sessionid[:8]})

    def completion(self, request):
        account = self.member(request, stream=True)
        fp = account.cookies.get("s_v_web_id", "")
        self.need(request, request.query.get("fp", "") == fp, "query fp is not the cookie s_v_web_id")
        self.need_fresh(request, request.query.get("web_tab_id"))
        body = self.need_body(request, {"client_meta": bool, "messages": lambda v: len(v) == 1, "option": bool, "ext": bool})
        meta, option, message = body["client_meta"], body["option"], body["messages"][0]
        conversation = meta.get("conversation_id")
        known = account.conversations.get(conversation)
        self.need(request, known or conversation == "", f"unknown conversation {conversation!r}")
        self.need_members(request, meta, {
            "local_conversation_id": (lambda v: re.fullmatch(r"local_\d{16}", v)) if not known else one_of(""), "conversation_id": bool if known else one_of(""),
            "bot_id": one_of(BOT), "last_section_id": one_of(known["section"] if known else ""),
            "last_message_index": one_of(known["index"] if known else None)}, {}, "client_meta.")
        no, zero, text = one_of(False), one_of(0), one_of("")
        self.need_members(
            request, option,
            {"need_deep_think": one_of(0, 1, 3), "need_create_conversation": one_of(not known),
             "conversation_init_option": one_of({"need_ack_conversation": True}), "sse_recv_event_options": lambda v: is_bool(v.get(DELTA)),
             "create_time_ms": lambda v: is_int(v) and is_now(v), "unique_key": is_uuid},
            dict.fromkeys(("start_seq", "scene_type", "message_from"), zero) | dict.fromkeys(
                ("is_audio", "answer_with_suggest", "tts_switch", "click_clear_context", "from_suggest", "is_regen", "is_replace", "disable_sse_cache",
                 "resend_for_regen", "no_replace_for_regen", "is_ai_playground"), no) | dict.fromkeys(
                ("send_message_scene", "collect_id", "select_text_action", "regen_instruction", "shared_app_name"), text) | dict.fromkeys(
                ("regen_query_id", "edit_query_id"), one_of([])) | dict.fromkeys(
                ("recovery_option", "model_config", "conversation_init_ext"), lambda v: isinstance(v, dict)), "option.")
        self.need_fresh(request, option["unique_key"])
        self.need_members(request, body["ext"], {"use_deep_think": one_of(str(option["need_deep_think"]))}, {
            "fp": one_of(fp), "conversation_init_option": one_of('{"need_ack_conversation":true}'), "commerce_credit_config_enable": one_of("0"),
            "sub_conv_firstmet_type": one_of("0" if known else "1")}, "ext.")
        self.need_members(request, message, {"local_message_id": is_uuid, "message_status": zero, "content_block": lambda v: len(v) == 1}, {}, "messages[0].")
        block = message["content_block"][0]
        self.need(request, block["block_type"] == 10000 and is_uuid(block["block_id"]) and block["parent_id"] == "", "content_block")
        prompt = block["content"]["text_block"]["text"]
        self.need(request, is_text(prompt), "no text")
        answer = self.begin(account, prompt, plain(code=710022002, msg="rate limited"))
        if answer.trouble == "rate_json":
            return plain(code=710022002, msg="rate limited")
        conversation = conversation or "3" + str(secrets.randbelow(10 ** 16)).zfill(16)
        section, index = (known["section"], known["index"] + 2) if known else ("5" + conversation[1:], 2)
        frames = self.frames(account, conversation, section, index, answer, option["need_deep_think"], option["sse_recv_event_options"][DELTA])
        numbered = (re.sub("^", f"id: {number}\n", frame) for number, frame in enumerate(frames))
        return self.stream(account, answer, numbered)

    def broken(self):
        yield event("STREAM_ERROR", {"error_code": 710022002, "error_msg": "rate limited", "extra": {"ack": "1"}})

    def frames(self, account, conversation, section, index, answer, thinks, deltas):
        yield self.heartbeat
        if answer.trouble == "verification":
            return (yield event("STREAM_ERROR", {"error_code": 710022004, "error_msg": "rate limited", "extra": {"decision": VERIFY}}))
        if answer.trouble == "rate_limit":
            return (yield event("STREAM_ERROR", {"error_code": 710022002, "error_msg": "rate limited"}))
        id = "4" + conversation[1:]
        account.conversations[conversation] = {"section": section, "index": index}
        yield event("SSE_ACK", {"ack_client_meta": {"conversation_id": conversation, "section_id": section, "conversation_type": 3},
                                "query_list": [{"question_id": "q1", "message_index": index - 1}]})
        echo = {"block_type": 10000, "block_id": "u", "content": {"text_block": {"text": "the question"}}}
        yield event("FULL_MSG_NOTIFY", {"message": {"user_type": 1, "message_id": "q1", "content_block": [echo]}})
        meta = {"user_type": 2, "conversation_id": conversation, "message_id": id, "section_id": section, "index_in_conv": index}

        def begin(block):
            return event("STREAM_MSG_NOTIFY", {"meta": meta, "content": {"content_type": 9999, "content_block": [block]}})

        def chunk(type, block, content, parent="", **more):
            block = {"block_type": type, "block_id": block, "parent_id": parent, "content": content, **more}
            return event("STREAM_CHUNK", {"message_id": id, "patch_op": [{"patch_object": 1, "patch_type": 1, "patch_value": {"content_block": [block]}}]})

        def text(block, parent):
            return lambda piece, number: event("CHUNK_DELTA", {"text": piece}) if number and deltas else chunk(
                10000, block, {"text_block": {"text": piece}}, parent, patch_type=1)

        # The message begins with a placeholder, or with the answer's own first piece.
        alone = not answer.sources and not (answer.thinking and thinks) and answer.trouble != "empty"
        if not alone:
            yield begin({"block_type": 10101, "block_id": "l1", "content": {"loading_block": {}}})
        if answer.sources:
            cards = [{"index": i, "text_card": {"index": i, "title": title, "url": url, "sitename": "example", "summary": "…"}}
                     for i, (title, url) in enumerate(answer.sources, 1)]
            for _ in range(2):
                yield chunk(10025, "s1", {"search_query_result_block": {"summary": "", "queries": ["q"], "results": cards}})
        if answer.thinking and thinks:
            yield chunk(10040, "t1", {"thinking_block": {"streaming_title": "思考中"}}, is_finish=False)
            yield from self.spread(answer, answer.thinking, text("t1a", "t1"))
            yield chunk(10040, "t1", {"thinking_block": {"finish_title": "已完成思考"}}, is_finish=True)
        if answer.trouble != "empty":
            def answered(piece, number):
                if number or not alone:
                    return text("b1", "")(piece, number)
                return begin({"block_type": 10000, "block_id": "b1", "parent_id": "", "content": {"text_block": {"text": piece}}})

            yield from self.spread(answer, answer.text, answered)
        yield event("SSE_REPLY_END", {"end_type": 1, "msg_finish_attr": {"msgid": id, "brief": answer.text[:8]}})
        yield event("SSE_REPLY_END", {"end_type": 2})
        yield event("SSE_REPLY_END", {"end_type": 3})

    def delete(self, request):
        account = self.member(request)
        return self.deleted(request, account, [self.need_body(request, {"conversation_id": is_text})["conversation_id"]])

    def batch_delete(self, request):
        account = self.member(request)
        body = self.need_body(request, {"cmd": one_of(4171), "uplink_body": bool, "sequence_id": is_uuid, "channel": one_of(2), "version": one_of("1")})
        asked = body["uplink_body"]["batch_delete_user_conversation_uplink_body"]
        self.need(request, asked["delete_all"] is False and asked["conversation_type"] == 3, "deletes everything")
        return self.deleted(request, account, asked["conversation_id"])

    def deleted(self, request, account, ids):
        for id in ids:
            self.need(request, account.conversations.pop(id, None) is not None, f"unknown conversation {id}")
            account.deleted.append(id)
        return plain(code=0, status_code=0)

    # The older dialect

    def samantha(self, request):
        account = self.member(request, stream=True)
        body = self.need_body(request, {
            "messages": lambda v: len(v) == 1, "completion_option": lambda v: v.get("need_create_conversation") is True, "conversation_id": one_of("0"),
            "section_id": lambda v: re.fullmatch(r"26\d{16}", v), "local_conversation_id": lambda v: re.fullmatch(r"local_16\d{14}", v),
            "local_message_id": is_uuid}, {"evaluate_option": bool})
        self.need(request, re.fullmatch(r"04-[0-9a-f-]{36}-[0-9a-f]{16}-01", request.headers.get("x-flow-trace", "")), "x-flow-trace")
        self.need_fresh(request, body["local_message_id"])
        message = body["messages"][0]
        self.need(request, message["content_type"] == 2001 and message.get("attachments") == [] and message.get("references") == [], "messages[0]")
        answer = self.begin(account, json.loads(message["content"])["text"], plain(code=710022002, msg="rate limited"))
        conversation = "3" + str(secrets.randbelow(10 ** 16)).zfill(16)
        return self.stream(account, answer, self.samantha_frames(account, conversation, answer, body["completion_option"].get("use_deep_think")))

    def samantha_frames(self, account, conversation, answer, thinks):
        def piece(type, content, finish=False):
            return self.samantha_event(2001, {"message": {"content_type": type, "content": compact(content)}, "conversation_id": conversation,
                                              "is_delta": True, "is_finish": finish})

        troubles = {"rate_limit": 710022002, "rate_json": 710022002, "verification": 710022004, "mid_stream": None, "cut": None, "empty": None}
        if code := troubles.get(answer.trouble):
            return (yield self.samantha_event(2005, {"code": code, "message": "rate limited", "error_detail": {"message": "rate limited"}}))
        account.conversations[conversation] = {}
        yield self.samantha_event(2002, {"conversation_id": conversation})
        if answer.thinking and thinks:
            yield piece(10040, {"finish_title": "深度思考中"})
            yield from self.spread(answer, answer.thinking, lambda text, number: piece(10000, {"text": text}))
            yield piece(10040, {"finish_title": "已完成思考"})
        if answer.sources:
            yield piece(10025, {"results": [{"text_card": {"title": title, "url": url, "sitename": "e"}} for title, url in answer.sources]})
        if answer.trouble != "empty":
            yield from self.spread(answer, answer.text, lambda text, number: piece(10000, {"text": text}))
        yield piece(10000, {}, True) + self.samantha_event(2003, {})

    @staticmethod
    def samantha_event(type, content):
        return data({"event_id": str(time.monotonic_ns()), "event_type": type, "event_data": compact(content)})


def event(name, value):
    return f"event: {name}\ndata: {compact(value)}\n\n"


def data(value):
    return f"data: {compact(value)}\n\n"
