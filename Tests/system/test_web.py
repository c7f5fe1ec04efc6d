"""The chat web apps end to end: the running program, its provider files, and the strict simulators of the sites; asked with the official SDK."""
import threading

import openai
import pytest
from conftest import Apus, until
from simulators import SITES, Answer

# A model that doesn't think by itself and one that does; None: that one with reasoning_effort, or (MiniMax) the site decides.
MODELS = {
    "deepseek-web": ("deepseek-chat", "deepseek-reasoner"), "kimi-web": ("kimi", "kimi-k2.6-thinking"), "metaso-web": ("metaso", None),
    "doubao-web": ("doubao", "doubao-thinking"), "qwen-web": ("qwen", None), "qwen-intl": ("qwen3.8-max", None), "zhipu-web": ("zhipu", None),
    "minimax-web": ("minimax-agent", None),
}
# By default searchV2, where nobody thinks.
THINKING = set(MODELS) - {"metaso-web"}
SEARCHING = set(MODELS) - {"minimax-web"}
REFRESHING = {"kimi-web", "zhipu-web"}
UNDELETED = {"metaso-web"}
SOURCES = (("甲文", "https://example.org/a"), ("乙文", "https://example.org/b?x=1&y=2"))
HELLO = [{"role": "user", "content": "Hi"}]


class Web:
    """A gateway before one simulated site."""

    def __init__(self, folder, name, accounts=1, **more):
        self.name, self.site = name, SITES[name]()
        self.accounts = [self.site.account() for _ in range(accounts)]
        sessions = [account.credential for account in self.accounts]
        entry = {"name": name, "origin": self.site.url, "sessions": sessions, "min_interval": "0s"} | more
        self.folder, self.config = folder, {"keys": [{"name": "alice", "key": "sk-alice"}], "providers": [entry]}
        self.serve()

    def serve(self):
        self.apus = Apus(self.folder, self.config)
        self.client = openai.OpenAI(base_url=self.apus.url + "/v1", api_key="sk-alice", max_retries=0, timeout=30)

    @property
    def account(self):
        return self.accounts[0]

    def ask(self, messages=HELLO, thinking=False, search=False, **more):
        plain, thinks = MODELS[self.name]
        model = thinks if thinking and thinks else plain
        more |= {"reasoning_effort": "high"} if thinking and not thinks else {}
        more |= {"web_search_options": {}} if search else {}
        return self.client.chat.completions.create(model=f"{self.name}/{model}", messages=messages, **more)

    def refused(self, stream=False, **more):
        """Status and code of the error."""
        with pytest.raises(openai.APIStatusError) as caught:
            for _ in self.ask(stream=stream, **more) if stream else [self.ask(**more)]:
                pass
        return caught.value.status_code, caught.value.body["code"] if "code" in caught.value.body else None

    def settled(self):
        """Waits until every account has nothing running and nothing left, and nothing was refused."""
        until(lambda: all(not account.running for account in self.accounts), "the end of answers")
        if self.name not in UNDELETED:
            until(lambda: all(not account.conversations for account in self.accounts), "the deletion of conversations")
        assert not self.site.refusals


@pytest.fixture
def web(tmp_path):
    made = []

    def web(name, **more):
        folder = tmp_path / str(len(made))
        folder.mkdir()
        made.append(Web(folder, name, **more))
        return made[-1]

    yield web
    for one in made:
        one.apus.stop()
        one.site.stop()
        print("\n".join(one.site.refusals))  # shown when a test fails
        for account in one.accounts:
            secrets = {account.credential} | {getattr(account, name, "") for name in ("access", "refresh", "token", "sid", "sessionid", "ticket")} - {""}
            assert not any(secret in one.apus.log() for secret in secrets), "a secret is in the log"


each = pytest.mark.parametrize("name", MODELS)


@each
def test_a_whole_answer(web, name):
    one = web(name)
    one.site.answers(Answer("晨雾里的灯塔 🗼\n亮着。"))
    reply = one.ask()
    assert reply.choices[0].message.content == "晨雾里的灯塔 🗼\n亮着。"
    assert reply.choices[0].finish_reason == "stop"
    assert reply.usage.completion_tokens > 0
    one.settled()


