"""The simulated chat web sites themselves: that they can be satisfied, answer in their framing, and refuse what they should."""
import base64
import gzip
import json
import threading

import pytest
import site_clients as clients
from conftest import until
from simulators import Answer, DeepSeek, Doubao, Kimi, Metaso, MiniMax, Qwen, QwenIntl, Zhipu, SITES, kimi, minimax, zhipu
from simulators.keccak import deepseek_hash

# Each site in each of its dialects, with a client of it.
DIALECTS = {
    "deepseek": (DeepSeek, clients.DeepSeekClient), "kimi": (Kimi, clients.KimiClient), "metaso": (Metaso, clients.MetasoClient),
    "metaso-chat": (Metaso, clients.MetasoChatClient), "doubao": (Doubao, clients.DoubaoClient), "doubao-samantha": (Doubao, clients.SamanthaClient),
    "qwen": (Qwen, clients.QwenClient), "qwen-dialog": (Qwen, clients.DialogClient), "qwen-intl": (QwenIntl, clients.QwenIntlClient),
    "zhipu": (Zhipu, clients.ZhipuClient), "minimax": (MiniMax, clients.MiniMaxClient),
}
SOURCES = (("甲文", "https://example.org/a"), ("乙文", "https://example.org/b?x=1&y=2"))


@pytest.fixture
def open_site():
    sites = []

    def open_site(name, **account):
        site_type, client_type = DIALECTS[name]
        site = site_type()
        sites.append(site)
        if isinstance(site, DeepSeek):
            site.difficulty = 16
        return site, client_type(site, site.account(**account))

    yield open_site
    for site in sites:
        site.stop()


@pytest.fixture(params=DIALECTS)
def pair(request, open_site):
    return open_site(request.param)


def test_every_provider_has_its_site():
    assert set(SITES.values()) == {site for site, _ in DIALECTS.values()}


# What they answer


def test_a_plain_answer(pair):
    site, client = pair
    site.answers(Answer("晨雾里的灯塔 🗼\n亮着。", thinking="not asked for" if not isinstance(site, MiniMax) else "", pieces=7))
    result = client.ask("你好")
    assert result == {"content": "晨雾里的灯塔 🗼\n亮着。", "reasoning": "", "references": [], "finished": True, "error": None}
    assert not site.refusals
    assert "你好" in client.account.prompts[0] and client.account.running == 0


def test_an_answer_with_reasoning_and_sources(pair):
    site, client = pair
    site.answers(Answer("The answer is 4.", thinking="First think, then add.", sources=SOURCES))
    result = client.ask(thinking=client.thinks, search=client.searches)
    assert result["content"] == "The answer is 4." and result["finished"]
    assert result["reasoning"] == ("First think, then add." if client.thinks else "")
    assert result["references"] == (list(SOURCES) if client.searches else [])
    assert not site.refusals


def test_a_long_answer(pair):
    site, client = pair
    text = "".join(f"{n}, " for n in range(2000))
    site.answers(Answer(text, pieces=25))
    assert client.ask()["content"] == text


def test_an_answer_in_gzip(pair):
    site, client = pair
    site.compresses = True
    plain_call = client.call

    def call(*arguments, **headers):
        status, found, content = plain_call(*arguments, **headers | {"accept-encoding": "gzip"})
        assert found.get("content-encoding") == "gzip"
        return status, found, gzip.decompress(content)

    client.call = call
    site.answers(Answer("A text in gzip."))
    assert client.ask()["content"] == "A text in gzip." and not site.refusals


def test_answers_come_in_their_order_and_to_whom_they_are_for(pair):
    site, client = pair
    site.answers(Answer("one"), Answer("two"))
    other = type(client)(site, site.account())
    site.answers(Answer("own"), account=other.account)
    assert [client.ask()["content"], other.ask()["content"], client.ask()["content"], client.ask()["content"]] == ["one", "own", "two", "two"]


