"""The seven chat web apps as they come with the gateway, against strict simulators of their sites, with the official SDK.

Agreement with the simulators is agreement with the documents; nobody checked either against a live site."""
import base64
import json
import threading

import openai
import pytest
from conftest import until
from simulators import SITES, Answer, DeepSeek, Kimi, Metaso, MiniMax, QwenIntl, Zhipu

SOURCES = (("甲文", "https://example.org/a"), ("乙文", "https://example.org/b?x=1&y=2"))
VARIABLES = {
    "deepseek-web": "DEEPSEEK_TOKEN", "kimi-web": "KIMI_TOKEN", "metaso-web": "METASO_TOKEN", "doubao-web": "DOUBAO_TOKEN",
    "qwen-web": "QWEN_TOKEN", "qwen-intl": "QWEN_INTL_TOKEN", "zhipu-web": "ZHIPU_TOKEN", "minimax-web": "MINIMAX_TOKEN",
}
# A model of each, one that thinks, one that searches.
MODELS = {
    "deepseek-web": ("deepseek-chat", "deepseek-reasoner"), "kimi-web": ("kimi", "kimi-k2-thinking"), "metaso-web": ("metaso", None),
    "doubao-web": ("doubao", "doubao-thinking"), "qwen-web": ("qwen", "qwen3-max-thinking"), "qwen-intl": (None, None),
    "zhipu-web": ("zhipu", None), "minimax-web": ("minimax", None),
}
IMAGES = {"deepseek-web": "deepseek-v4-vision", "kimi-web": "kimi-vision", "zhipu-web": "glm-4v"}
AGENT = "Mozilla/5.0 (owner's browser)"


class Platform:
    """A gateway with one site behind it."""

    def __init__(self, name, site, accounts, start, **more):
        self.name, self.site, self.accounts = name, site, accounts
        sessions = [{"token": account.credential, "headers": {"user-agent": AGENT}} for account in accounts]
        provider = {"name": name, "origin": site.url, "min_interval": "0ms", "sessions": sessions} | more
        self.apus = start({"providers": [provider], "demo": "off"})
        self.client = openai.OpenAI(base_url=self.apus.url + "/v1", api_key="none", max_retries=0, timeout=30)
        self.model = MODELS[name][0] or self.client.models.list().data[0].id

    def ask(self, text="hi", **more):
        messages = text if isinstance(text, list) else [{"role": "user", "content": text}]
        return self.client.chat.completions.create(**({"model": self.model, "messages": messages} | more))

    def message(self, *arguments, **more):
        reply = self.ask(*arguments, **more).choices[0]
        assert reply.finish_reason == "stop"
        return reply.message

    def states(self):
        return [s["state"] for s in json.loads(self.apus.request("GET", "/api/providers")[2])["providers"][0]["sessions"]]

    def is_tidy(self):
        """Waits until nothing that the gateway made is left on the site."""
        if not isinstance(self.site, Metaso):  # it knows no way
            until(lambda: not any(a.conversations for a in self.accounts), f"the clean-up of {self.name}")
        until(lambda: not any(a.running for a in self.accounts), "the end of the answer")


@pytest.fixture
def platform(start):
    sites = []

    def platform(name, accounts=1, account={}, **more):
        site = SITES[name]()
        sites.append(site)
        if isinstance(site, DeepSeek):
            site.difficulty = 64
        return Platform(name, site, [site.account(**account) for _ in range(accounts)], start, **more)

    yield platform
    for site in sites:
        print(type(site).__name__, "refused:", *site.refusals, sep="\n  ")  # shown when the test fails
        site.stop()


@pytest.fixture(params=SITES)
def each(request, platform):
    return platform(request.param)


def refused(site):
    assert site.refusals == []