@each
def test_a_streamed_answer_comes_as_it_is_made(web, name):
    one = web(name)
    hold = threading.Event()
    one.site.answers(Answer("The first piece and the rest of it.", hold=hold))
    text = ""
    for chunk in one.ask(stream=True):
        text += (chunk.choices[0].delta.content or "") if chunk.choices else ""
        if text:
            hold.set()  # without this first piece the rest would never come
    assert text == "The first piece and the rest of it."
    one.settled()


@pytest.mark.parametrize("name", sorted(THINKING))
@pytest.mark.parametrize("stream", [False, True])
def test_reasoning(web, name, stream):
    one = web(name)
    answer = Answer("The answer is 4.", thinking="First think, then add.")
    one.site.answers(answer)
    if stream:
        deltas = [chunk.choices[0].delta for chunk in one.ask(thinking=True, stream=True) if chunk.choices]
        text, thoughts = ("".join(getattr(delta, member, None) or "" for delta in deltas) for member in ("content", "reasoning_content"))
    else:
        message = one.ask(thinking=True).choices[0].message
        text, thoughts = message.content, message.reasoning_content
    assert (text, thoughts) == ("The answer is 4.", one.site.reasoning(answer))
    one.settled()


@pytest.mark.parametrize("name", sorted(SEARCHING))
def test_sources(web, name):
    one = web(name)
    answer = Answer("It holds.", sources=SOURCES)
    one.site.answers(answer)
    message = one.ask(search=True).choices[0].message
    assert message.content == one.site.content(answer)
    assert [(note.url_citation.title, note.url_citation.url) for note in message.annotations] == one.site.references(answer)
    one.settled()


@each
def test_what_was_said_before_goes_up(web, name):
    one = web(name)
    one.ask([{"role": "system", "content": "Be brief."}, {"role": "user", "content": "What is 2+2?"}, {"role": "assistant", "content": "Four."},
             {"role": "user", "content": "And doubled?"}])
    prompt = one.account.prompts[0]
    assert "And doubled?" in prompt
    if name != "metaso-web":  # a search takes the last question
        assert prompt.index("Be brief.") < prompt.index("What is 2+2?") < prompt.index("Four.") < prompt.index("And doubled?")


@each
def test_a_reply_in_gzip(web, name):
    one = web(name)
    one.site.compresses = True
    one.site.answers(Answer("A text that may be compressed."))
    assert one.ask().choices[0].message.content == "A text that may be compressed."
    one.settled()


@pytest.mark.parametrize("name,variant", [("doubao-web", "samantha"), ("metaso-web", "search/chat"), ("qwen-web", "dialog")])
def test_the_other_dialect_of_a_site(web, name, variant):
    one = web(name, variant=variant)
    one.site.answers(Answer("An answer.", thinking="A thought."))
    message = one.ask(thinking=True).choices[0].message
    assert (message.content, message.reasoning_content) == ("An answer.", "A thought.")
    one.settled()


# Sessions


@pytest.mark.parametrize("name", sorted(set(MODELS) - REFRESHING))
def test_a_dead_session_is_told(web, name):
    one = web(name)
    one.account.expired = True
    assert one.refused() == (502, "upstream_authentication_error")


@pytest.mark.parametrize("name", sorted(REFRESHING))
def test_a_session_is_renewed_once_and_kept(web, name):
    one = web(name)
    first = one.account.refresh
    assert one.ask().choices[0].finish_reason == "stop"
    assert one.account.refresh != first
    one.settled()
    one.account.expired = True
    assert one.ask().choices[0].finish_reason == "stop"
    # What the config holds is long dead: after a new start the kept one is used.
    one.apus.stop()
    one.site.refusals.clear()
    one.serve()
    assert one.ask().choices[0].finish_reason == "stop"
    one.settled()


