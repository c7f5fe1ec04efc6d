"""Small clients of the simulated sites, after the same documents: they show that the simulators can be satisfied, and how."""
import base64
import hashlib
import http.client
import json
import re
import secrets
import time
import urllib.parse
import uuid

from simulators import base, deepseek, kimi
from simulators.keccak import deepseek_hash


class Client:
    """Asks one question, reads the reply, deletes the conversation. `damage(call)` may spoil a call before it is sent."""

    def __init__(self, site, account):
        self.site, self.account = site, account
        self.damage = None
        self.conversation = None

    def headers(self):
        page = self.site.origin
        return {"user-agent": "test/1", "origin": page, "referer": page + "/", "content-type": "application/json", "accept": "*/*"}

    def call(self, method, target, body=None, **more):
        """Status, headers, bytes; the bytes end where the connection does."""
        connection = self.open(method, target, body, **more)
        response = connection.getresponse()
        try:
            content = response.read()
        except http.client.IncompleteRead as cut:
            content = cut.partial
        connection.close()
        return response.status, dict(response.getheaders()), content

    def open(self, method, target, body=None, **headers):
        raw = body if isinstance(body, bytes) else b"" if body is None else base.compact(body).encode()
        call = {"method": method, "target": target, "headers": self.headers() | headers, "body": raw}
        self.sign(call)
        if self.damage:
            self.damage(call)
        connection = http.client.HTTPConnection(self.site.url.removeprefix("http://"), timeout=20)
        connection.request(call["method"], call["target"], call["body"] or None, {k: v for k, v in call["headers"].items() if v is not None})
        return connection

    def sign(self, call):
        pass

    def json(self, *arguments, **headers):
        return json.loads(self.call(*arguments, **headers)[2])

    def ask(self, prompt="hi", thinking=False, search=False):
        """What came, read: {content, reasoning, references, finished}; with `error` where the site said so."""
        question = self.question(prompt, thinking, search)
        status, headers, content = self.call(*question[:3], **(question[3] if len(question) > 3 else {}))
        return self.read(status, headers, content)

    def leave(self, prompt="hi"):
        """Asks, and goes away after the first bytes."""
        question = self.question(prompt, False, False)
        connection = self.open(*question[:3], **(question[3] if len(question) > 3 else {}))
        connection.getresponse().read1(10)
        connection.sock.close()

    def events(self, content):
        """(event, data) of a stream, whose blocks are whole."""
        for block in content.decode().replace("\r\n", "\n").split("\n\n")[:-1]:
            lines = [line.partition(":") for line in block.split("\n")]
            fields = {name: value.removeprefix(" ") for name, _, value in lines if name}
            if "data" in fields:
                yield fields.get("event"), fields["data"]

    def result(self, text=(), thoughts=(), references=(), finished=False, error=None):
        unique = list(dict.fromkeys(tuple(reference) for reference in references))
        return {"content": "".join(text), "reasoning": "".join(thoughts), "references": unique, "finished": finished, "error": error}