@pytest.mark.parametrize("flag", [("zhipu", "snapshots", True), ("qwen", "workflow", False), ("qwen-intl", "summary", True)], ids=lambda flag: flag[1])
def test_the_other_form_of_an_answer(open_site, flag):
    name, member, value = flag
    site, client = open_site(name)
    setattr(site, member, value)
    site.answers(Answer("A text in pieces.", thinking="Thoughts in pieces."))
    result = client.ask(thinking=True)
    assert (result["content"], result["reasoning"]) == ("A text in pieces.", "Thoughts in pieces.")


OF_ONE_DIALECT = {"qwen": {"content_filter"}, "qwen-dialog": {"rate_limit", "verification", "verification_page", "forbidden"}}
TROUBLES = [(name, trouble) for name, (site, _) in DIALECTS.items() for trouble in sorted(site.troubles - OF_ONE_DIALECT.get(name, set()))]


@pytest.mark.parametrize("case", TROUBLES, ids="-".join)
def test_what_can_go_wrong(open_site, case):
    name, trouble = case
    site, client = open_site(name)
    site.answers(Answer("A text that is long enough.", trouble=trouble), Answer())
    result = client.ask()
    if trouble == "empty":
        assert result["content"] == ""
    else:
        assert not result["finished"] and result["error"], result
    if trouble in ("mid_stream", "cut") and name != "minimax":
        assert 0 < len(result["content"]) < len("A text that is long enough.")
    assert not site.refusals
    runs_on = name == "minimax" and trouble in ("mid_stream", "timeout", "poll_hiccup")
    assert client.account.running == runs_on


def test_an_unknown_trouble_is_a_mistake_of_the_test(pair):
    with pytest.raises(AssertionError):
        pair[0].answers(Answer(trouble="none of these"))


# What becomes of conversations


def test_a_conversation_is_deleted_once(pair):
    site, client = pair
    client.ask()
    if not getattr(client, "deletes", True):
        return
    assert len(client.account.conversations) == 1
    assert client.delete()
    assert client.account.deleted and not client.account.conversations and not site.refusals
    # A second time, or by somebody else: what isn't the caller's is unknown.
    stranger = type(client)(site, site.account())
    stranger.ask()
    stranger.conversation = client.conversation
    for again in (client, stranger):
        assert not again.delete()
        assert "unknown" in site.refusals.pop()


def test_one_answer_at_a_time(pair):
    site, client = pair
    hold = threading.Event()
    site.answers(Answer("A text in pieces.", hold=hold), Answer("next"))
    first = {}
    thread = threading.Thread(target=lambda: first.update(client.ask()))
    thread.start()
    until(lambda: client.account.running)
    other = type(client)(site, client.account)
    other.__dict__ |= {k: v for k, v in client.__dict__.items() if k in ("ids", "access")}
    result = other.ask()
    assert not result["finished"] and client.account.overlaps == 1
    hold.set()
    thread.join(20)
    assert first["content"] == "A text in pieces."
    assert len(client.account.times) == 2


def test_a_client_that_leaves(pair):
    site, client = pair
    site.answers(Answer("A text in pieces.", hold=threading.Event()), Answer("again"))
    client.leave()
    if isinstance(site, MiniMax):  # it only stops asking
        assert client.account.running == 1
        client.delete()
    else:
        site.gone.get(timeout=15)
    until(lambda: client.account.running == 0)
    assert client.ask()["content"] == "again"


# Credentials


def test_an_expired_session_is_told_in_the_sites_own_words(pair):
    site, client = pair
    client.ask()
    client.account.expired = True
    result = client.ask()
    words = {DeepSeek: "40003", Kimi: "unauthenticated", Metaso: '"errCode": 401', Doubao: "710012000", Qwen: "NOT_LOGIN", QwenIntl: "Unauthorized", Zhipu: "40103",
             MiniMax: "unauthorized"}
    assert not result["finished"]
    assert words[type(site)] in (result["error"] or "40003")
    assert site.refusals


