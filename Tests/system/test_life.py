"""The life of the program: start, check, reload, drain, the commands."""
import json
import os
import signal
import socket
import subprocess
import threading
import time

import pytest

from conftest import AUTH, DONE, PROGRAM, Reply, chunk, completion, config, local, until

ASK = {"model": "fast", "messages": [{"role": "user", "content": "Hi"}]}


def apus(*arguments, cwd=".", env=None):
    variables = {k: v for k, v in os.environ.items() if not k.endswith(("_API_KEY", "_TOKEN"))} | (env or {})
    return subprocess.run([PROGRAM, *arguments], cwd=cwd, env=variables, capture_output=True, text=True, timeout=30)


def test_without_any_file_the_demo_answers_on_loopback(start):
    gateway = start()
    assert gateway.post("/v1/chat/completions", ASK | {"model": "apus-demo"})[0] == 200
    status, _, body = gateway.request("GET", "/ready")
    assert (status, json.loads(body)) == (200, {"status": "ready"})


def test_the_env_file_and_the_environment_fill_the_config(start, upstream, tmp_path):
    folder = tmp_path / "0"
    folder.mkdir()
    (folder / ".env").write_text('# keys\nALICE_KEY="sk-from-env-file"\nOTHER=file\n')
    (folder / "apus.yaml").write_text(json.dumps(config(upstream, keys=[{"name": "alice", "key": "${ALICE_KEY}"}, {"name": "bob", "key": "${BOB_KEY}"}, {"name": "none", "key": "${UNSET}"}])))
    process = subprocess.Popen([PROGRAM, "serve", "--listen", "127.0.0.1:0", "--config", str(folder / "apus.yaml")], env={"BOB_KEY": "sk-from-environment"}, stdout=subprocess.PIPE, text=True, stderr=subprocess.DEVNULL)
    try:
        port = int(process.stdout.readline().rsplit(":", 1)[1])
        import http.client
        for key, status in (("sk-from-env-file", 200), ("sk-from-environment", 200), ("", 401), ("${UNSET}", 401)):
            connection = http.client.HTTPConnection("127.0.0.1", port)
            connection.request("GET", "/v1/models", headers={"x-api-key": key})
            assert connection.getresponse().status == status
    finally:
        process.terminate()
        assert process.wait(15) == 0


def test_a_provider_is_on_when_its_variable_is_set(tmp_path):
    lines = {l.split("\t")[0]: l.split("\t")[3] for l in apus("providers", cwd=tmp_path, env={"DEEPSEEK_API_KEY": "k"}).stdout.splitlines()}
    assert lines["deepseek"] == "on"
    assert lines["openai"].startswith("off")
    assert "deepseek-v4-flash" in apus("models", cwd=tmp_path, env={"DEEPSEEK_API_KEY": "k"}).stdout
    assert apus("models", cwd=tmp_path).stdout == "apus-demo\tdemo\tchat\n"


@pytest.mark.parametrize("arguments, code", [
    (("check",), 0), (("models",), 0), (("providers", "--help"), 0), (("serve", "--help"), 0), (("--help",), 0), ((), 2), (("nothing",), 2),
    (("check", "--nothing"), 2), (("serve", "--listen", "nowhere"), 2), (("check", "--config"), 2), (("check", "--config", "missing.yaml"), 1),
])
def test_exit_codes(tmp_path, arguments, code):
    result = apus(*arguments, cwd=tmp_path)
    assert result.returncode == code, result
    assert result.stdout or result.stderr


def test_check_tells_all_mistakes_at_once_with_line_and_path(tmp_path):
    (tmp_path / "apus.yaml").write_text(
        "sever: {listen: 1}\n"
        "server:\n  limits: {body: much}\n  listen: [example.com:80]\n"
        "keys: [{nam: x}]\n"
        "providers: [{name: deepseak}, {name: x, wire: openai-chat, base_url: 'ftp://x', retries: many}]\n"
        "models: [{id: a, to: []}]\n")
    result = apus("check", cwd=tmp_path)
    assert result.returncode == 1
    for text in ("apus.yaml:1:", 'did you mean "server"', "apus.yaml:3:", "server.limits.body", "server.listen[0]", "keys[0]", 'did you mean "name"', 'did you mean "deepseek"', "base_url", "retries", "models[0].to"):
        assert text in result.stdout, (text, result.stdout)


def test_an_open_address_needs_a_key(tmp_path):
    assert apus("serve", "--listen", "0.0.0.0:0", cwd=tmp_path).returncode == 2
    (tmp_path / "apus.yaml").write_text('keys: [{name: a, key: "  "}]')
    assert apus("serve", "--listen", "0.0.0.0:0", cwd=tmp_path).returncode == 2


def test_an_address_on_which_another_gateway_listens_is_refused(start, tmp_path):
    first = start()
    folder = tmp_path / "second"
    folder.mkdir()
    second = apus("serve", "--listen", f"127.0.0.1:{first.port}", cwd=folder)
    assert second.returncode == 1
    assert f"Can't listen on 127.0.0.1:{first.port}." in second.stdout + second.stderr


def test_members_of_later_versions_are_taken_with_one_warning_each(start, upstream):
    gateway = start(config(upstream, keys=[{"name": "alice", "key": "sk-alice", "rpm": 5, "tpm": 5}]))
    assert gateway.post("/v1/chat/completions", ASK, AUTH)[0] == 200
    for name in ("keys.rpm", "keys.tpm"):
        gateway.wait_for_log(f'message="{name}: this version reads it')