class DeepSeekClient(Client):
    thinks = searches = True

    def headers(self):
        return super().headers() | {
            "authorization": f"Bearer {self.account.token}", "x-client-platform": "web", "x-client-version": "2.0.4", "x-client-locale": "zh_CN",
            "x-client-timezone-offset": "28800", "x-app-version": "20241129.1"}

    def proof(self, path):
        data = self.json("POST", "/api/v0/chat/create_pow_challenge", {"target_path": path}).get("data")
        challenge = data["biz_data"]["challenge"] if data else {"salt": "", "expire_at": 0, "difficulty": 1, "challenge": ""}
        prefix = f"{challenge['salt']}_{challenge['expire_at']}_"
        fits = (n for n in range(challenge["difficulty"]) if deepseek_hash(f"{prefix}{n}".encode()).hex() == challenge["challenge"])
        proof = {name: challenge.get(name) for name in ("algorithm", "challenge", "salt", "signature", "target_path")} | {"answer": next(fits, 0)}
        return base64.b64encode(json.dumps(proof).encode()).decode()

    def question(self, prompt, thinking, search, files=()):
        data = self.json("POST", "/api/v0/chat_session/create", {}).get("data")
        self.conversation = data["biz_data"]["chat_session"]["id"] if data and data["biz_data"] else "none"
        body = {"chat_session_id": self.conversation, "parent_message_id": None, "prompt": prompt, "ref_file_ids": list(files),
                "thinking_enabled": thinking, "search_enabled": search, "preempt": False}
        body |= {"model_type": "vision"} if files else {}
        proof = self.proof(deepseek.COMPLETION)
        return "POST", deepseek.COMPLETION, body, {"accept": "text/event-stream", "x-ds-pow-response": proof}

    def upload(self, data):
        mark = b"--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.png\"\r\nContent-Type: image/png\r\n\r\n"
        proof = self.proof(deepseek.UPLOAD)
        reply = self.json("POST", deepseek.UPLOAD, mark + data + b"\r\n--b--\r\n", **{"content-type": "multipart/form-data; boundary=b", "x-ds-pow-response": proof})
        file = reply["data"]["biz_data"]
        while file["status"] != "SUCCESS":
            file = self.json("GET", f"/api/v0/file/fetch_files?file_ids={file['id']}")["data"]["biz_data"]["files"][0]
        return file["id"]

    def read(self, status, headers, content):
        if "event-stream" not in headers.get("content-type", ""):
            return self.result(error=content.decode() or str(status))
        fragments, path, operation, end = [], "", "SET", None
        error = "cut"
        for event, data in self.events(content):
            value = json.loads(data)
            error = data if event == "hint" else error
            if event:
                continue
            if isinstance(value["v"], dict) and "response" in value["v"]:
                fragments += value["v"]["response"]["fragments"]
                continue
            path, operation = value.get("p", path), value.get("o", operation)
            for patch in value["v"] if operation == "BATCH" else [{"p": "", "o": operation, "v": value["v"]}]:
                match f"{path}/{patch['p']}".strip("/"), patch.get("o", "SET"):
                    case "response/fragments", "APPEND": fragments += patch["v"]
                    case "response/fragments/-1/content", _: fragments[-1]["content"] += patch["v"]
                    case "response/fragments/-1/results", _: fragments[-1]["results"] = patch["v"]
                    case "response/status", _: end = patch["v"]
        def of(kind):
            return [fragment["content"] for fragment in fragments if fragment["type"] == kind]
        found = [(card["title"], card["url"]) for fragment in fragments for card in fragment.get("results", []) + [fragment.get("result")] if card]
        return self.result(of("RESPONSE"), of("THINK"), found, end == "FINISHED", end if end not in (None, "FINISHED") else None if end else error)

    def delete(self):
        return self.json("POST", "/api/v0/chat_session/delete", {"chat_session_id": self.conversation})["data"]["biz_code"] == 0