class TestAnswers:
    @pytest.mark.parametrize("stream", [False, True])
    def test_a_plain_answer(self, each, stream):
        answer = Answer("晨雾里的灯塔 🗼\n亮着。", pieces=7)
        each.site.answers(answer)
        if stream:
            chunks = list(each.ask("你好", stream=True, stream_options={"include_usage": True}))
            text = "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)
            assert [c.choices[0].finish_reason for c in chunks if c.choices][-1] == "stop"
            assert chunks[-1].usage.completion_tokens > 0
        else:
            reply = each.ask("你好")
            text = reply.choices[0].message.content
            assert reply.choices[0].finish_reason == "stop" and reply.usage.prompt_tokens > 0
        assert text == each.site.content(answer)
        assert "你好" in each.accounts[0].prompts[0]
        refused(each.site)
        each.is_tidy()
        refused(each.site)

    @pytest.mark.parametrize("name", [n for n in SITES if n != "metaso-web"])
    def test_thinking(self, platform, name):
        each = platform(name)
        answer = Answer("Answer.", thinking="First\nthis, 然后那个.")
        each.site.answers(answer)
        message = each.message("hi", **({"model": MODELS[name][1]} if MODELS[name][1] else {"reasoning_effort": "high"}))
        assert message.content == each.site.content(answer)
        assert message.reasoning_content == each.site.reasoning(answer)
        refused(each.site)

    @pytest.mark.parametrize("name", [n for n in SITES if n != "minimax-web"])
    def test_search(self, platform, name):
        each = platform(name)
        answer = Answer("Found it.", sources=SOURCES)
        each.site.answers(answer)
        message = each.message("hi", web_search_options={})
        assert message.content == each.site.content(answer)
        assert [(a.url_citation.title, a.url_citation.url) for a in message.annotations] == each.site.references(answer)
        refused(each.site)

    @pytest.mark.parametrize("name", SITES)
    def test_images(self, platform, name):
        each = platform(name)
        picture = base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(64)).decode()
        content = [{"type": "text", "text": "what?"}, {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{picture}"}}]
        if name in IMAGES:
            each.message([{"role": "user", "content": content}], model=IMAGES[name])
            assert each.accounts[0].files
            return refused(each.site)
        with pytest.raises(openai.BadRequestError) as error:
            each.ask([{"role": "user", "content": content}])
        assert error.value.code == "unsupported_content" and each.site.requests == []

    def test_a_history_of_turns(self, each):
        each.message([{"role": "system", "content": "Be brief."}, {"role": "user", "content": "one"}, {"role": "assistant", "content": "two"}, {"role": "user", "content": "three"}])
        prompt = each.accounts[0].prompts[0]
        words = ["three"] if each.name == "metaso-web" else ["Be brief.", "one", "two", "three"]
        assert [prompt.find(w) for w in words] == sorted(prompt.find(w) for w in words) and prompt.find(words[0]) >= 0
        refused(each.site)

    def test_gzip(self, each):
        each.site.compresses = True
        assert each.message().content == each.site.content(Answer())


class TestTrouble:
    def test_an_error_in_the_middle(self, each):
        each.site.answers(Answer("word " * 20, trouble="mid_stream"))
        body = {"model": each.model, "stream": True, "messages": [{"role": "user", "content": "hi"}]}
        status, _, data = each.apus.request("POST", "/v1/chat/completions", body, {"content-type": "application/json"})
        assert status == 200 and b"word" in data and b'"error"' in data
        assert b"[DONE]" not in data and b'"finish_reason":"stop"' not in data
        each.is_tidy()

    @pytest.mark.parametrize("name", SITES)
    def test_an_empty_answer_is_an_error(self, platform, name):
        each = platform(name, retries=1)
        each.site.answers(Answer(trouble="empty"))
        with pytest.raises(openai.APIStatusError) as error:
            each.ask()
        assert error.value.status_code == 502
        each.is_tidy()

    def test_a_cut_answer_is_an_error(self, each):
        if "cut" not in each.site.troubles:  # its answers are asked for, again and again
            assert each.message().content
            return
        each.site.answers(Answer("word " * 20, trouble="cut"))
        with pytest.raises(openai.APIStatusError) as error:
            each.ask()
        assert error.value.status_code == 502

    def test_a_client_that_leaves(self, each):
        hold = threading.Event()
        each.site.answers(Answer("word " * 20, hold=hold), Answer())
        stream = each.ask(stream=True)
        next(iter(stream))
        stream.close()
        each.is_tidy()
        hold.set()
        assert each.message().content

    def test_a_rate_limit(self, each):
        word = next((w for w in ("rate_limit", "throttled") if w in each.site.troubles), None)
        if word is None:
            assert each.message().content
            return
        each.site.answers(Answer(trouble=word))
        with pytest.raises(openai.RateLimitError):
            each.ask()

    def test_an_account_that_is_no_longer_known(self, each):
        each.accounts[0].expired = each.site.refuse_refresh = True
        with pytest.raises(openai.APIStatusError) as error:
            each.ask()
        assert (error.value.status_code, error.value.code) == (502, "upstream_authentication_error")
        assert each.states() == ["expired"]

    def test_a_human_check(self, each):
        if "verification" not in each.site.troubles:
            assert each.message().content
            return
        each.site.answers(Answer(trouble="verification"))
        with pytest.raises(openai.PermissionDeniedError) as error:
            each.ask()
        assert error.value.code == "verification_required"
        assert each.states() == ["verification_required"]

    @pytest.mark.parametrize("name", [n for n in SITES if SITES[n] not in (Kimi, Zhipu)])  # those renew themselves
    def test_the_next_account_takes_over(self, platform, name):
        each = platform(name, accounts=2)
        each.accounts[0].expired = True
        for _ in range(2):
            assert each.message().content
        assert not each.accounts[0].prompts

    @pytest.mark.parametrize("name", ["kimi-web", "zhipu-web"])
    def test_an_access_token_that_ends_is_renewed(self, platform, name):
        each = platform(name)
        each.message()
        first = each.accounts[0].refresh
        each.accounts[0].expired = True
        assert each.message().content
        assert each.accounts[0].refresh != first
        refreshed = list((each.apus.folder / "data" / "sessions").glob("*.json"))
        assert any(each.accounts[0].refresh in file.read_text() for file in refreshed)