@pytest.mark.parametrize("name", ["kimi", "zhipu"])
def test_a_refresh_token_rotates(open_site, name):
    site, client = open_site(name)
    first = client.account.refresh
    client.ask()
    assert client.account.refresh != first
    client.account.expired = True
    assert not client.ask()["finished"]
    client.refresh()
    assert client.ask()["finished"]
    access = client.access
    site.refusals.clear()
    assert client.refresh(first).get("result") is None and not client.access
    site.refuse_refresh = True
    client.refresh()
    assert not client.access and len(site.refusals) == 2
    client.access = access
    assert client.ask()["finished"]


# What they refuse: a rule, a dialect, and what spoils a call of a kind


def header(name, value=None):
    return lambda call: call["headers"].__setitem__(name, value)


def body(**members):
    def spoil(call):
        value = json.loads(call["body"])
        for name, member in members.items():
            value.pop(name) if member is None else value.__setitem__(name, member)
        call["body"] = json.dumps(value).encode()
    return spoil


def query(name, value):
    def spoil(call):
        path, _, text = call["target"].partition("?")
        pairs = [pair.partition("=") for pair in text.split("&")]
        call["target"] = path + "?" + "&".join(f"{n}={value if n == name else v}" for n, _, v in pairs if n != name or value is not None)
    return spoil


def proof(**members):
    def spoil(call):
        value = json.loads(base64.b64decode(call["headers"]["x-ds-pow-response"]))
        call["headers"]["x-ds-pow-response"] = base64.b64encode(json.dumps(value | members).encode()).decode()
    return spoil


def append(call):
    call["body"] += b" "