class KimiClient(Client):
    thinks = searches = True
    access = None

    def headers(self):
        return super().headers() | {"authorization": f"Bearer {self.access}", "connect-protocol-version": "1"}

    def refresh(self, token=None):
        reply = self.json("GET", "/api/auth/token/refresh", authorization=f"Bearer {token or self.account.refresh}")
        self.access = reply.get("access_token")
        return reply

    def question(self, prompt, thinking, search):
        if not self.access:
            self.refresh()
        body = {"scenario": "SCENARIO_K2D5", "tools": [{"type": "TOOL_TYPE_SEARCH", "search": {}}] if search else [],
                "message": {"role": "user", "blocks": [{"message_id": "", "text": {"content": prompt}}], "scenario": "SCENARIO_K2D5"},
                "options": {"thinking": thinking, "enable_plugin": True}}
        return ("POST", kimi.GATEWAY + "/Chat", kimi.envelope(body),
                {"content-type": "application/connect+json", "cookie": f"kimi-auth={self.access}"})

    def read(self, status, headers, content):
        text, thoughts, found, done, place = [], [], [], False, 0
        if status != 200:
            return self.result(error=str(status))
        while place < len(content):
            end = place + 5 + int.from_bytes(content[place + 1:place + 5], "big")
            flags, value, place = content[place], json.loads(content[place + 5:end]), end
            if "error" in value:
                return self.result(text, thoughts, found, error=base.compact(value))
            block, message = value.get("block", {}), value.get("message", {})
            text += [block["text"]["content"]] if "text" in block else []
            thoughts += [block["think"]["content"]] if "think" in block else []
            found += [(c["searchResult"]["base"]["title"], c["searchResult"]["base"]["url"]) for c in block.get("tool", {}).get("contents", [])]
            self.conversation = value.get("chat", {}).get("id", self.conversation)
            done |= message.get("role") == "assistant" and message.get("status") == "MESSAGE_STATUS_COMPLETED"
            if flags & 2:
                whole = re.sub(f"{kimi.MARK}[^{kimi.END}]*{kimi.END}", "", "".join(text))
                return self.result(whole, thoughts, found, done)
        return self.result(text, thoughts, found, error="cut")

    def delete(self):
        return self.call("POST", "/apiv2/kimi.chat.v1.ChatService/DeleteChat", {"chat_id": self.conversation})[0] == 200


class MetasoClient(Client):
    thinks, searches, deletes = False, True, False

    def headers(self):
        return super().headers() | {"cookie": f"uid={self.account.uid}; sid={self.account.sid}", "is-mini-webview": "0"}

    def question(self, prompt, thinking, search):
        page = self.call("GET", "/", accept="text/html")[2].decode()
        token = re.search(r'<meta id="meta-token" content="([^"]+)"', page)
        token = token[1] if token else ""
        body = {"question": prompt, "mode": "detail", "engineType": "", "scholarSearchDomain": "all"}
        data = self.json("POST", "/api/session", body, token=token)["data"]
        id = data["id"] if data else "none"
        query = {"sessionId": id, "question": prompt, "lang": "zh", "mode": "detail", "url": f"https://metaso.cn/search/{id}?newSearch=true&q={prompt}",
                 "enableMix": "true", "scholarSearchDomain": "all", "expectedCurrentSessionSearchCount": "1", "is-mini-webview": "0", "token": token}
        return "GET", "/api/searchV2?" + urllib.parse.urlencode(query), None, {"accept": "text/event-stream"}

    def read(self, status, headers, content):
        text, found = [], []
        if "event-stream" not in headers.get("content-type", ""):
            return self.result(error=content.decode())
        for _, data in self.events(content):
            if data == "[DONE]":
                return self.result(text, (), found, True)
            value = json.loads(data) if data.startswith("{") else {"type": "error"}
            match value["type"]:
                case "append-text": text.append(value["text"])
                case "update-reference": found += [(item["title"], item["link"]) for item in value["list"]]
                case "error": return self.result(text, (), found, error=data)
        return self.result(text, (), found, error="cut")


