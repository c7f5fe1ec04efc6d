"""Ten chat sites of other styles, each described by a provider file in `providers/` and nothing else: the schema is not made for seven sites."""
import importlib.util
import json
import os
import pathlib
import threading

import pytest

from conftest import ROOT

SHARED = pathlib.Path(os.environ.get("APUS_SHARED", ROOT.parent / "shared"))
PROVIDERS = pathlib.Path(__file__).parent / "providers"

spec = importlib.util.spec_from_file_location("mock_sites", SHARED / "learn" / "mock_sites.py")
mock_sites = importlib.util.module_from_spec(spec)
spec.loader.exec_module(mock_sites)
mock_sites.DELAY = 0

SITES = {site.name: site for site in mock_sites.SITES}
# An exact answer, marks that a template or a JSON text could stumble over, and one word.
PROMPTS = ["Count from one to seven", 'Say "{{prompt}}" \\ {role}\nand 你好 🐦 {"a": [1]}', "Hi"]


def session(site):
    """What the owner of an account at the site would copy out of a browser."""
    storage = site.storage
    token = next((storage[name] for name in ("token", "refresh_token", "userToken", "ws_token", "access_token", "key") if name in storage), None)
    session = {"headers": {"x-device-id": storage["did"], "x-msh-device-id": storage["did"]}, "query": {"device_id": storage["did"], "device": storage["did"]}}
    if "web_id" in storage:
        session["query"]["web_id"] = storage["web_id"]
    if site.cookies:
        session["cookie"] = "; ".join(f"{name}={value}" for name, value in site.cookies.items())
    if token:
        session["token"] = token
    return session


@pytest.fixture
def served():
    """Serves a site of a name on a port of its own."""
    servers = []

    def serve(name):
        server = mock_sites.Server(("127.0.0.1", 0), mock_sites.Handler)
        server.site = SITES[name]()
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return server
    yield serve
    for server in servers:
        server.shutdown()
        server.server_close()


def gateway(start, server, **more):
    site = server.site
    provider = {"name": site.name, "file": str(PROVIDERS / f"{site.name}.yaml"), "origin": f"http://127.0.0.1:{server.server_address[1]}", "min_interval": "0s", "sessions": [session(site)]} | more
    return start({"providers": [provider], "demo": "off"})


def model(name):
    return {"alder": "alder-pro"}.get(name, name)


@pytest.mark.parametrize("name", SITES)
def test_a_site_answers_through_its_file(name, start, served):
    gate = gateway(start, served(name))
    for prompt in PROMPTS:
        status, _, body = gate.post("/v1/chat/completions", {"model": model(name), "messages": [{"role": "user", "content": prompt}]})
        assert status == 200, (body, gate.log())
        message = body["choices"][0]["message"]
        assert message["content"] == mock_sites.answer_for(prompt)
        assert body["choices"][0]["finish_reason"] == "stop"
        if name != "hazel":  # it sends no reasoning
            assert message["reasoning_content"] == mock_sites.reasoning_for(prompt)
    if name == "damson":
        assert [note["url_citation"]["url"] for note in message["annotations"]] == [reference["url"] for reference in mock_sites.REFS]


@pytest.mark.parametrize("name", SITES)
def test_a_site_streams_through_its_file(name, start, served):
    gate = gateway(start, served(name))
    status, _, content = gate.request("POST", "/v1/chat/completions", {"model": model(name), "stream": True, "messages": [{"role": "user", "content": PROMPTS[1]}]}, {"content-type": "application/json"})
    assert status == 200, content
    events = [line[6:] for line in content.decode().split("\n") if line.startswith("data: ")]
    assert events[-1] == "[DONE]"
    deltas = [chunk["choices"][0]["delta"] for chunk in map(json.loads, events[:-1]) if chunk["choices"]]
    assert "".join(delta.get("content") or "" for delta in deltas) == mock_sites.answer_for(PROMPTS[1])
    assert len([delta for delta in deltas if delta.get("content")]) > 1


@pytest.mark.parametrize("name", SITES)
def test_a_dead_session_is_the_gateways_trouble(name, start, served):
    server = served(name)
    bad = {key: value for key, value in session(server.site).items() if key in ("headers", "query")}
    if server.site.cookies:
        bad["cookie"] = "; ".join(f"{name}=gone" for name in server.site.cookies)
    else:
        bad["token"] = mock_sites.fake_jwt("nobody", "access")
    gate = gateway(start, server, sessions=[bad])
    status, _, body = gate.post("/v1/chat/completions", {"model": model(name), "messages": [{"role": "user", "content": "Hi"}]})
    assert status == 502
    assert body["error"]["code"] == "upstream_authentication_error"