@pytest.mark.parametrize("name", sorted(REFRESHING))
def test_a_refused_renewal_is_told(web, name):
    one = web(name)
    one.site.refuse_refresh = True
    assert one.refused() == (502, "upstream_authentication_error")


@pytest.mark.parametrize("name", sorted(REFRESHING))
def test_ten_requests_renew_once(web, name):
    one = web(name, concurrency=10)
    one.site.answers(Answer())
    results = []
    threads = [threading.Thread(target=lambda: results.append(one.apus.post(
        "/v1/chat/completions", {"model": f"{name}/{MODELS[name][0]}", "messages": HELLO}, {"authorization": "Bearer sk-alice"}))) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len([request for request in one.site.requests if "refresh" in request.path]) == 1


@each
def test_one_question_at_a_time(web, name):
    one = web(name)
    replies = []
    threads = [threading.Thread(target=lambda: replies.append(one.ask())) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(replies) == len(one.account.prompts) == 3 and one.account.overlaps == 0
    one.settled()


@each
def test_the_next_session_answers_when_one_may_not(web, name):
    one = web(name, accounts=2)
    one.site.answers(Answer("from the second"), account=one.accounts[1])
    one.accounts[0].expired = True
    if name in REFRESHING:
        one.site.answers(Answer(trouble="rate_limit"), account=one.accounts[0])
    assert one.ask().choices[0].message.content == "from the second"


# What can go wrong

BROKEN = {"empty": (502, None), "cut": (502, None), "mid_stream": (502, None)}
OUTCOMES = {
    "deepseek-web": BROKEN | {"rate_limit": (429, None), "rate_code": (429, None), "throttled": (429, None), "too_long": (400, "context_length_exceeded"),
                              "banned": (502, "upstream_authentication_error"), "muted": (429, None), "verification": (403, "verification_required")},
    "kimi-web": BROKEN | {"mid_stream": (503, None), "rate_limit": (429, None), "throttled": (429, None), "overloaded": (503, None), "paywall": (502, "upstream_quota"),
                          "banned": (502, "upstream_authentication_error"), "timeout": (504, None)},
    "metaso-web": BROKEN | {"rate_limit": (429, None), "rate_word": (429, None), "throttled": (429, None), "forbidden": (502, "upstream_authentication_error")},
    "doubao-web": BROKEN | {"mid_stream": (429, None), "rate_limit": (429, None), "rate_json": (429, None), "verification": (403, "verification_required")},
    "qwen-web": BROKEN | {"rate_limit": (429, None), "verification": (403, "verification_required"), "verification_page": (403, "verification_required")},
    "qwen-intl": BROKEN | {"rate_limit": (429, None), "rate_429": (429, None), "verification": (403, "verification_required")},
    "zhipu-web": BROKEN | {"rate_limit": (429, None), "rate_message": (429, None), "blocked": (502, None)},
    "minimax-web": {"empty": (502, None), "timeout": (504, None), "mid_stream": (502, None), "rate_limit": (429, None), "credits": (502, "upstream_quota"),
                    "expired_code": (502, "upstream_authentication_error"), "verification": (403, "verification_required")},
}


@pytest.mark.parametrize("case", [(name, trouble) for name, outcomes in OUTCOMES.items() for trouble in sorted(outcomes)], ids="-".join)
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
def test_trouble(web, case, stream):
    name, trouble = case
    one = web(name, rate_wait="0s", retries=1, **{"limits": {"timeout_s": 3}} if name == "minimax-web" else {})
    one.site.answers(Answer("A text that is long enough.", trouble=trouble))
    expected, code = OUTCOMES[name][trouble]
    if stream and trouble in ("cut", "mid_stream"):  # part of the text was seen
        text = ""
        with pytest.raises(openai.APIError) as caught:
            for chunk in one.ask(stream=True):
                text += (chunk.choices[0].delta.content or "") if chunk.choices else ""
                assert not (chunk.choices and chunk.choices[0].finish_reason)
        assert not isinstance(caught.value, openai.APIStatusError)
        assert text and "A text that is long enough.".startswith(text)
    else:
        status, told = one.refused(stream=stream)
        assert status == expected and (code is None or told == code)
    if trouble == "verification":  # final: it isn't asked again
        assert len(one.account.prompts) == 1
    if trouble != "banned":
        one.settled()


@pytest.mark.parametrize("name", ["deepseek-web", "zhipu-web"])
def test_withdrawn_content(web, name):
    one = web(name)
    one.site.answers(Answer("Some text", trouble="content_filter"))
    reply = one.ask()
    assert reply.choices[0].finish_reason == "content_filter" and reply.choices[0].message.content == "Some text"


def test_deepseek_goes_on_and_proves_again(web):
    one = web("deepseek-web")
    one.site.answers(Answer("half", trouble="length"), Answer("half and whole"))
    assert one.ask().choices[0].message.content == "half and whole"
    one.site.answers(Answer(trouble="proof"), Answer("proved"))
    assert one.ask().choices[0].message.content == "proved"
    one.settled()


def test_a_failed_poll_is_asked_again(web):
    one = web("minimax-web")
    one.site.answers(Answer("A text in several pieces.", pieces=5, trouble="poll_hiccup"))
    assert one.ask().choices[0].message.content == "A text in several pieces."
    one.settled()


@each
def test_a_client_that_leaves_leaves_nothing_behind(web, name):
    one = web(name)
    one.site.answers(Answer("The first piece and the rest.", hold=threading.Event()))
    stream = one.ask(stream=True)
    for chunk in stream:
        if chunk.choices and chunk.choices[0].delta.content:
            break
    stream.close()
    one.settled()
    assert one.account.deleted or name in UNDELETED


# Pictures

PICTURE = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
LOOK = [{"role": "user", "content": [{"type": "text", "text": "What is it?"}, {"type": "image_url", "image_url": {"url": "data:image/png;base64," + PICTURE}}]}]


@pytest.mark.parametrize("name,model", [("deepseek-web", "deepseek-v4-vision"), ("kimi-web", "kimi"), ("zhipu-web", "zhipu")])
def test_pictures_go_up(web, name, model):
    one = web(name)
    one.site.answers(Answer("A dot."))
    reply = one.client.chat.completions.create(model=f"{name}/{model}", messages=LOOK)
    assert reply.choices[0].message.content == "A dot."
    assert len(one.account.files) == 1
    one.settled()


@pytest.mark.parametrize("name", sorted(set(MODELS) - {"deepseek-web", "kimi-web", "zhipu-web"}))
def test_pictures_are_refused_where_they_cannot_go(web, name):
    one = web(name)
    assert one.refused(messages=LOOK) == (400, "unsupported_content")
    assert not one.site.requests


# The variables of the reference relay


def test_a_variable_in_the_environment_turns_a_site_on(start):
    variables = {"deepseek-web": "DEEPSEEK_TOKEN", "kimi-web": "KIMI_TOKEN", "metaso-web": "METASO_TOKEN", "doubao-web": "DOUBAO_TOKEN", "qwen-web": "QWEN_TOKEN",
                 "qwen-intl": "QWEN_INTL_TOKEN", "zhipu-web": "ZHIPU_TOKEN", "minimax-web": "MINIMAX_TOKEN"}
    sites = {name: SITES[name]() for name in MODELS}
    env = {variables[name]: site.account().credential for name, site in sites.items()}
    apus = start({"keys": [{"name": "alice", "key": "sk-alice"}], "providers": [{"name": name, "origin": site.url} for name, site in sites.items()]}, env=env)
    client = openai.OpenAI(base_url=apus.url + "/v1", api_key="sk-alice", max_retries=0, timeout=30)
    names = {model.id for model in client.models.list()}
    assert {"deepseek-v4-flash", "kimi", "metaso-detail", "doubao", "qwen3.8-max", "glm-5.3", "minimax-agent"} <= names
    for name, (plain, _) in MODELS.items():
        assert client.chat.completions.create(model=f"{name}/{plain}", messages=HELLO).choices[0].message.content == Answer().text
    for site in sites.values():
        assert not site.refusals
        site.stop()