class MetasoChatClient(MetasoClient):
    thinks = True
    last = None

    def question(self, prompt, thinking, search):
        page = self.call("GET", "/", accept="text/html")[2].decode()
        token = re.search(r'<meta id="meta-token" content="([^"]+)"', page)
        same = {"engineType": "", "filter": "all", "mode": "detail", "outputHtml": False, "outputStyle": "正常"}
        model = "fast_thinking" if thinking else "fast"
        message = same | {"id": f"temp-{uuid.uuid4()}", "key": f"temp-{uuid.uuid4()}", "conversationId": self.conversation or f"temp-{uuid.uuid4()}",
                          "role": "user", "content": prompt, "markdownContent": prompt, "contentType": 0, "model": model}
        body = same | {"model": model, "stream": True, "messages": [message], "darkMode": False, "outputLanguage": "中文",
                       "htmlNoDisplayEnable": True, "metaso-pc": "pc", "token": token[1] if token else ""}
        if self.last:
            message["parentId"] = self.last
            body |= {"conversationId": self.conversation, "id": self.conversation, "currentLeafId": self.last}
        return "POST", "/api/search/chat", body, {"accept": "text/event-stream", "token": body["token"]}

    def read(self, status, headers, content):
        text, thoughts, found = [], [], []
        if "event-stream" not in headers.get("content-type", ""):
            return self.result(error=content.decode())
        for _, data in self.events(content):
            if data == "[DONE]":
                return self.result(text, thoughts, found, True)
            value = json.loads(data) if data.startswith("{") else {"type": "error"}
            match value.get("type"):
                case "error": return self.result(text, thoughts, found, error=data)
                case "conversation_init": self.conversation = value["data"]["id"]
                case "response_message_init": self.last = value["data"]["id"]
                case None:
                    delta = value["choices"][0]["delta"]
                    text.append(delta.get("content", ""))
                    thoughts.append(delta.get("reasoning_content", ""))
                    found += [(item["title"], item["link"]) for item in delta.get("citations", [])]
        return self.result(text, thoughts, found, error="cut")


class DoubaoClient(Client):
    thinks = searches = True

    def __init__(self, site, account):
        super().__init__(site, account)
        self.ids = ["7" + str(secrets.randbelow(10 ** 18)).zfill(18) for _ in range(3)]

    def headers(self):
        csrf = self.account.cookies.get("passport_csrf_token")
        return super().headers() | {"referer": "https://www.doubao.com/chat/", "agw-js-conv": "str",
                                    "cookie": "; ".join(f"{k}={v}" for k, v in self.account.cookies.items())} | ({"x-tt-passport-csrf-token": csrf} if csrf else {})

    def target(self, path):
        query = {"aid": "497858", "real_aid": "497858", "device_platform": "web", "device_id": self.ids[0], "web_id": self.ids[1], "tea_uuid": self.ids[2],
                 "web_tab_id": str(uuid.uuid4()), "fp": self.account.cookies.get("s_v_web_id", ""), "language": "zh", "region": "CN", "sys_region": "CN",
                 "pc_version": "3.5.10", "version_code": "20800", "pkg_type": "release_version", "samantha_web": "1", "use-olympus-account": "1"}
        return f"{path}?{urllib.parse.urlencode(query)}"

    def question(self, prompt, thinking, search):
        fp = self.account.cookies.get("s_v_web_id", "")
        block = {"block_type": 10000, "block_id": str(uuid.uuid4()), "parent_id": "", "meta_info": [], "append_fields": [],
                 "content": {"text_block": {"text": prompt, "icon_url": "", "icon_url_dark": "", "summary": ""}, "pc_event_block": ""}}
        body = {
            "client_meta": {"local_conversation_id": f"local_{secrets.randbelow(10 ** 16):016}", "conversation_id": "", "bot_id": "7338286299411103781",
                            "last_section_id": "", "last_message_index": None},
            "messages": [{"local_message_id": str(uuid.uuid4()), "message_status": 0, "content_block": [block]}],
            "option": {"need_deep_think": int(thinking), "need_create_conversation": True, "conversation_init_option": {"need_ack_conversation": True},
                       "sse_recv_event_options": {"support_chunk_delta": True}, "create_time_ms": int(time.time() * 1000), "unique_key": str(uuid.uuid4()),
                       "start_seq": 0, "is_audio": False, "send_message_scene": "", "regen_query_id": []},
            "ext": {"use_deep_think": str(int(thinking)), "fp": fp, "conversation_init_option": '{"need_ack_conversation":true}',
                    "commerce_credit_config_enable": "0", "sub_conv_firstmet_type": "1"}}
        return "POST", self.target("/chat/completion"), body

    def read(self, status, headers, content):
        if "event-stream" not in headers.get("content-type", ""):
            return self.result(error=content.decode())
        text, thoughts, found, goes, done = [], [], [], [], False
        for event, data in self.events(content):
            value = json.loads(data)
            match event:
                case "STREAM_ERROR" | None: return self.result(text, thoughts, found, error=data)
                case "SSE_ACK": self.conversation = value["ack_client_meta"]["conversation_id"]
                case "SSE_REPLY_END": done |= value["end_type"] == 3
                case "CHUNK_DELTA": goes.append(value["text"])
                case "STREAM_CHUNK" | "STREAM_MSG_NOTIFY":
                    place = value["patch_op"][0]["patch_value"] if event == "STREAM_CHUNK" else value["content"]
                    for block in place["content_block"]:
                        content = block["content"]
                        found += [(c["text_card"]["title"], c["text_card"]["url"]) for c in content.get("search_query_result_block", {}).get("results", [])]
                        if "text_block" in content:
                            goes = thoughts if block["parent_id"] else text
                            goes.append(content["text_block"]["text"])
        return self.result(text, thoughts, found, done, None if done else "cut")

    def delete(self):
        return self.json("POST", self.target("/samantha/thread/delete"), {"conversation_id": self.conversation})["code"] == 0