REFUSED = [
    # A credential is missing or another one.
    ("deepseek", "/chat/completion", header("authorization")), ("kimi", "/Chat", header("authorization")), ("kimi", "/Chat", header("cookie")),
    ("metaso", "/api/session", header("cookie")), ("metaso", "/api/session", header("token", "other")), ("metaso", "/api/searchV2", query("token", "other")),
    ("metaso-chat", "/api/search/chat", header("token", "other")), ("doubao", "/chat/completion", header("cookie", "sessionid=" + "0" * 32)),
    ("qwen", "/api/v2/chat", header("cookie", "tongyi_sso_ticket=x")), ("qwen", "/api/v2/chat", header("x-xsrf-token", "x%3D")),
    ("qwen-intl", "/completions", header("authorization")), ("zhipu", "/stream", header("authorization")), ("minimax", "send_msg", header("token")),
    # No or another identity, no header of the site's own client.
    ("deepseek", "/chat/completion", header("user-agent", "other/1")), ("kimi", "/Chat", header("user-agent", "other/1")),
    ("deepseek", "/chat/completion", header("x-client-version")), ("deepseek", "/create", header("origin", "https://elsewhere.example")),
    ("kimi", "/Chat", header("connect-protocol-version")), ("metaso", "/api/session", header("is-mini-webview")),
    ("doubao", "/chat/completion", header("agw-js-conv")), ("doubao", "/chat/completion", query("device_id", "123")),
    ("qwen", "/api/v2/chat", header("x-platform")), ("qwen", "/api/v2/chat", header("accept-encoding", "gzip, zstd")),
    ("qwen-intl", "/completions", header("version")), ("zhipu", "/stream", header("x-device-id", "0" * 32)), ("minimax", "send_msg", header("origin")),
    # Values that only a person's own capture may hold.
    ("deepseek", "/chat/completion", header("x-hif-leim", "made up")), ("kimi", "/Chat", header("x-msh-shield-data", "made up")),
    ("doubao", "/chat/completion", lambda call: call.__setitem__("target", call["target"] + "&a_bogus=x")),
    ("qwen-intl", "/completions", header("bx-ua", "made up")),
    # Signatures and proofs.
    ("deepseek", "/chat/completion", header("x-ds-pow-response")), ("deepseek", "/chat/completion", proof(answer=17)),
    ("deepseek", "/chat/completion", proof(signature="0" * 64)), ("deepseek", "/chat/completion", proof(target_path="/api/v0/file/upload_file")),
    ("deepseek", "/create_pow", body(target_path="/api/v0/elsewhere")),
    ("zhipu", "/stream", header("x-sign", "0" * 32)), ("zhipu", "/stream", header("x-timestamp", "1771229508176")),
    ("zhipu", "/stream", header("x-nonce", "short")), ("zhipu", "/refresh", header("x-sign")),
    ("minimax", "send_msg", header("x-signature", "0" * 32)), ("minimax", "send_msg", header("yy", "0" * 32)), ("minimax", "send_msg", append),
    ("minimax", "get_chat_detail", append), ("minimax", "send_msg", query("lang", "en")), ("minimax", "send_msg", header("x-timestamp", "1771229508")),
    # Framing.
    ("kimi", "/Chat", lambda call: call.__setitem__("body", call["body"][5:])), ("kimi", "/Chat", append),
    # Unknown conversations, stale times, members that are missing or unknown.
    ("deepseek", "/chat/completion", body(chat_session_id="unknown")), ("deepseek", "/chat/completion", body(parent_message_id=2)),
    ("deepseek", "/chat/completion", body(thinking_enabled=None)), ("deepseek", "/chat/completion", body(more=1)),
    ("metaso", "/api/searchV2", query("sessionId", "1")), ("metaso", "/api/session", body(mode="other")), ("metaso", "/api/searchV2", query("lang", None)),
    ("doubao", "/chat/completion", body(ext={"use_deep_think": "1"})), ("doubao", "/chat/completion", query("aid", "1")),
    ("doubao-samantha", "/samantha", body(conversation_id="5")), ("doubao-samantha", "/samantha", header("x-flow-trace")),
    ("qwen", "/api/v2/chat", body(scene_param="continue_chat")), ("qwen", "/api/v2/chat", query("timestamp", "1771229508000")),
    ("qwen", "/api/v2/chat", body(client_tm="1771229508000")), ("qwen-dialog", "/dialog/conversation", body(sessionId="unknown")),
    ("qwen-intl", "/completions", query("chat_id", "unknown")), ("qwen-intl", "/completions", body(parent_id="r-1")), ("qwen-intl", "/chats/new", body(timestamp=1)),
    ("zhipu", "/stream", body(conversation_id="f" * 24)), ("zhipu", "/stream", body(messages=[])),
    ("minimax", "get_chat_detail", body(chat_id=1)),
]


@pytest.mark.parametrize("case", range(len(REFUSED)), ids=lambda i: f"{REFUSED[i][0]}-{i}")
def test_what_is_refused(open_site, case):
    name, path, spoil = REFUSED[case]
    site, client = open_site(name)
    spoiled = []

    def damage(call):
        if path in call["target"]:
            spoiled.append(call)
            spoil(call)

    client.damage = damage
    result = client.ask()
    assert spoiled and site.refusals, "nothing was refused"
    assert "Traceback" not in "".join(site.refusals), site.refusals
    assert not result["finished"] and not result["content"]
    client.damage = None
    site.refusals.clear()
    if isinstance(site, MiniMax) and client.account.running:
        client.delete()
    assert client.ask()["finished"] and not site.refusals


# Bytes that were sent before, sent again
REPEATED = [("deepseek", "/chat/completion", "proof used"), ("doubao", "/chat/completion", "used nonce"), ("doubao-samantha", "/samantha", "used nonce"),
            ("qwen", "/api/v2/chat", "used nonce"), ("qwen-dialog", "/dialog/conv", "used nonce"), ("qwen-intl", "/completions", "used nonce"),
            ("zhipu", "/stream", "used nonce"), ("metaso-chat", "/search/chat", "used nonce")]