def test_a_reload_changes_keys_and_models_and_refuses_a_bad_file(start, upstream):
    gateway = start(config(upstream))
    gateway.config.write_text(json.dumps(config(upstream, keys=[{"name": "bob", "key": "sk-bob"}], models=[{"id": "slow", "to": ["local/up-model"]}])))
    gateway.process.send_signal(signal.SIGHUP)
    gateway.wait_for_log("result=ok")
    bob = {"authorization": "Bearer sk-bob"}
    assert gateway.post("/v1/chat/completions", ASK, AUTH)[0] == 401
    assert gateway.post("/v1/chat/completions", ASK, bob)[0] == 404
    assert gateway.post("/v1/chat/completions", ASK | {"model": "slow"}, bob)[0] == 200
    gateway.config.write_text("keys: [{name: eve, key: sk-eve}]\nmodels: [{id: slow}]\n")
    gateway.process.send_signal(signal.SIGHUP)
    gateway.wait_for_log("result=refused")
    assert gateway.post("/v1/chat/completions", ASK | {"model": "slow"}, bob)[0] == 200
    assert gateway.post("/v1/chat/completions", ASK | {"model": "slow"}, {"authorization": "Bearer sk-eve"})[0] == 401


def test_a_running_reply_survives_a_reload_and_a_stop(start, upstream):
    go = threading.Event()

    def slow():
        yield chunk({"content": "a"})
        go.wait(20)
        yield chunk({"content": "b"}, "stop")
        yield DONE

    upstream.replies(Reply.stream(slow()))
    gateway = start(config(upstream, server={"drain": "10s"}))
    body = json.dumps(ASK | {"stream": True}).encode()
    with socket.create_connection(("127.0.0.1", gateway.port), 20) as s:
        s.sendall(b"POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer sk-alice\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
        received = s.recv(4000)
        gateway.process.send_signal(signal.SIGHUP)
        gateway.wait_for_log("result=ok")
        gateway.process.terminate()

        def refuses():
            with socket.socket() as other:
                return other.connect_ex(("127.0.0.1", gateway.port)) != 0
        until(refuses, "the port to close")
        go.set()
        while piece := s.recv(4000):
            received += piece
    assert received.endswith(b"0\r\n\r\n") and b"[DONE]" in received
    assert gateway.process.wait(15) == 0


def test_the_drain_has_an_end(start, upstream):
    upstream.replies(Reply(wait=lambda: time.sleep(20)))
    gateway = start(config(upstream, server={"drain": "300ms"}))
    threading.Thread(target=lambda: pytest.raises(Exception, gateway.post, "/v1/chat/completions", ASK, AUTH), daemon=True).start()
    until(lambda: upstream.requests)
    gateway.process.terminate()
    assert gateway.process.wait(10) == 0


def test_metrics_count_what_happened(gateway, upstream):
    for _ in range(3):
        gateway.post("/v1/chat/completions", ASK, AUTH)
    upstream.replies(Reply.json({"error": {"message": "x"}}, 400))
    gateway.post("/v1/chat/completions", ASK, AUTH)
    # A reply is counted just after its last byte has left.
    until(lambda: b'provider="local",status="400"} 1' in gateway.request("GET", "/metrics", headers=AUTH)[2])
    text = gateway.request("GET", "/metrics", headers=AUTH)[2].decode()
    assert 'apus_requests_total{endpoint="chat",provider="local",status="200"} 3' in text
    assert 'gen_ai_client_token_usage_total{gen_ai_provider_name="local",gen_ai_token_type="input"} 9' in text
    assert 'apus_upstream_failures_total{provider="local",kind="invalid"} 1' in text


def test_models_of_a_local_server_are_asked_for(start, upstream):
    upstream.script = lambda r: Reply.json({"object": "list", "data": [{"id": "llama-x"}]} if r.method == "GET" else completion("llama-x"))
    gateway = start({"providers": [{"name": "ollama", "base_url": upstream.url}]})
    assert "llama-x" in [m["id"] for m in json.loads(gateway.request("GET", "/v1/models")[2])["data"]]
    assert gateway.post("/v1/chat/completions", ASK | {"model": "llama-x"})[0] == 200
    assert gateway.post("/v1/chat/completions", ASK | {"model": "ollama/anything"})[0] == 200


def test_key_client_sends_up_what_the_client_brought(start, upstream):
    gateway = start(config(upstream, keys=[], providers=[local(upstream, key="client")]))
    assert gateway.post("/v1/chat/completions", ASK, {"x-api-key": "sk-own"})[0] == 200
    assert upstream.requests[0].headers["authorization"] == "Bearer sk-own"


def test_threads_have_names_and_memory_at_rest_is_small(start):
    gateway = start({"server": {"loops": 2}})
    names = {open(f"/proc/{gateway.process.pid}/task/{t}/comm").read().strip() for t in os.listdir(f"/proc/{gateway.process.pid}/task")}
    assert {"loop-0", "loop-1"} <= names
    rss = int(next(l for l in open(f"/proc/{gateway.process.pid}/status") if l.startswith("VmRSS")).split()[1])
    assert rss < 30_000