class SamanthaClient(DoubaoClient):
    def question(self, prompt, thinking, search):
        body = {"messages": [{"content": base.compact({"text": prompt}), "content_type": 2001, "attachments": [], "references": []}],
                "completion_option": {"need_create_conversation": True, "use_deep_think": thinking}, "evaluate_option": {"web_ab_params": ""},
                "conversation_id": "0", "section_id": f"26{secrets.randbelow(10 ** 16):016}", "local_conversation_id": f"local_16{secrets.randbelow(10 ** 14):014}",
                "local_message_id": str(uuid.uuid4())}
        return "POST", self.target("/samantha/chat/completion"), body, {"x-flow-trace": f"04-{uuid.uuid4()}-{secrets.token_hex(8)}-01"}

    def read(self, status, headers, content):
        if "event-stream" not in headers.get("content-type", ""):
            return self.result(error=content.decode())
        text, thoughts, found, thinks, done = [], [], [], False, False
        for _, data in self.events(content):
            value = json.loads(data)
            inner = json.loads(value.get("event_data", "{}"))
            self.conversation = inner.get("conversation_id", self.conversation)
            match value.get("event_type"):
                case 2005 | None: return self.result(text, thoughts, found, error=data)
                case 2003: done = True
                case 2001:
                    said = json.loads(inner["message"]["content"])
                    thinks = said["finish_title"] == "深度思考中" if "finish_title" in said else thinks
                    (thoughts if thinks else text).append(said.get("text", ""))
                    found += [(c["text_card"]["title"], c["text_card"]["url"]) for c in said.get("results", [])]
        return self.result(text, thoughts, found, done, None if done else "cut")