@pytest.mark.parametrize("case", REPEATED, ids=lambda case: case[0])
def test_a_repeated_request_is_refused(open_site, case):
    name, path, why = case
    site, client = open_site(name)
    kept = []

    def keep(call):
        if path in call["target"]:
            kept.append(dict(call, headers=dict(call["headers"])))
            if len(kept) == 2:
                call |= kept[0]

    client.damage = keep
    assert client.ask()["finished"]
    question = kept[0]
    if isinstance(site, DeepSeek):  # the message before is the parent of the next
        value = json.loads(question["body"]) | {"parent_message_id": 2}
        question["body"] = json.dumps(value).encode()
    status, headers, content = client.call("POST", question["target"])
    assert why in site.refusals[-1]
    assert not client.read(status, headers, content)["finished"]


def test_the_signatures_of_the_documents():
    token = ("eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJleHAiOjE4OTM0NTYwMDAsInVzZXIiOnsiaWQiOiI0NTAwMDAwMDAwMDAwMDAwMDEiLCJkZXZpY2VJRCI6IjMwMDAwMDAwMSIs"
             "Im5hbWUiOiJkZW1vIiwiYXZhdGFyIjoiIiwiaXNBbm9ueW1vdXMiOmZhbHNlfX0.ZmFrZS1zaWduYXR1cmU")
    body = '{"msg_type":1,"text":"user:你好\\n","chat_type":1,"attachments":[],"selected_mcp_tools":[],"backend_config":{},"sub_agent_ids":[]}'.encode()
    user = "450000000000000001"
    uri = (f"/matrix/api/v1/chat/send_msg?device_platform=web&biz_id=3&app_id=3001&version_code=22201&uuid={user}&device_id=300000001&os_name=Mac"
           "&browser_name=chrome&device_memory=8&cpu_core_num=11&browser_language=zh-CN&browser_platform=MacIntel&user_id=" + user +
           f"&screen_width=1920&screen_height=1080&unix=1771229508000&lang=zh&token={token}&timezone_offset=28800&sys_language=zh&client=web")
    assert minimax.signature("1771229508", minimax.SECRET, body) == "d7b09aed6a7f7c6ca8e452bfe7e34b1b"
    assert minimax.signature("1771229508", token, body) == "ca22cf64eb2896f30ff54dfcf19c30ef"
    assert minimax.yy(uri, body, "1771229508000") == "9f081df75c1eaf69e606146dceb3e1d3"
    assert minimax.yy("/x?unix=1700000000000&a=b", b"{}", "1700000000000") == "75c1501169e82d591daf6bc0f814683f"
    assert [zhipu.stamp(ms) for ms in (1771229508176, 1790732179995, 1790732179905)] == ["1771229508196", "1790732179905", "1790732179905"]
    assert zhipu.sign("1790732179905", "75988225830f4d93b6702dcd0a2e9baf") == "a32ee7a2876ad44e6658475f0a7c69eb"
    assert kimi.envelope({"text": "你好😀"}).hex() == "00000000157b2274657874223a22e4bda0e5a5bdf09f9880227d"
    assert kimi.envelope({}, 2).hex() == "02000000027b7d"
    assert deepseek_hash(b"a" * 200).hex() == "c396d2681a0d7a5498f39922282034b164b3494c243d4c4d2e277a13686704fd"
    assert deepseek_hash("灯塔".encode()).hex() == "6521ac57a4765965b9dbeaf14897709f4f2620cfe7843c34308927d97a543ebf"


# What is of one site


def test_deepseek_takes_pictures(open_site):
    site, client = open_site("deepseek")
    file = client.upload(b"\x89PNG data")
    assert client.account.files[file]["file"] == ("a.png", "image/png", b"\x89PNG data")
    question = client.question("what is it?", False, False, files=[file])
    assert client.read(*client.call(*question[:3], **question[3]))["finished"]
    question = client.question("what is it?", False, False, files=["file-unknown"])
    assert client.read(*client.call(*question[:3], **question[3]))["error"]


