"""Web apps by recipes: the running gateway against a site of our own (wren.py), with the official SDK."""
import base64
import json
import os
import threading

import openai
import pytest
import wren as site_of
from conftest import until

PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n" + b"0" * 32).decode()


@pytest.fixture
def site():
    site = site_of.Wren()
    yield site
    site.stop()


@pytest.fixture
def web(start, site, tmp_path):
    """Starts a gateway with the recipe; its `client` asks without retries of its own."""

    def web(recipe=site_of.RECIPE, env=None, **more):
        (tmp_path / "wren.yaml").write_text(recipe)
        provider = {"name": "wren-web", "file": str(tmp_path / "wren.yaml"), "origin": site.url} | more
        apus = start({"providers": [provider], "demo": "off"}, env={"WREN_TOKEN": "refresh-0"} | (env or {}))
        apus.client = openai.OpenAI(base_url=apus.url + "/v1", api_key="none", max_retries=0, timeout=20)
        return apus

    return web


def ask(apus, text="hi", model="wren", **more):
    messages = text if isinstance(text, list) else [{"role": "user", "content": text}]
    return apus.client.chat.completions.create(model=model, messages=messages, **more)


def deleted(site):
    """Waits until every conversation that the gateway made is deleted."""
    until(lambda: site.chats and set(site.chats.values()) == {"deleted"}, f"the clean-up: {site.chats}")


def states(apus):
    status, _, body = apus.request("GET", "/api/providers")
    assert status == 200
    return sorted(session["state"] for session in json.loads(body)["providers"][0]["sessions"])


def are(apus, *wanted):
    """Waits until the accounts are in these states: an account is busy until its clean-up is over."""
    until(lambda: states(apus) == sorted(wanted), f"{wanted}, not {states(apus)}")


class TestAnswers:
    def test_a_plain_answer_whole_and_streamed(self, web, site):
        apus = web()
        reply = ask(apus)
        assert (reply.choices[0].message.content, reply.choices[0].finish_reason) == ("Hello 🗼!", "stop")
        assert reply.usage.prompt_tokens > 0 and reply.usage.completion_tokens > 0
        chunks = list(ask(apus, stream=True, stream_options={"include_usage": True}))
        assert "".join(c.choices[0].delta.content or "" for c in chunks if c.choices) == "Hello 🗼!"
        assert chunks[-1].usage.completion_tokens > 0
        assert site.problems == []
        assert [a["body"]["q"] for a in site.asked] == ["hi", "hi"]
        assert [a["query"]["turn"] for a in site.asked] == ["1", "2"]
        assert "x-salt" not in site.asked[0]["headers"], "an optional credential without a value leaves its header out"
        assert site.asked[0]["headers"]["x-device"] == site.asked[1]["headers"]["x-device"], "one identity"
        deleted(site)
        assert site.log.count(("POST", "/auth/refresh")) == 1, "the access token is kept"

    def test_estimated_usage_says_so(self, web, site):
        apus = web()
        status, headers, _ = apus.post("/v1/chat/completions", {"model": "wren", "messages": [{"role": "user", "content": "hi"}], "temperature": 0.5})
        assert status == 200
        assert "temperature:dropped" in headers["x-apus-losses"]

    @pytest.mark.parametrize("asked", [{"model": "wren-think"}, {"reasoning_effort": "high"}])
    def test_thinking_by_name_or_effort(self, web, site, asked):
        reply = ask(web(), **({"model": "wren"} | asked))
        assert reply.choices[0].message.reasoning_content == "先想想"
        assert reply.choices[0].message.content == "Hello 🗼!"

    @pytest.mark.parametrize("asked", [{"model": "wren-search"}, {"web_search_options": {}}])
    def test_search_by_name_or_option(self, web, site, asked):
        reply = ask(web(), **({"model": "wren"} | asked))
        assert [a.url_citation.url for a in reply.choices[0].message.annotations] == ["https://a.example/1"]
        assert site.asked[0]["body"]["web"] is True

    def test_no_effort_is_no_thinking(self, web, site):
        reply = ask(web(), reasoning_effort="none")
        assert site.asked[0]["body"]["deep"] is False
        assert not getattr(reply.choices[0].message, "reasoning_content", None)

    def test_the_history_is_merged_with_system_and_tools(self, web, site):
        ask(web(), [{"role": "system", "content": "S"}, {"role": "user", "content": "{role}"}, {"role": "assistant", "content": "A"}, {"role": "user", "content": "B"}])
        assert site.asked[0]["body"]["q"] == "system: S\nuser: {role}\nassistant: A\nuser: B\n"

    def test_images_go_up_and_other_things_do_not(self, web, site):
        apus = web()
        url = f"data:image/png;base64,{PNG}"
        ask(apus, [{"role": "user", "content": [{"type": "text", "text": "what?"}, {"type": "image_url", "image_url": {"url": url}}]}])
        assert site.asked[0]["body"]["files"] == ["file-1"] and site.problems == []
        ask(apus)
        assert "files" not in site.asked[1]["body"]
        with pytest.raises(openai.BadRequestError) as refusal:
            ask(apus, tools=[{"type": "function", "function": {"name": "f", "parameters": {}}}])
        assert refusal.value.code == "unsupported_content"

    def test_every_client_wire(self, web, site):
        apus = web()
        _, _, body = apus.post("/v1/messages", {"model": "wren", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]}, {"anthropic-version": "2023-06-01"})
        assert body["content"][0]["text"] == "Hello 🗼!" and body["stop_reason"] == "end_turn"
        _, _, body = apus.post("/v1beta/models/wren:generateContent", {"contents": [{"role": "user", "parts": [{"text": "hi"}]}]})
        assert body["candidates"][0]["content"]["parts"][0]["text"] == "Hello 🗼!"
        reply = apus.client.responses.create(model="wren", input="hi")
        assert reply.output_text == "Hello 🗼!"
        status, _, body = apus.request("POST", "/v1beta/models/wren:streamGenerateContent?alt=sse", {"contents": [{"role": "user", "parts": [{"text": "hi"}]}]})
        assert status == 200 and b"Hello" in body
        assert site.problems == []

    def test_a_long_prompt_is_refused_before_the_site_sees_it(self, web, site):
        with pytest.raises(openai.BadRequestError) as refusal:
            ask(web(), "x" * 5001)
        assert refusal.value.code == "context_length_exceeded" and site.log == []

    def test_models_are_listed_and_others_are_unknown(self, web, site):
        apus = web()
        assert {m.id for m in apus.client.models.list()} == {"wren", "wren-think", "wren-search"}
        with pytest.raises(openai.NotFoundError):
            ask(apus, model="wren-web/other")