class QwenClient(Client):
    thinks = searches = True

    def headers(self):
        cookies = self.account.cookies
        return super().headers() | {
            "accept": "application/json, text/event-stream, text/plain, */*", "x-platform": "pc_tongyi", "x-deviceid": cookies.get("b-user-id", "d1"),
            "x-xsrf-token": urllib.parse.unquote(cookies.get("XSRF-TOKEN", "")), "cookie": "; ".join(f"{k}={v}" for k, v in cookies.items())}

    def target(self, path):
        query = {"biz_id": "ai_qwen", "chat_client": "h5", "device": "pc", "fr": "pc", "pr": "qwen", "ut": self.account.cookies.get("b-user-id", "d1"),
                 "la": "zh-CN", "tz": "Asia/Shanghai", "nonce": secrets.token_hex(6), "timestamp": str(int(time.time() * 1000))}
        return f"{path}?{urllib.parse.urlencode(query)}"

    def question(self, prompt, thinking, search):
        self.conversation = secrets.token_hex(16)
        body = {"req_id": secrets.token_hex(16), "parent_req_id": "0", "session_id": self.conversation, "topic_id": "",
                "messages": [{"content": prompt, "mime_type": "text/plain", "meta_data": {"ori_query": prompt}, "status": "complete"}], "model": "Qwen",
                "scene": "chat", "sub_scene": "chat", "scene_param": "first_turn", "deep_search": str(int(thinking)), "enable_search": search,
                "temporary": False, "from": "default", "biz_id": "ai_qwen", "biz_data": '{"entryPoint":"tongyigw"}', "chat_client": "h5",
                "client_tm": str(int(time.time() * 1000)), "protocol_version": "v2", "chat_mode": "think" if thinking else "quick"}
        return "POST", self.target("/api/v2/chat"), body

    def read(self, status, headers, content):
        if "event-stream" not in headers.get("content-type", ""):
            return self.result(error=content.decode() or str(status))
        text, thoughts, found, done = "", "", [], False
        for event, data in self.events(content):
            value = json.loads(data)
            done |= event == "complete"
            if value.get("error_code"):
                return self.result(text, thoughts, found, error=data)
            for message in (value.get("data") or {}).get("messages", []):
                load = message.get("meta_data", {}).get("multi_load", [])
                match message["mime_type"]:
                    case "bar/workflow": thoughts = "".join(step["content"]["body"] for step in load)
                    case "bar/iframe": found += [(c["title"], c["url"]) for c in message["meta_data"]["sources"][0]["content"]["list"]]
                    case "multi_load/iframe":
                        thoughts = next((entry["content"]["think_content"] for entry in load if entry["type"] == "deep_think"), thoughts)
                        whole = message["content"] or next((entry["content"] for entry in load if entry["type"] == "text"), "")
                        text = re.sub(r"\[\(deep_think\)\]|\[\[source_group_web_\d+\]\]", "", whole)
        return self.result(text, thoughts, found, done, None if done else "cut")

    def delete(self):
        return self.json("POST", self.target("/api/v1/session/delete/batch"), {"session_ids": [self.conversation]})["success"]


class DialogClient(QwenClient):
    searches = False

    def question(self, prompt, thinking, search):
        body = {"mode": "chat", "action": "next", "userAction": "chat", "model": "", "requestId": secrets.token_hex(16), "sessionId": "", "parentMsgId": "",
                "sessionType": "text_chat", "params": {"fileUploadBatchId": str(uuid.uuid4()), "searchType": "", "deepThink": thinking},
                "contents": [{"contentType": "text", "content": prompt, "role": "user"}]}
        return "POST", "/dialog/conversation", body, {"accept": "text/event-stream"}

    def read(self, status, headers, content):
        if "event-stream" not in headers.get("content-type", ""):
            return self.result(error=content.decode())
        text, thoughts, done = "", "", False
        for _, data in self.events(content):
            if data == "[DONE]":
                break
            value = json.loads(data)
            if value.get("error_code"):
                return self.result(text, thoughts, error=data)
            self.conversation, said = value["sessionId"], value["contents"][0]["content"]
            if value["contentType"] == "think":
                thoughts = json.loads(said)["content"]
            else:
                text, done = said, value["msgStatus"] == "finished"
            if done and not value["canShare"]:
                return self.result(text, thoughts, error=data)
        return self.result(text, thoughts, (), done, None if done else "cut")

    def delete(self):
        return self.json("POST", "/dialog/session/delete", {"sessionId": self.conversation})["success"]


