"""The proxy by path: who may be asked, with which credential, and who is taken for a scanner. Attacks: shared/research/gateways.md §6."""
import json
import signal
import socket
import threading

import pytest

from conftest import AUTH, until
from rawpeer import RawClient, RawUpstream

HOST = "api.test.example"
KEYS = [{"name": "alice", "key": "sk-alice"}, {"name": "bob", "key": "sk-bob"}]


@pytest.fixture
def far():
    upstream = RawUpstream()
    yield upstream
    upstream.stop()


def ask(apus, target, *fields, method="GET", body=b""):
    """A request whose target nobody tidies up."""
    lines = [f"{method} {target} HTTP/1.1", "Host: localhost", "Connection: close", *fields, *([f"Content-Length: {len(body)}"] if body else [])]
    with RawClient(apus.port) as client:
        return client.ask("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body, is_bodiless=method == "HEAD")


def error(reply):
    return json.loads(reply.body)["error"]


# Where requests go


SPELLINGS = [
    # This machine and metadata services, however they are written.
    "127.0.0.1", "127.1", "2130706433", "017700000001", "0x7f000001", "0x7f.1", "0x7f.0.0.1", "0177.0.0.1", "0.0.0.0", "0", "localhost", "localhost.",
    "LOCALHOST.", "[::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[0:0:0:0:0:ffff:127.0.0.1]", "%5B::1%5D", "::1", "169.254.169.254", "0xa9fea9fe",
    "2852039166", "[fd00:ec2::254]", "metadata.google.internal", "10.0.0.1", "192.168.0.1", "100.100.100.200", "127.0.0.1.nip.io", "127.0.0.1.",
    "%31%32%37.0.0.1", "127%2E0%2E0%2E1", "127%E3%80%820%E3%80%820%E3%80%821", "%EF%BC%91%EF%BC%92%EF%BC%97.0.0.1",
    # Around an allowed name.
    "user@{host}", "{host}@127.0.0.1", "{host}:80@127.0.0.1", "{host}:443", "{host}:", "{host}%00.evil.example", "{host}%23@evil.example",
    "{host}%2f@evil.example", "{host}%5c@evil.example", "{host}.evil.example", "evil{host}", "evil.example%2f{host}", "{host}..", ".{host}",
    "api..test.example", "api%2Etest%2Eexample", "%61pi.test.example", "{host}\\", "{host};x", "{host},x", "http:", "https:%2f%2f{host}", "{host}%20",
    "api.test.example%0d%0aHost:evil", "api.tést.example", "xn--pi-lja.test.example",
]


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_no_spelling_of_another_host_leads_anywhere(start, far, spelling):
    apus = start({"proxy": {"allow": {HOST: {"origin": far.url}}}})
    with socket.create_server(("127.0.0.1", 0)) as canary:
        canary.settimeout(0)
        for port in ("", f":{canary.getsockname()[1]}"):
            for rest in ("/x", "/", ""):
                reply = ask(apus, "/" + spelling.format(host=HOST) + port + rest)
                assert reply.status in (400, 403, 404), (spelling, reply.status)
        with pytest.raises(BlockingIOError):
            canary.accept()
    assert far.connections == 0


@pytest.mark.parametrize("target", [
    f"//{HOST}/x", f"/./{HOST}/x", f"/x/../{HOST}/x", f"/{HOST}/../evil.example/x", f"/{HOST}/%2e%2e/x", f"/{HOST}/a/..%2f..%2fx", f"/{HOST}/..\\x",
    f"/{HOST}/%252e%252e/x", f"/{HOST}/a/%2E%2E", f"/v1/{HOST}/x", "/?/" + HOST])
def test_no_path_changes_the_host(start, far, target):
    apus = start({"proxy": {"allow": {HOST: {"origin": far.url}}}})
    assert ask(apus, target).status in (400, 403, 404)
    assert far.connections == 0


@pytest.mark.parametrize("spelling", ["API.Test.EXAMPLE", "api.test.example.", "api%E3%80%82test%EF%BC%8Eexample", "api.test%ef%bd%a1example%e3%80%82"])
def test_other_spellings_of_the_same_name_are_the_same(start, far, spelling):
    apus = start({"proxy": {"allow": {HOST: {"origin": far.url}}}})
    assert ask(apus, f"/{spelling}/x").status == 200
    assert far.requests[0].line == b"GET /x HTTP/1.1"


@pytest.mark.parametrize("fields", [["Host: evil.example"], ["X-Forwarded-Host: evil.example"], ["X-Original-URL: http://evil.example/"],
                                    ["Forwarded: host=evil.example"], ["X-Host: evil.example"]])
def test_no_header_and_no_body_changes_the_host(start, far, fields):
    apus = start({"keys": KEYS, "proxy": {"allow": {HOST: {"origin": far.url, "key": "stored"}}}})
    body = b'{"api_base":"http://127.0.0.1:1","base_url":"http://127.0.0.1:1","url":"http://127.0.0.1:1","endpoint":"x"}'
    text = "\r\n".join([f"POST http://other.example/{HOST}/x HTTP/1.1", *(fields if fields[0].startswith("Host") else ["Host: a", *fields]),
                        "Authorization: Bearer sk-alice", f"Content-Length: {len(body)}"]).encode()
    with RawClient(apus.port) as client:
        assert client.ask(text + b"\r\n\r\n" + body).status == 200
    assert far.requests[0][b"host"] == b"127.0.0.1:%d" % far.port and far.requests[0].body == body


def test_an_address_is_asked_only_where_it_is_listed_and_then_only_a_public_one(start):
    with socket.create_server(("127.0.0.1", 0)) as canary:
        canary.settimeout(0)
        apus = start({"proxy": {"allow": {"127.0.0.1": {"https": False}, "10.0.0.1": {"https": False}}}})
        for name in ("127.0.0.1", "10.0.0.1"):
            reply = ask(apus, f"/{name}/x")
            assert reply.status == 403 and "not allowed" in error(reply)["message"]


def test_what_is_not_allowed_is_told_with_the_line_that_allows_it(start, far):
    apus = start({"proxy": {"allow": {HOST: {"origin": far.url}, "api.openai.com": False}}})
    for name in ("api.openai.com", "evil.example"):
        reply = ask(apus, f"/{name}/v1/models")
        assert reply.status == 403 and f"proxy: {{allow: {{{name}: true}}}}" in error(reply)["message"]
    # The line does it, on a reload.
    apus.config.write_text(f"proxy: {{allow: {{evil.example: true, {HOST}: {{origin: '{far.url}'}}}}}}")
    apus.process.send_signal(signal.SIGHUP)
    apus.wait_for_log("result=ok")
    assert ask(apus, "/evil.example/v1/models").status == 502  # allowed, and unknown to everybody


def test_connections_survive_a_reload_and_end_when_their_domain_is_taken_away(start, far):
    apus = start({"server": {"loops": 1}, "proxy": {"allow": {HOST: {"origin": far.url}}}})
    for times in (1, 2):
        assert ask(apus, f"/{HOST}/x").status == 200
        apus.process.send_signal(signal.SIGHUP)
        apus.wait_for_log("result=ok", times)
    assert far.connections == 1 and not far.gone.is_set()
    apus.config.write_text("demo: on")
    apus.process.send_signal(signal.SIGHUP)
    assert far.gone.wait(10)
    assert ask(apus, f"/{HOST}/x").status == 403


# Credentials


CARRIERS = {
    "bearer": ("Authorization: Bearer {}", "/x"), "x-api-key": ("X-Api-Key: {}", "/x"), "x-goog-api-key": ("x-goog-api-key: {}", "/x"),
    "query": (None, "/x?a=1&key={}&b=%20"),
}
WANTED = {"openai": (b"authorization", b"Bearer "), "anthropic": (b"x-api-key", b""), "google": (b"x-goog-api-key", b"")}


def carry(name, value, second=None, second_value=None):
    """Target and fields of a request with one or two credentials."""
    fields, target = [], "/x?a=1&b=%20"
    for carrier, text in ((name, value), (second, second_value)):
        if carrier == "query":
            target = f"/x?a=1&key={text}&b=%20"
        elif carrier:
            fields.append(CARRIERS[carrier][0].format(text))
    return target, fields


def credentials(request):
    """What of a request is a credential: header fields by name, and `key` of the query."""
    found = {name.lower(): value for name, value in request.fields if name.lower() in (b"authorization", b"x-api-key", b"x-goog-api-key")}
    query = request.line.split(b" ")[1].split(b"?")[1]
    assert query.startswith(b"a=1&") and query.endswith(b"b=%20")
    return found | ({b"key": query[8:-6]} if b"key=" in query else {})


@pytest.mark.parametrize("auth", WANTED)
@pytest.mark.parametrize("carrier", CARRIERS)
def test_without_keys_the_clients_own_goes_up_in_the_domains_form(start, far, auth, carrier):
    apus = start({"proxy": {"allow": {HOST: {"origin": far.url, "auth": auth}}}})
    target, fields = carry(carrier, "own-secret")
    assert ask(apus, f"/{HOST}{target}", *fields).status == 200
    name, front = WANTED[auth]
    expected = {b"key": b"own-secret"} if carrier == "query" and auth == "google" else {name: front + b"own-secret"}
    assert credentials(far.requests[0]) == expected


@pytest.mark.parametrize("auth", WANTED)
@pytest.mark.parametrize("carrier", CARRIERS)
def test_with_keys_no_gateway_key_goes_up_and_the_owners_goes_to_its_domain_alone(start, far, auth, carrier):
    other = RawUpstream()
    apus = start({"keys": KEYS, "proxy": {"allow": {HOST: {"origin": far.url, "auth": auth, "key": "stored-canary"}, "other.example": {"origin": other.url, "auth": auth}}}})
    name, front = WANTED[auth]
    target, fields = carry(carrier, "sk-alice")
    assert ask(apus, f"/{HOST}{target}", *fields).status == 200
    assert credentials(far.requests[-1]) == {name: front + b"stored-canary"}
    assert ask(apus, f"/other.example{target}", *fields).status == 200
    assert credentials(other.requests[-1]) == {}
    for second in CARRIERS:
        if second == carrier:
            continue
        # Another gateway key, then the client's own.
        target, fields = carry(carrier, "sk-alice", second, "sk-bob")
        assert ask(apus, f"/other.example{target}", *fields).status == 200
        assert credentials(other.requests[-1]) == {}
        target, fields = carry(carrier, "sk-alice", second, "own-secret")
        assert ask(apus, f"/other.example{target}", *fields).status == 200
        assert credentials(other.requests[-1]) == ({b"key": b"own-secret"} if second == "query" and auth == "google" else {name: front + b"own-secret"})
        assert ask(apus, f"/{HOST}{target}", *fields).status == 200
        assert credentials(far.requests[-1])[name] == front + b"stored-canary"
    sent = b"".join(r.raw + r.body for r in far.requests + other.requests)
    assert b"sk-alice" not in sent and b"sk-bob" not in sent
    assert b"stored-canary" not in b"".join(r.raw for r in other.requests)
    metrics = ask(apus, "/metrics", "Authorization: Bearer sk-alice").body
    log = until(lambda: apus.log().encode(), "the log")
    for canary in (b"sk-alice", b"sk-bob", b"own-secret", b"stored-canary", b"a=1"):
        assert canary not in metrics and canary not in log
    other.stop()


def test_without_a_key_nobody_is_passed_on(start, far):
    apus = start({"keys": KEYS, "proxy": {"allow": {HOST: {"origin": far.url}}}})
    for fields in ([], ["Authorization: Bearer own"], ["Cookie: key=sk-alice"], ["Proxy-Authorization: Bearer sk-alice"], ["api-key: sk-alice"]):
        assert ask(apus, f"/{HOST}/v1/messages", *fields).status == 401
        # Nobody learns which domains are allowed.
        assert ask(apus, "/evil.example/v1/messages", *fields).status == 401
    assert far.connections == 0


def test_cookies_pass_but_for_the_gateways_own(start, far):
    far.script = lambda request, s: b"HTTP/1.1 200 OK\r\nSet-Cookie: apus_session=x\r\nSet-Cookie: own=1\r\nContent-Length: 0\r\n\r\n"
    apus = start({"proxy": {"allow": {HOST: {"origin": far.url}}}})
    reply = ask(apus, f"/{HOST}/x", "Cookie: a=1; apus_session=secret; b=2")
    assert far.requests[0][b"cookie"] == b"a=1; b=2"
    assert [value for name, value in reply.fields if name == b"Set-Cookie"] == [b"own=1"]


def test_a_key_that_is_limited_to_models_is_limited_here_too(start, far):
    apus = start({"keys": [{"name": "alice", "key": "sk-alice", "models": ["good-*"]}], "proxy": {"allow": {HOST: {"origin": far.url}}}})
    alice = "Authorization: Bearer sk-alice"
    for body, status in ((b'{"model":"good-1"}', 200), (b'{"model":"bad"}', 403), (b'{"model":"good-1","model":"bad"}', 403), (b"{}", 403), (b"x", 403)):
        assert ask(apus, f"/{HOST}/v1/chat/completions", alice, method="POST", body=body).status == status
    assert ask(apus, f"/{HOST}/v1beta/models/good-1:generateContent", alice, method="POST", body=b"{}").status == 200
    reply = ask(apus, f"/{HOST}/v1beta/models/bad:generateContent", alice, method="POST", body=b"{}")
    assert reply.status == 403 and error(reply)["status"] == "PERMISSION_DENIED"
    assert ask(apus, f"/{HOST}/v1/models", alice).status == 200
    assert ask(apus, f"/{HOST}/v1/files", alice).status == 403
    assert len(far.requests) == 3


# Web pages


@pytest.mark.parametrize("fields", [["Origin: https://evil.example"], ["Sec-Fetch-Site: cross-site"], ["Origin: null"]])
def test_without_keys_no_web_page_reaches_a_domain(start, far, fields):
    apus = start({"proxy": {"allow": {HOST: {"origin": far.url}}}})
    assert ask(apus, f"/{HOST}/x", *fields).status == 403
    with RawClient(apus.port) as client:
        assert client.ask(f"GET /{HOST}/x HTTP/1.1\r\nHost: evil.example\r\n\r\n".encode()).status == 403
    assert far.connections == 0


def test_a_listed_page_gets_the_gateways_permission_and_not_the_upstreams(start, far):
    far.script = lambda request, s: b"HTTP/1.1 200 OK\r\nAccess-Control-Allow-Origin: *\r\nAccess-Control-Allow-Credentials: true\r\nContent-Length: 0\r\n\r\n"
    apus = start({"server": {"cors": ["https://page.example"]}, "proxy": {"allow": {HOST: {"origin": far.url}}}})
    page = "Origin: https://page.example"
    reply = ask(apus, f"/{HOST}/x", page)
    assert [value for name, value in reply.fields if name.lower() == b"access-control-allow-origin"] == [b"https://page.example"]
    assert reply[b"access-control-allow-credentials"] is None
    assert far.requests[0][b"origin"] == b"https://page.example"
    preflight = ask(apus, f"/{HOST}/x", page, "Access-Control-Request-Method: DELETE", method="OPTIONS")
    assert preflight.status == 204 and b"DELETE" in preflight[b"access-control-allow-methods"]
    assert len(far.requests) == 1


# Scanners


PROBES = [
    ("path", "GET", "/xmlrpc.php", []), ("prefix", "GET", "/.env", []), ("prefix", "POST", "/wp-login.php", []), ("prefix", "GET", "/.git/config", []),
    ("prefix", "GET", "/phpmyadmin/", []), ("prefix", "GET", "/cgi-bin/x", []), ("prefix", "HEAD", "/%2eenv", []), ("method", "TRACE", "/", []),
    ("method", "TRACK", "/health", []), ("method", "PROPFIND", f"/{HOST}/x", []), ("method", "DEBUG", "/v1/chat/completions", []),
    ("user_agent", "GET", f"/{HOST}/x", ["User-Agent: sqlmap/1.7"]), ("user_agent", "GET", "/", ["User-Agent: Mozilla/5.0 zgrab/0.x"]),
    ("path", "GET", "/own", []), ("prefix", "GET", "/mine/x", []), ("user_agent", "GET", "/x", ["User-Agent: The BadBot"]), ("method", "LOCK", "/x", []),
]


def test_scanners_get_a_bare_404_and_leave_no_trace_but_a_count(start, far):
    apus = start({"keys": KEYS, "proxy": {"allow": {HOST: {"origin": far.url}}, "probes": {
        "paths": ["/own", "/health"], "prefixes": ["/mine/", "/v1/"], "user_agents": ["badbot"], "methods": ["LOCK"]}}})
    for _, method, target, fields in PROBES:
        reply = ask(apus, target, *fields, method=method)
        assert (reply.status, reply.body) == (404, b"")
        assert {name.lower() for name, _ in reply.fields} == {b"date", b"content-length", b"connection"}
    # No rule for paths takes away what the gateway offers.
    assert ask(apus, "/health").status == 200
    assert ask(apus, "/v1/models", "Authorization: Bearer sk-alice").status == 200
    text = ask(apus, "/metrics", "Authorization: Bearer sk-alice").body.decode()
    for rule in {rule for rule, *_ in PROBES}:
        assert f'apus_probes_total{{rule="{rule}"}} {sum(r == rule for r, *_ in PROBES)}\n' in text
    assert 'status="404"' not in text
    apus.wait_for_log("path=/metrics")
    assert apus.log().count(" exchange ") == 3
    assert far.connections == 0


@pytest.mark.parametrize("domain", ["jenkins.example.com", "wordpress.example.com", "actuator.example.com", "struts.example.com", "wp-api.example.com"])
def test_no_rule_for_paths_hides_a_domain_that_is_allowed(start, far, domain):
    apus = start({"proxy": {"allow": {domain: {"origin": far.url}}}})
    assert ask(apus, f"/{domain}/x").status == 200
    assert ask(apus, f"/{domain.upper()}./x").status == 200
    assert len(far.requests) == 2
    assert error(ask(apus, f"/{domain}/../x"))["message"].startswith("A path with")
    # What isn't allowed is a scanner's as before, and so are a scanner's agent and method.
    for target, fields, method in [(f"/{domain}.evil.example/x", [], "GET"), (f"/{domain}/x", ["User-Agent: sqlmap/1.7"], "GET"), (f"/{domain}/x", [], "TRACE")]:
        reply = ask(apus, target, *fields, method=method)
        assert (reply.status, reply.body) == (404, b"")
    assert len(far.requests) == 2


def test_addresses_of_clients_can_be_shut_out(start):
    apus = start({"proxy": {"probes": {"addresses": ["127.0.0.0/8"]}}})
    assert ask(apus, "/health").status == 404
    apus = start({"proxy": {"probes": {"addresses": ["10.0.0.0/8", "::1"]}}})
    assert ask(apus, "/health").status == 200


def test_the_log_names_the_domain_and_never_the_query_and_can_leave_lines_out(start, far):
    apus = start({"keys": KEYS, "log": {"ignore": [f"^GET /{HOST}/quiet"]}, "proxy": {"allow": {HOST: {"origin": far.url}}}})
    for path in ("/quiet?x=1", "/loud?secret=canary", "/quiet/more"):
        assert ask(apus, f"/{HOST}{path}", "X-Api-Key: sk-bob").status == 200
    apus.wait_for_log(f"path=/{HOST}/loud status=200 key=bob upstream={HOST} ")
    assert apus.log().count(" exchange ") == 1 and "canary" not in apus.log()
    text = ask(apus, "/metrics", "X-Api-Key: sk-bob").body.decode()
    assert f'apus_requests_total{{endpoint="proxy",provider="{HOST}",status="200"}} 3' in text


def test_labels_of_figures_come_from_the_list_alone(start, far):
    apus = start({"keys": KEYS, "proxy": {"allow": {HOST: {"origin": far.url}}}})
    for number in range(20):
        assert ask(apus, f"/evil{number}.example/x", "X-Api-Key: sk-bob").status == 403
    text = ask(apus, "/metrics", "X-Api-Key: sk-bob").body.decode()
    assert "evil" not in text and 'apus_requests_total{endpoint="proxy",provider="",status="403"} 20' in text


def test_many_at_once_share_what_there_is(start, far):
    apus = start({"proxy": {"allow": {HOST: {"origin": far.url}}}})
    wrong = []

    def run():
        with RawClient(apus.port) as client:
            for _ in range(50):
                if client.ask(f"GET /{HOST}/x HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()).body != b"ok":
                    wrong.append(1)

    threads = [threading.Thread(target=run) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong and len(far.requests) == 1000