def test_deepseek_goes_on_where_it_stopped(open_site):
    site, client = open_site("deepseek")
    site.answers(Answer("half", trouble="length"), Answer("half and whole"))
    question = client.question("hi", False, False)
    assert not client.read(*client.call(*question[:3], **question[3]))["finished"]
    more = {"chat_session_id": client.conversation, "message_id": 2, "fallback_to_resume": True}
    reply = client.call("POST", "/api/v0/chat/continue", more, **question[3])
    assert client.read(*reply)["content"] == "half and whole"


def test_kimi_takes_pictures_and_sees_no_credential_at_its_storage(open_site):
    site, client = open_site("kimi")
    client.refresh()
    place = client.json("POST", "/api/pre-sign-url", {"action": "image", "name": "a.png", "size": 4})
    target = place["url"].removeprefix(site.url)
    assert client.call("PUT", target, b"data", **{"content-type": "image/png"})[0] == 400
    assert client.call("PUT", target, b"data", **{"content-type": "image/png", "authorization": None})[0] == 200
    file = client.json("POST", "/api/file", {"type": "image", "name": "a.png", "size": 4, "file_id": place["file_id"], "object_name": place["object_name"]})
    message = {"role": "user", "blocks": [{"message_id": "", "text": {"content": "what?"}}, {"file": {"id": file["id"]}}], "scenario": "SCENARIO_K2D5"}
    question = client.question("", False, False)
    body = kimi.envelope({"scenario": "SCENARIO_K2D5", "message": message, "options": {"thinking": False}})
    assert client.read(*client.call(*question[:2], body, **question[3]))["finished"]


def test_zhipu_takes_pictures(open_site):
    site, client = open_site("zhipu")
    client.refresh()
    form = b"--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.png\"\r\nContent-Type: image/png\r\n\r\ndata\r\n--b--\r\n"
    result = client.json("POST", "/chatglm/backend-api/assistant/file_upload", form, **{"content-type": "multipart/form-data; boundary=b"})["result"]
    for file, fits in ((result, True), ({"source_id": "unknown"}, False), (result | {"file_url": "other"}, False)):
        method, target, body, headers = client.question("what?", False, False)
        body["messages"][0]["content"].append({"type": "image", "image": [file]})
        assert client.read(*client.call(method, target, body, **headers))["finished"] == fits


def test_metaso_answers_a_second_turn(open_site):
    site, client = open_site("metaso-chat")
    assert client.ask("first")["finished"]
    assert client.ask("second")["finished"]
    assert list(client.account.conversations) == [client.conversation] and not site.refusals
    client.last = "8700000000000000000"
    assert not client.ask("third")["finished"]


def test_metaso_gives_a_stranger_no_token(open_site):
    site, client = open_site("metaso")
    client.account.expired = True
    assert b"meta-token" not in client.call("GET", "/", accept="text/html")[2]


def test_doubao_and_qwen_insist_on_the_whole_cookie(open_site):
    for name in ("doubao", "qwen"):
        site, client = open_site(name, whole=True)
        assert client.ask()["finished"]
        del client.account.cookies[next(reversed(client.account.cookies))]
        assert client.ask()["finished"], "the account has no such cookie any more"


def test_qwen_intl_lets_a_capture_through_its_wall(open_site):
    site, client = open_site("qwen-intl", cookies={"cna": "x"})
    site.wall = True
    assert "aliyun_waf" in client.ask()["error"]
    client.account.capture = {"bx-ua": "captured"}
    assert client.ask()["finished"]


def test_minimax_takes_the_other_signature_and_the_other_id(open_site):
    site, client = open_site("minimax", real_id="470000000000000009")
    site.variant = "B"
    assert client.account.credential.startswith("470000000000000009+ey")
    assert client.ask()["finished"] and not site.refusals