class QwenIntlClient(Client):
    thinks = searches = True

    def headers(self):
        cookies = {"cookie": "; ".join(f"{k}={v}" for k, v in self.account.cookies.items())} if self.account.cookies else {}
        return super().headers() | {
            "authorization": f"Bearer {self.account.token}", "source": "web", "version": "0.2.83", "x-request-id": str(uuid.uuid4()),
            "x-accel-buffering": "no", "referer": f"https://chat.qwen.ai/c/{self.conversation}"} | cookies | self.account.capture

    def question(self, prompt, thinking, search):
        now = int(time.time())
        body = {"title": "New Chat", "models": ["qwen3.8-max"], "chat_mode": "normal", "chat_type": "t2t", "timestamp": now * 1000, "project_id": ""}
        reply = self.call("POST", "/api/v2/chats/new", body)[2]
        self.conversation = json.loads(reply)["data"].get("id", "none") if reply.startswith(b"{") else "none"
        kind = "search" if search else "t2t"
        message = {"fid": str(uuid.uuid4()), "parentId": None, "parent_id": None, "childrenIds": [], "role": "user", "content": prompt, "user_action": "chat",
                   "files": [], "timestamp": now, "models": ["qwen3.8-max"], "chat_type": kind, "sub_chat_type": kind,
                   "feature_config": {"thinking_enabled": thinking, "output_schema": "phase"}, "extra": {"meta": {"subChatType": kind}}}
        return "POST", f"/api/v2/chat/completions?chat_id={self.conversation}", {
            "stream": True, "incremental_output": True, "version": "2.1", "chat_id": self.conversation, "model": "qwen3.8-max", "chat_mode": "normal",
            "parent_id": None, "timestamp": now, "messages": [message]}

    def read(self, status, headers, content):
        if "event-stream" not in headers.get("content-type", ""):
            return self.result(error=content.decode())
        text, thoughts, found, done = [], [], [], False
        for _, data in self.events(content):
            value = json.loads(data)
            if "error" in value:
                return self.result(text, thoughts, found, error=data)
            for choice in value.get("choices", []):
                delta = choice["delta"]
                match delta["phase"]:
                    case "think": thoughts.append(delta["content"])
                    case "thinking_summary": thoughts = delta.get("extra", {}).get("summary_thought", {}).get("content", thoughts)
                    case "web_search": found += [(card["title"], card["url"]) for card in delta["extra"]["web_search_info"]]
                    case "answer":
                        text.append(delta["content"])
                        done |= delta["status"] == "finished"
                        if "finish_reason" in choice:
                            return self.result(text, thoughts, found, error=data)
        return self.result(text, thoughts, found, done, None if done else "cut")

    def delete(self):
        return self.json("DELETE", f"/api/v2/chats/{self.conversation}")["success"]


class ZhipuClient(Client):
    thinks = searches = True
    access = None

    def headers(self):
        return super().headers() | {
            "authorization": f"Bearer {self.access}", "app-name": "chatglm", "x-app-platform": "pc", "x-app-version": "0.0.1", "x-app-fr": "default",
            "x-lang": "zh", "x-request-id": secrets.token_hex(16), "x-device-id": self.account.device, "x-device-brand": "", "x-device-model": "",
            "content-type": "application/json;charset=utf-8", "referer": "https://chatglm.cn/main/alltoolsdetail"}

    def sign(self, call):
        now = str(int(time.time() * 1000))
        check = (sum(map(int, now)) - int(now[11])) % 10
        stamp, nonce = f"{now[:11]}{check}{now[12]}", secrets.token_hex(16)
        sign = hashlib.md5(f"{stamp}-{nonce}-8a1317a7468aa3ad86e997d08f3f31cb".encode()).hexdigest()
        call["headers"] |= {"x-timestamp": stamp, "x-nonce": nonce, "x-sign": sign}

    def refresh(self, token=None):
        reply = self.json("POST", "/chatglm/user-api/user/refresh", {}, authorization=f"Bearer {token or self.account.refresh}")
        self.access = reply["result"]["access_token"] if reply["result"] else None
        return reply

    def question(self, prompt, thinking, search):
        if not self.access:
            self.refresh()
        meta = {"channel": "", "draft_id": "", "input_question_type": "xxxx", "is_test": False, "platform": "pc", "quote_log_id": "",
                "chat_mode": "thinking" if thinking else "", "is_networking": search}
        body = {"assistant_id": "65940acff94777010aa6b796", "conversation_id": "", "project_id": "", "chat_type": "user_chat",
                "messages": [{"role": "user", "content": [{"type": "text", "text": prompt}]}], "meta_data": meta}
        return "POST", "/chatglm/backend-api/assistant/stream", body, {"accept": "text/event-stream"}

    def read(self, status, headers, content):
        if "event-stream" not in headers.get("content-type", ""):
            return self.result(error=content.decode() or "nothing")
        pieces, found, end = {}, [], None
        for _, data in self.events(content):
            frame = json.loads(data)
            self.conversation, end = frame["conversation_id"], frame["status"]
            for part in frame["parts"]:
                found += [(r["title"], r["url"]) for r in part["meta_data"].get("tool_result_extra", {}).get("search_results", [])]
                for item in part["content"]:
                    key = (item["type"], part["logic_id"])
                    whole = item["status"] == "finish" or self.site.snapshots
                    pieces[key] = item.get(item["type"]) if whole else pieces.get(key, "") + item[item["type"]]
        def of(kind):
            return [text for (type, _), text in pieces.items() if type == kind]
        return self.result(of("text"), of("think"), found, end == "finish", data if end in ("error", "intervene") else "cut" if end == "init" else None)

    def delete(self):
        body = {"conversation_ids": [self.conversation], "assistant_id": "65940acff94777010aa6b796"}
        return self.json("POST", "/chatglm/mainchat-api/conversation/bulk_delete", body)["status"] == 0