class TestTools:
    RECIPE = site_of.RECIPE + "tools: prompt\n"
    TOOLS = [{"type": "function", "function": {"name": "weather", "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}}}]

    def frames(self, *texts):
        return [{"t": "text", "d": text} for text in texts] + [{"t": "end"}]

    @pytest.mark.parametrize("stream", [False, True])
    def test_a_call_in_words_becomes_a_call(self, web, site, stream):
        site.faults = [self.frames("<tool", "_calls>[{\"name\":\"weather\",", "\"arguments\":{\"city\":\"Paris\"}}]</tool_calls>\n")]
        reply = ask(web(self.RECIPE), tools=self.TOOLS, stream=stream)
        if stream:
            chunks = [c.choices[0] for c in reply if c.choices]
            calls = [call for c in chunks for call in c.delta.tool_calls or []]
            assert (calls[0].function.name, "".join(c.function.arguments for c in calls)) == ("weather", '{"city":"Paris"}')
            assert chunks[-1].finish_reason == "tool_calls" and not any(c.delta.content for c in chunks)
        else:
            call = reply.choices[0].message.tool_calls[0]
            assert (call.function.name, json.loads(call.function.arguments)) == ("weather", {"city": "Paris"})
            assert reply.choices[0].finish_reason == "tool_calls"
        assert "weather" in site.asked[0]["body"]["q"]

    @pytest.mark.parametrize("text", [
        '<tool_calls>[{"name":"other","arguments":{}}]</tool_calls>', "<tool_calls>oops</tool_calls>", "<tool_calls>[{", "<tool", "plain",
        'Sure! <tool_calls>[{"name":"weather","arguments":{}}]</tool_calls>'])
    def test_anything_else_stays_text(self, web, site, text):
        site.faults = [self.frames(text)]
        reply = ask(web(self.RECIPE), tools=self.TOOLS)
        assert (reply.choices[0].message.content, reply.choices[0].finish_reason) == (text, "stop")


class TestSessions:
    def test_an_expired_access_token_is_renewed_once_and_the_new_credential_kept(self, web, site):
        apus = web()
        ask(apus)
        site.access.clear()
        assert ask(apus).choices[0].message.content == "Hello 🗼!"
        assert site.log.count(("POST", "/auth/refresh")) == 2
        files = list((apus.folder / "data" / "sessions").glob("wren-web-*.json"))
        assert len(files) == 1 and oct(files[0].stat().st_mode & 0o777) == "0o600"
        assert json.loads(files[0].read_text())["credentials"]["REFRESH"] in site.refresh
        assert "refresh-" not in apus.log() and "access-" not in apus.log()

    def test_the_rotated_credential_survives_a_restart(self, web, site, start):
        apus = web()
        ask(apus)
        apus.stop()
        again = type(apus)(apus.folder, None, env={"WREN_TOKEN": "refresh-0"})
        try:
            again.client = openai.OpenAI(base_url=again.url + "/v1", api_key="none", max_retries=0, timeout=20)
            assert ask(again).choices[0].message.content == "Hello 🗼!"
        finally:
            again.stop()
        assert site.asked[0]["headers"]["x-device"] == site.asked[1]["headers"]["x-device"]

    def test_a_refresh_that_fails_ends_in_an_error_of_the_upstream(self, web, site):
        site.refuses_refresh = True
        apus = web()
        with pytest.raises(openai.APIStatusError) as error:
            ask(apus)
        assert (error.value.status_code, error.value.code) == (502, "upstream_authentication_error")
        are(apus, "expired")

    def test_many_at_once_share_one_refresh_and_come_one_by_one(self, web, site):
        apus = web(concurrency=1)
        site.pause = 0.005
        threads = [threading.Thread(target=ask, args=(apus,)) for _ in range(6)]
        [t.start() for t in threads]
        [t.join() for t in threads]
        assert len(site.asked) == 6 and site.most_running == 1 and site.problems == []
        assert site.log.count(("POST", "/auth/refresh")) == 1

    def test_many_at_once_on_one_session_share_one_refresh(self, web, site):
        apus = web(concurrency=4)
        threads = [threading.Thread(target=lambda: ask(apus)) for _ in range(4)]
        [t.start() for t in threads]
        [t.join() for t in threads]
        assert site.log.count(("POST", "/auth/refresh")) == 1

    def test_starts_are_spaced(self, web, site):
        apus = web(min_interval="150ms")
        for _ in range(3):
            ask(apus)
        assert all(later - earlier > 0.1 for earlier, later in zip(site.starts, site.starts[1:]))

    def test_the_next_session_answers_where_the_first_is_banned(self, web, site):
        site.refresh = {"refresh-a": "a", "refresh-b": "b"}
        apus = web(sessions=["refresh-a", "refresh-b"])
        site.faults = [(200, {}, {"code": 40020})]
        assert ask(apus).choices[0].message.content == "Hello 🗼!"
        first = site.asked[0]["account"]
        are(apus, "banned", "ok")
        for _ in range(3):
            ask(apus)
        assert all(a["account"] != first for a in site.asked[1:])

    def test_a_mute_holds_the_account(self, web, site):
        apus = web()
        site.faults = [(200, {}, {"code": 40010})]
        with pytest.raises(openai.RateLimitError) as error:
            ask(apus)
        assert error.value.response.headers["retry-after"] == "600"
        count = len(site.log)
        with pytest.raises(openai.RateLimitError) as error:
            ask(apus)
        assert int(error.value.response.headers["retry-after"]) > 590
        until(lambda: len(site.log) >= count)
        are(apus, "muted")
        assert len(site.asked) == 1, "the site is left in peace"

    def test_a_short_rate_limit_is_waited_for(self, web, site):
        site.faults = [(429, {"retry-after": "1"}, {})]
        assert ask(web()).choices[0].message.content == "Hello 🗼!"
        assert site.starts[1] - site.starts[0] > 0.9

    def test_a_long_rate_limit_is_told(self, web, site):
        site.faults = [(429, {"retry-after": "60"}, {})]
        apus = web()
        with pytest.raises(openai.RateLimitError) as error:
            ask(apus)
        assert error.value.response.headers["retry-after"] == "60"
        are(apus, "rate_limited")
        _, _, metrics = apus.request("GET", "/metrics")
        assert b'apus_provider_sessions{provider="wren-web",state="rate_limited"} 1' in metrics

    def test_a_human_check_is_final(self, web, site):
        site.refresh = {"refresh-a": "a", "refresh-b": "b"}
        apus = web(sessions=["refresh-a", "refresh-b"])
        site.faults = [(200, {"content-type": "text/html"}, b"<html>slide to verify</html>")] * 2
        with pytest.raises(openai.PermissionDeniedError) as error:
            ask(apus)
        assert error.value.code == "verification_required" and len(site.asked) == 1
        are(apus, "ok", "verification_required")

    def test_a_pasted_request_gives_token_cookies_and_identity(self, web, site):
        command = "curl 'https://wren.example/chat' -H 'authorization: Bearer refresh-0' -H 'x-device: 777' -H $'user-agent: Mine\\u0021' -b 'a=1'"
        apus = web(sessions=[command], env={"WREN_TOKEN": ""})
        ask(apus)
        headers = site.asked[0]["headers"]
        assert headers["x-device"] == "777"
        assert "a=1" in headers["cookie"]


class TestTrouble:
    def test_an_error_before_the_first_word_is_a_status(self, web, site):
        site.faults = [[{"t": "start"}, {"t": "error", "code": "busy", "text": "too many"}]] * 3
        with pytest.raises(openai.APIStatusError) as error:
            ask(web(), stream=True)
        assert error.value.status_code == 503 and len(site.asked) == 3
        deleted(site)

    def test_an_error_in_the_middle_is_an_error_event_without_an_end(self, web, site):
        site.faults = [[{"t": "text", "d": "Half"}, {"t": "error", "code": "busy", "text": "too many"}]]
        apus = web()
        status, _, body = apus.request("POST", "/v1/chat/completions", {"model": "wren", "stream": True, "messages": [{"role": "user", "content": "hi"}]}, {"content-type": "application/json"})
        assert status == 200 and b"Half" in body and b'"error"' in body
        assert b"[DONE]" not in body and b'"finish_reason":"stop"' not in body
        deleted(site)
        assert ("POST", "/chat/chat-1/%C3%BC/stop".replace("/%C3", "%2F%C3")) in site.log

    def test_a_stream_that_breaks_off_is_an_error(self, web, site):
        site.faults = [[{"t": "text", "d": "Half"}]] * 3
        with pytest.raises(openai.APIStatusError) as error:
            ask(web())
        assert error.value.status_code == 502 and len(site.asked) == 3

    def test_an_empty_answer_is_an_error(self, web, site):
        site.faults = [[{"t": "end"}]] * 3
        with pytest.raises(openai.APIStatusError) as error:
            ask(web())
        assert error.value.status_code == 502

    def test_an_unknown_event_is_counted(self, web, site):
        site.faults = [[{"t": "news", "d": 1}, {"t": "text", "d": "ok"}, {"t": "end"}]]
        apus = web()
        assert ask(apus).choices[0].message.content == "ok"
        until(lambda: b'apus_recipe_drift_total{provider="wren-web",what="unknown"} 1' in apus.request("GET", "/metrics")[2])

    def test_a_missing_field_is_named(self, web, site):
        apus = web(site_of.RECIPE.replace("data.chat.id, data.id", "data.conversation.id"))
        with pytest.raises(openai.APIStatusError) as error:
            ask(apus)
        assert error.value.status_code == 502 and "chat" in error.value.message
        are(apus, "format_changed")

    def test_a_client_that_leaves_ends_the_upstream_and_the_conversation(self, web, site):
        site.faults = [[{"t": "text", "d": "Half"}, None]]
        apus = web()
        stream = ask(apus, stream=True)
        next(iter(stream))
        stream.close()
        assert site.gone.get(timeout=10).endswith("/ask")
        deleted(site)
        assert any(path.endswith("/stop") for _, path in site.log)
        assert ask(apus).choices[0].message.content == "Hello 🗼!", "the account is free again"

    def test_a_redirect_is_not_followed(self, web, site):
        site.faults = [(302, {"location": "http://127.0.0.1:1/"}, {})]
        with pytest.raises(openai.APIStatusError) as error:
            ask(web())
        assert error.value.status_code == 502