class MiniMaxClient(Client):
    thinks, searches = True, False
    chat = None

    def headers(self):
        return super().headers() | {"accept": "application/json, text/plain, */*", "token": self.account.token}

    def sign(self, call):
        now, user = str(int(time.time())), self.account.user
        query = (f"device_platform=web&biz_id=3&app_id=3001&version_code=22201&uuid={user}&device_id={self.account.device}&os_name=Mac&browser_name=chrome"
                 f"&device_memory=8&cpu_core_num=11&browser_language=zh-CN&browser_platform=MacIntel&user_id={user}&screen_width=1920&screen_height=1080"
                 f"&unix={now}000&lang=zh&token={self.account.token}&timezone_offset=28800&sys_language=zh&client=web")
        call["target"] += "?" + query
        body = call["body"].decode() or "{}"
        uri = urllib.parse.quote(call["target"], safe="-_.!~*'()")
        secret = "I*7Cf%WZ#S&%1RlZJ&C2" if self.site.variant == "A" else self.account.token
        def md5(text):
            return hashlib.md5(text.encode()).hexdigest()
        call["headers"] |= {"x-timestamp": now, "x-signature": md5(now + secret + body), "yy": md5(f"{uri}_{body}{md5(now + '000')}ooui")}

    def question(self, prompt, thinking, search):
        return "POST", "/matrix/api/v1/chat/send_msg", {
            "msg_type": 1, "text": f"user:{prompt}\n", "chat_type": 1, "attachments": [], "selected_mcp_tools": [], "backend_config": {}, "sub_agent_ids": []}

    def leave(self, prompt="hi"):
        self.conversation = self.json(*self.question(prompt, False, False))["chat_id"]

    def read(self, status, headers, content):
        if status != 200 or json.loads(content)["base_resp"]["status_code"]:
            return self.result(error=content.decode())
        self.conversation = json.loads(content)["chat_id"]
        for _ in range(30):
            status, _, content = self.call("POST", "/matrix/api/v1/chat/get_chat_detail", {"chat_id": self.conversation})
            if status != 200 or json.loads(content)["base_resp"]["status_code"]:
                return self.result(error=content.decode())
            value = json.loads(content)
            said = [m for m in value["messages"] if m["msg_type"] == 2 and "tool_call" not in m]
            if value["chat"]["chat_status"] == 2:
                return self.result([m["msg_content"] for m in said], [m.get("extra_info", {}).get("thinking_content", "") for m in said], (), True)
        return self.result(error="no end")

    def delete(self):
        return self.json("POST", "/matrix/api/v1/chat/delete_chat", {"chat_id": self.conversation})["base_resp"]["status_code"] == 0
