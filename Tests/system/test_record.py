"""What is kept of every exchange, and that nothing is lost whatever dies."""
import concurrent.futures
import fcntl
import gzip
import http.client
import json
import os
import random
import signal
import socket
import sqlite3
import subprocess
import threading
import time

import pytest

from postgres import Postgres
from conftest import AUTH, DONE, HELLO, PROGRAM, Apus, Reply, chunk, completion, config, until

ASK = {"model": "fast", "messages": [{"role": "user", "content": "Hello"}]}


def command(folder, *words):
    """What `apus records …` prints, run in a gateway's folder."""
    done = subprocess.run([PROGRAM, "records", *words], cwd=folder, capture_output=True, timeout=60)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


def listed(folder, *words):
    return [json.loads(line) for line in command(folder, *words, "--json").splitlines()]


def records(folder, *words):
    return listed(folder, "list", *words)


def stats(folder):
    return listed(folder, "stats")[0]


def stream(gateway, body, headers=AUTH):
    """The bytes of a stream and the record's id."""
    status, head, content = gateway.request("POST", "/v1/chat/completions", body | {"stream": True}, headers | {"content-type": "application/json"})
    assert status == 200, content
    return content, head["x-apus-id"]


# --- What is kept ---------------------------------------------------------------------------------------------------

def test_a_record_has_what_was_asked_and_what_was_served(gateway, upstream):
    upstream.replies(Reply.json(completion("up-model", "你好")))
    status, head, _ = gateway.post("/v1/chat/completions", ASK, AUTH)
    assert status == 200
    [record] = records(gateway.folder)
    assert record["id"] == head["x-apus-id"]
    expected = {
        "key": "alice", "client_wire": "openai-chat", "provider": "local", "model": "fast", "model_served": "up-model", "status": 200,
        "finish": "stop", "stream": False, "complete": True, "tokens_in": 3, "tokens_out": 2, "estimated": False, "error": None,
    }
    assert {name: record[name] for name in expected} == expected
    assert record["latency_ms"] >= record["ttft_ms"] >= 0
    shown = json.loads(command(gateway.folder, "show", record["id"]))
    assert shown["request"] == ASK
    assert shown["response"]["choices"][0]["message"]["content"] == "你好"
    assert shown["reply"]["content"] == "你好" and shown["reply"]["finish_reason"] == "stop"


def test_both_bodies_are_kept_byte_for_byte(gateway, upstream):
    upstream.replies(Reply.stream(HELLO))
    odd = b'{ "model":"fast", "stream" : true,"messages":[{"role":"user","content":"\\u4f60 \xe5\xa5\xbd"}],  "seed":1.0 }'
    _, head, content = gateway.request("POST", "/v1/chat/completions", odd, AUTH)
    identifier = head["x-apus-id"]
    assert command(gateway.folder, "show", identifier, "--raw", "request") == odd
    assert command(gateway.folder, "show", identifier, "--raw", "response") == content
    assert json.loads(command(gateway.folder, "show", identifier))["reply"]["content"] == "Hello!"


# Every endpoint, each with its wire.
@pytest.mark.parametrize("path,body,wire", [
    ("/v1/chat/completions", ASK, "openai-chat"),
    ("/v1/responses", {"model": "fast", "input": "Hello"}, "openai-responses"),
    ("/v1/messages", {"model": "fast", "max_tokens": 50, "messages": ASK["messages"]}, "anthropic"),
    ("/v1beta/models/fast:generateContent", {"contents": [{"role": "user", "parts": [{"text": "Hello"}]}]}, "gemini"),
])
def test_every_wire_is_understood(gateway, upstream, path, body, wire):
    upstream.replies(Reply.json(completion("up-model", "The answer")))
    assert gateway.post(path, body, AUTH)[0] == 200
    [record] = records(gateway.folder)
    assert (record["client_wire"], record["complete"], record["finish"], record["tokens_out"]) == (wire, True, "stop", 2)
    shown = json.loads(command(gateway.folder, "show", record["id"]))
    assert shown["reply"]["content"] == "The answer"
    assert [turn["role"] for turn in shown["turns"]] == ["user", "assistant"]
    assert len(listed(gateway.folder, "search", "answer")) == 1


def test_what_is_no_chat_is_kept_as_bytes(gateway, upstream):
    upstream.replies(Reply.json({"object": "list", "model": "up-embed", "data": [{"index": 0, "embedding": [0.5]}], "usage": {"prompt_tokens": 1, "total_tokens": 1}}))
    body = {"model": "local/up-embed", "input": "Hello"}
    assert gateway.post("/v1/embeddings", body, AUTH)[0] == 200
    [record] = records(gateway.folder)
    assert (record["endpoint"], record["complete"], record["tokens_in"]) == ("embeddings", True, 1)
    assert json.loads(command(gateway.folder, "show", record["id"], "--raw", "request")) == body


# --- What is no finished answer -------------------------------------------------------------------------------------

@pytest.mark.parametrize("reply,status,error", [
    (Reply.json({"error": {"message": "no"}}, status=400), 400, "invalid"),
    (Reply.stream(HELLO[:2], cut=True), 200, "broken"),
    (Reply.stream([*HELLO[:2], 'data: {"error": {"message": "boom", "code": 500}}\n\n']), 200, None),
])
def test_what_failed_is_never_complete(gateway, upstream, reply, status, error):
    upstream.replies(reply)
    gateway.request("POST", "/v1/chat/completions", ASK | {"stream": True}, AUTH)
    [record] = records(gateway.folder)
    assert (record["complete"], record["status"]) == (False, status)
    assert record["error"] == error if error else record["error"]
    assert not json.loads(command(gateway.folder, "show", record["id"]))["reply"]["complete"]


def test_a_client_that_left_got_no_finished_answer(gateway, upstream):
    upstream.replies(Reply.stream([chunk({"content": "Hel"})] + [chunk({"content": "x"})] * 300, pause=0.02))
    body = json.dumps(ASK | {"stream": True}).encode()
    with socket.create_connection(("127.0.0.1", gateway.port)) as s:
        s.sendall(b"POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer sk-alice\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
        assert b"Hel" in s.recv(65536) + s.recv(65536)
    until(lambda: records(gateway.folder), "the record")
    [record] = records(gateway.folder)
    assert (record["complete"], record["status"], record["error"]) == (False, 200, "cancelled")


def test_a_request_that_nobody_serves_is_recorded_with_its_status(gateway):
    assert gateway.post("/v1/chat/completions", ASK | {"model": "nobody"}, AUTH)[0] == 404
    [record] = records(gateway.folder)
    assert (record["status"], record["complete"], record["error"], record["model"]) == (404, False, "not_found", "nobody")


def test_who_has_no_key_leaves_no_record(gateway):
    assert gateway.post("/v1/chat/completions", ASK, {"authorization": "Bearer sk-wrong"})[0] == 401
    assert records(gateway.folder) == []


# --- How much is kept -----------------------------------------------------------------------------------------------

@pytest.mark.parametrize("policy,kept,bodies", [("full", 1, True), ("metadata", 1, False), ("sample 100%", 1, True), ("sample 0%", 0, False), ("none", 0, False)])
def test_a_key_says_how_much_is_kept(start, upstream, policy, kept, bodies):
    upstream.replies(Reply.json(completion("up-model", "confidential")))
    gateway = start(config(upstream, keys=[{"name": "alice", "key": "sk-alice", "record": policy}]))
    assert gateway.post("/v1/chat/completions", ASK, AUTH)[0] == 200
    found = records(gateway.folder)
    assert len(found) == kept
    gateway.stop()
    stored = b"".join(path.read_bytes() for path in (gateway.folder / "data").rglob("*") if path.is_file())
    assert (len(listed(gateway.folder, "search", "confidential")) == 1) == bodies
    if kept:
        shown = json.loads(command(gateway.folder, "show", found[0]["id"]))
        assert (shown["request"] is not None) == bodies
        assert found[0]["tokens_out"] == 2
    if not bodies:
        assert b"confidential" not in stored


def test_a_sample_is_about_as_large_as_it_says(start, upstream):
    gateway = start(config(upstream, keys=[{"name": "alice", "key": "sk-alice", "record": "sample 50%"}]))
    for _ in range(100):
        assert gateway.post("/v1/chat/completions", ASK, AUTH)[0] == 200
    assert 20 <= len(records(gateway.folder)) <= 80  # six sigma


def test_nothing_is_kept_where_recording_is_off(start, upstream):
    gateway = start(config(upstream, record="off"))
    assert gateway.post("/v1/chat/completions", ASK, AUTH)[0] == 200
    assert not (gateway.folder / "data").exists()


# --- Conversations --------------------------------------------------------------------------------------------------

def reload(gateway, settings, times):
    gateway.config.write_text(json.dumps(settings))
    gateway.process.send_signal(signal.SIGHUP)
    gateway.wait_for_log("result=ok", times)


def test_a_reload_turns_recording_off_and_tells_what_needs_a_restart(start, upstream):
    gateway = start(config(upstream))
    gateway.post("/v1/chat/completions", ASK, AUTH)
    reload(gateway, config(upstream, record="off"), 1)
    gateway.post("/v1/chat/completions", ASK, AUTH)
    assert "needs a restart" not in gateway.log()
    reload(gateway, config(upstream, record={"when_full": "refuse"}), 2)
    gateway.post("/v1/chat/completions", ASK, AUTH)
    assert "needs a restart" not in gateway.log()
    assert len(records(gateway.folder)) == 2
    reload(gateway, config(upstream, record={"archive": "sqlite:other.db"}), 3)
    assert "record needs a restart" in gateway.log()


def test_the_bytes_of_what_has_none_are_told_apart_from_empty_ones(start, upstream):
    gateway = start(config(upstream, keys=[{"name": "alice", "key": "sk-alice", "record": "metadata"}]))
    gateway.post("/v1/chat/completions", ASK, AUTH)
    [record] = records(gateway.folder)
    done = subprocess.run([PROGRAM, "records", "show", record["id"], "--raw", "request"], cwd=gateway.folder, capture_output=True, timeout=60)
    assert (done.returncode, done.stdout) == (1, b"") and b"only metadata" in done.stderr


def test_an_agent_s_calls_are_one_conversation_and_are_stored_once(gateway, upstream):
    tools = [{"type": "function", "function": {"name": f"tool_{n}", "description": "does things " * 20, "parameters": {"type": "object", "properties": {}}}} for n in range(30)]
    rng = random.Random(1)
    messages = [{"role": "system", "content": " ".join(rng.choice(["red", "green", "blue", "alpha", "beta"]) + str(rng.random()) for _ in range(600))}, {"role": "user", "content": "Begin"}]
    sent = 0
    for step in range(40):
        call = {"id": f"call_{step}", "type": "function", "function": {"name": "tool_1", "arguments": json.dumps({"step": step})}}
        reply = completion("up-model", None, tool_calls=[call])
        reply["choices"][0]["finish_reason"] = "tool_calls"
        upstream.replies(Reply.json(reply))
        body = {"model": "fast", "messages": messages, "tools": tools}
        last_sent = json.dumps(body)
        sent += len(last_sent)
        assert gateway.post("/v1/chat/completions", body, AUTH)[0] == 200
        if step == 0:
            empty = stats(gateway.folder)["bytes"]  # most of it are the first pages of the tables
        messages += [{"role": "assistant", "content": None, "tool_calls": [call]}, {"role": "tool", "tool_call_id": f"call_{step}", "content": " ".join(str(rng.random()) for _ in range(40))}]
    found = stats(gateway.folder)
    assert (found["exchanges"], found["conversations"]) == (40, 1)
    assert found["raw_bytes"] > sent
    assert found["bytes"] - empty < sent / 10, found
    assert len(records(gateway.folder, "--calls", "yes")) == 40
    last = records(gateway.folder, "--limit", "1")[0]["id"]
    assert json.loads(command(gateway.folder, "show", last, "--raw", "request")) == json.loads(last_sent)


# --- Looking at it --------------------------------------------------------------------------------------------------

def test_records_are_filtered_and_searched(start, upstream):
    gateway = start(config(upstream, keys=[{"name": "alice", "key": "sk-alice"}, {"name": "bob", "key": "sk-bob"}]))
    upstream.replies(Reply.json(completion("up-model", "我喜欢苹果派")))
    gateway.post("/v1/chat/completions", ASK, AUTH)
    upstream.replies(Reply.json(completion("up-model", "Die Äpfel sind reif")))
    gateway.post("/v1/chat/completions", ASK, {"authorization": "Bearer sk-bob"})
    gateway.post("/v1/chat/completions", ASK | {"model": "nobody"}, AUTH)
    folder = gateway.folder
    assert [len(records(folder, *words)) for words in [
        ("--key", "alice"), ("--key", "bob"), ("--status", "404"), ("--status", "2xx"), ("--complete", "no"), ("--model", "no*"), ("--provider", "local"),
        ("--since", "1h"), ("--until", "1h"), ("--limit", "2"), ("--finish", "stop", "--key", "bob"), ("--error", "not_found"),
    ]] == [2, 1, 1, 2, 1, 1, 2, 3, 0, 2, 1, 1]
    assert [len(listed(folder, "search", text)) for text in ["苹果", "果", "果派", "派果", "äpfel", "reif die", '"reif die"', "Hello", "%", '"', "nothing AND here"]] == [
        1, 1, 1, 0, 1, 1, 0, 3, 0, 0, 0]
    assert [r["key"] for r in records(folder)] == ["alice", "bob", "alice"]  # the latest first


def test_commands_work_without_a_gateway_too(gateway, upstream):
    gateway.post("/v1/chat/completions", ASK, AUTH)
    gateway.process.kill()
    gateway.process.wait()
    assert len(records(gateway.folder)) == 1
    assert stats(gateway.folder)["spooled"] == 0
    assert command(gateway.folder, "verify").decode().splitlines()[-1].startswith("1 record")


def test_a_folder_without_records_has_none(tmp_path):
    assert records(tmp_path) == []
    assert stats(tmp_path)["exchanges"] == 0
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("words", [["list", "--status", "abc"], ["list", "--since", "yesterday"], ["list", "--complete", "maybe"], ["list", "--limit", "-1"], ["show"], ["frob"], ["list", "--unknown"], []])
def test_wrong_use_is_told(tmp_path, words):
    done = subprocess.run([PROGRAM, "records", *words], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 2 and done.stderr.startswith("apus records:")


# --- Whatever dies --------------------------------------------------------------------------------------------------

def test_what_a_client_saw_complete_is_there_exactly_once_after_kill_9(tmp_path, upstream):
    """50 rounds of mixed load; each is ended by SIGKILL at a random moment."""
    def script(request):
        return Reply.stream(HELLO) if request.wants_stream else Reply.json(completion("up-model"))
    upstream.script = script
    rng = random.Random(4)
    seen = set()
    for _ in range(50):
        gateway = Apus(tmp_path, config(upstream, log={"level": "warning"}))
        with concurrent.futures.ThreadPoolExecutor(6) as pool:
            clients = [pool.submit(load, gateway.port, bool(n % 2)) for n in range(6)]
            time.sleep(rng.uniform(0.01, 0.15))
            gateway.process.kill()
            gateway.process.wait()
            gateway.process.stdout.close()
            for client in clients:
                seen |= client.result()
    kept = [r["id"] for r in records(tmp_path)]
    assert len(kept) == len(set(kept))
    assert len(seen) > 100 and seen <= set(kept), f"{len(seen - set(kept))} of {len(seen)} lost"
    assert stats(tmp_path)["dropped"] == 0
    command(tmp_path, "verify")


def load(port, streams):
    """Asks until the gateway is gone; the ids of the replies that came to their ends."""
    seen = set()
    body = json.dumps(ASK | {"stream": streams})
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        while True:
            connection.request("POST", "/v1/chat/completions", body, AUTH | {"content-type": "application/json"})
            response = connection.getresponse()
            content = response.read()
            if response.status == 200 and (not streams or content.endswith(DONE.encode())):
                seen.add(response.getheader("x-apus-id"))
    except (OSError, http.client.HTTPException):
        return seen


def test_a_locked_archive_costs_no_client_anything(gateway, upstream):
    gateway.post("/v1/chat/completions", ASK, AUTH)
    until(lambda: stats(gateway.folder)["exchanges"] == 1, "the first record")
    lock = sqlite3.connect(gateway.folder / "data" / "apus.db", isolation_level=None)
    lock.execute("BEGIN EXCLUSIVE")
    for _ in range(20):
        assert gateway.post("/v1/chat/completions", ASK, AUTH)[0] == 200
    gateway.wait_for_log("locked")
    assert b"degraded" in gateway.request("GET", "/health")[2]
    lock.execute("ROLLBACK")
    lock.close()
    until(lambda: stats(gateway.folder)["exchanges"] == 21, "all records")
    until(lambda: b'"ok"' in gateway.request("GET", "/health")[2], "health")


def test_the_folder_of_an_archive_is_made_by_whoever_files_first(start, upstream, tmp_path):
    settings = config(upstream, record={"archive": "sqlite:arch/deep/x.db"})
    gateway = start(settings)
    assert gateway.post("/v1/chat/completions", ASK, AUTH)[0] == 200
    assert json.loads(gateway.request("GET", "/health")[2]) == {"status": "ok"}
    until(lambda: (gateway.folder / "arch" / "deep" / "x.db").exists(), "the archive")
    gateway.stop()
    assert "warning archive" not in gateway.log()
    # A command finds what a gateway left that had no archive.
    (tmp_path / "away").write_text("no folder")
    other = start(settings | {"record": {"archive": f"sqlite:{tmp_path}/away/x.db"}})
    assert other.post("/v1/chat/completions", ASK, AUTH)[0] == 200
    other.stop()
    other.config.write_text(json.dumps(settings))
    assert len(records(other.folder)) == 1
    for folder in (gateway.folder, other.folder):
        assert (folder / "arch").stat().st_mode & 0o777 == (folder / "arch" / "deep").stat().st_mode & 0o777 == 0o700


def test_an_archive_that_cannot_be_made_costs_no_client_anything(start, upstream, tmp_path):
    away = tmp_path / "away"
    away.write_text("no folder")
    gateway = start(config(upstream, record={"archive": f"sqlite:{away}/apus.db"}))
    for _ in range(5):
        assert gateway.post("/v1/chat/completions", ASK, AUTH)[0] == 200
    gateway.wait_for_log("warning archive")
    away.unlink()
    until(lambda: stats(gateway.folder)["exchanges"] == 5, "all records")


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 2 MiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", folder], check=True)
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


def fill(disk):
    with open(disk / "ballast", "wb", buffering=0) as file:
        try:
            while True:
                file.write(b"x" * 4096)
        except OSError:
            pass


def test_a_full_disk_of_the_archive_costs_nothing(start, upstream, small_disk):
    gateway = start(config(upstream, record={"archive": f"sqlite:{small_disk}/apus.db"}))
    gateway.post("/v1/chat/completions", ASK, AUTH)
    until(lambda: stats(gateway.folder)["exchanges"] == 1, "the first record")
    fill(small_disk)
    for number in range(200):
        body = {"model": "fast", "messages": [{"role": "user", "content": f"{number} {random.Random(number).randbytes(1500).hex()}"}]}
        assert gateway.post("/v1/chat/completions", body, AUTH)[0] == 200
    gateway.wait_for_log("no room")
    (small_disk / "ballast").unlink()
    until(lambda: stats(gateway.folder)["exchanges"] == 201, "all records", seconds=30)


def test_a_full_disk_of_everything_costs_nothing_either(start, upstream, small_disk):
    gateway = start(config(upstream), arguments=("--listen", "127.0.0.1:0", "--data", str(small_disk)))
    gateway.post("/v1/chat/completions", ASK, AUTH)
    until(lambda: len(records(gateway.folder, "--data", str(small_disk))) == 1, "the first record")
    fill(small_disk)
    for _ in range(300):
        assert gateway.post("/v1/chat/completions", ASK, AUTH)[0] == 200
    (small_disk / "ballast").unlink()
    assert gateway.post("/v1/chat/completions", ASK, AUTH)[0] == 200
    until(lambda: len(records(gateway.folder, "--data", str(small_disk))) == 302, "all records", seconds=30)


def blocked(start, upstream, when_full, away):
    """A gateway with a small spool and an archive that can't be made: `away` is no folder."""
    away.write_text("no folder")
    return start(config(upstream, record={"archive": f"sqlite:{away}/apus.db", "spool_limit": "128KiB", "when_full": when_full}))


def test_a_full_spool_drops_and_counts(start, upstream, tmp_path):
    gateway = blocked(start, upstream, "drop", tmp_path / "away")
    for _ in range(200):
        assert gateway.post("/v1/chat/completions", ASK | {"seed": 1, "user": "u" * 1000}, AUTH)[0] == 200
    health = json.loads(gateway.request("GET", "/health")[2])
    assert health["status"] == "degraded" and any("dropped" in reason for reason in health["reasons"])
    found = stats(gateway.folder)
    assert found["dropped"] > 0 and found["spooled"] + found["dropped"] == 200
    gateway.stop()
    again = Apus(gateway.folder, None, arguments=("--listen", "127.0.0.1:0"))
    try:
        assert stats(gateway.folder)["dropped"] == found["dropped"]
        assert b"degraded" in again.request("GET", "/health")[2]
        metrics = again.request("GET", "/metrics", headers=AUTH)[2].decode()
        assert f"apus_records_dropped {found['dropped']}" in metrics
    finally:
        again.stop()


def test_a_full_spool_refuses_where_that_is_wanted(start, upstream, tmp_path):
    away = tmp_path / "away"
    gateway = blocked(start, upstream, "refuse", away)
    answers = [gateway.post("/v1/chat/completions", ASK | {"user": "u" * 1000}, AUTH) for _ in range(200)]
    statuses = [status for status, _, _ in answers]
    assert set(statuses) == {200, 503}
    refused = next(answer for answer in answers if answer[0] == 503)
    assert refused[2]["error"]["code"] == "record_full" and refused[1]["retry-after"]
    assert len(upstream.requests) == statuses.count(200)
    away.unlink()
    until(lambda: stats(gateway.folder)["exchanges"] == statuses.count(200), "all accepted records")
    assert stats(gateway.folder)["dropped"] == 0
    assert gateway.post("/v1/chat/completions", ASK, AUTH)[0] == 200


def test_two_gateways_do_not_share_a_spool(gateway):
    second = subprocess.run([PROGRAM, "serve", "--listen", "127.0.0.1:0"], cwd=gateway.folder, capture_output=True, text=True, timeout=20)
    assert second.returncode == 1 and "records into" in second.stderr


def test_a_gateway_waits_for_a_command_that_has_the_spool(gateway):
    gateway.post("/v1/chat/completions", ASK, AUTH)
    gateway.stop()
    with open(gateway.folder / "data" / "spool" / "lock") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        threading.Timer(0.3, fcntl.flock, (lock, fcntl.LOCK_UN)).start()
        again = Apus(gateway.folder, None)
    try:
        assert again.post("/v1/chat/completions", ASK, AUTH)[0] == 200
        assert len(records(gateway.folder)) == 2
    finally:
        again.stop()


def test_a_stop_files_everything(gateway):
    for _ in range(30):
        gateway.post("/v1/chat/completions", ASK, AUTH)
    assert gateway.stop() == 0
    assert not list((gateway.folder / "data" / "spool").glob("*.spool"))
    assert len(records(gateway.folder)) == 30


def test_a_record_on_the_disk_itself_is_waited_for(start, upstream):
    gateway = start(config(upstream, record={"sync": "disk"}))
    upstream.script = lambda request: Reply.stream(HELLO) if request.wants_stream else Reply.json(completion("up-model"))
    for number in range(20):
        if number % 2:
            assert stream(gateway, ASK)[0].endswith(DONE.encode())
        else:
            assert gateway.post("/v1/chat/completions", ASK, AUTH)[0] == 200
    gateway.process.kill()
    gateway.process.wait()
    assert len(records(gateway.folder)) == 20


# --- PostgreSQL -----------------------------------------------------------------------------------------------------

@pytest.fixture(scope="module")
def server():
    server = Postgres()
    yield server
    server.remove()


@pytest.fixture
def postgres(server):
    server.clear()
    return server


def test_postgresql_keeps_the_same(start, upstream, postgres):
    gateway = start(config(upstream, record={"archive": postgres.location}))
    upstream.replies(Reply.json(completion("up-model", "我喜欢苹果派")))
    for number in range(3):
        body = json.dumps(ASK | {"seed": number})
        assert gateway.request("POST", "/v1/chat/completions", body, AUTH)[0] == 200
    found = records(gateway.folder)
    assert len(found) == 3 and found[0]["complete"] and found[0]["tokens_out"] == 2
    assert command(gateway.folder, "show", found[0]["id"], "--raw", "request").decode() == body
    assert [len(listed(gateway.folder, "search", text)) for text in ["苹果", "果派", "派果", "%"]] == [3, 3, 0, 0]
    assert (stats(gateway.folder)["exchanges"], stats(gateway.folder)["conversations"]) == (3, 1)
    assert command(gateway.folder, "verify").decode() == "3 records, 0 findings\n"
    assert not (gateway.folder / "data" / "apus.db").exists()


def test_a_stopped_postgresql_costs_no_client_anything(start, upstream, postgres):
    gateway = start(config(upstream, record={"archive": postgres.location}))
    assert gateway.post("/v1/chat/completions", ASK, AUTH)[0] == 200
    until(lambda: stats(gateway.folder)["exchanges"] == 1, "the first record")
    postgres.stop()
    for _ in range(50):
        assert gateway.post("/v1/chat/completions", ASK, AUTH)[0] == 200
    gateway.wait_for_log("warning archive")
    assert b"degraded" in gateway.request("GET", "/health")[2]
    postgres.start()
    until(lambda: stats(gateway.folder)["exchanges"] == 51, "all records")


def test_several_gateways_share_one_postgresql(start, upstream, postgres):
    gateways = [start(config(upstream, record={"archive": postgres.location})) for _ in range(2)]
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        answers = [pool.submit(gateways[n % 2].post, "/v1/chat/completions", ASK | {"seed": n}, AUTH) for n in range(60)]
        assert {answer.result()[0] for answer in answers} == {200}
    until(lambda: stats(gateways[0].folder)["exchanges"] == 60, "all records")
    assert len({r["id"] for r in records(gateways[1].folder)}) == 60


def test_the_password_of_a_database_is_told_nobody(start, upstream):
    gateway = start(config(upstream, record={"archive": "postgres://apus:CANARYPASS@127.0.0.1:1/records"}))
    assert gateway.post("/v1/chat/completions", ASK, AUTH)[0] == 200
    gateway.wait_for_log("warning archive")
    shown = subprocess.run([PROGRAM, "records", "list"], cwd=gateway.folder, capture_output=True, text=True)
    assert shown.returncode == 1
    assert "CANARYPASS" not in gateway.log() + shown.stderr + gateway.request("GET", "/health")[2].decode()


# --- For how long ---------------------------------------------------------------------------------------------------

def test_the_oldest_go_when_there_is_too_much(start, upstream):
    gateway = start(config(upstream, record={"retention": {"size": "2MiB"}}, log={"level": "warning"}))
    words = "".join(chr(0x4e00 + n) for n in range(4000))
    rng = random.Random(7)
    connection = http.client.HTTPConnection("127.0.0.1", gateway.port)
    for number in range(3000):
        text = "".join(rng.choice(words) for _ in range(150))
        connection.request("POST", "/v1/chat/completions", json.dumps({"model": "fast", "messages": [{"role": "user", "content": f"{number} {text}"}]}), AUTH)
        assert connection.getresponse().read()
    until(lambda: 0 < stats(gateway.folder)["exchanges"] < 2500, "the sweep", seconds=30)
    assert command(gateway.folder, "verify").decode().endswith("0 findings\n")
    assert records(gateway.folder, "--limit", "1")[0]["complete"]


def test_the_oldest_go_when_they_are_too_old(start, upstream, tmp_path):
    gateway = start(config(upstream))
    gateway.post("/v1/chat/completions", ASK, AUTH)
    gateway.stop()
    database = sqlite3.connect(gateway.folder / "data" / "apus.db")
    database.execute("UPDATE exchange SET time = time - 7200000")
    database.execute("UPDATE era SET oldest = oldest - 7200000, newest = newest - 7200000, began = began - 7200000")
    database.commit()
    database.close()
    gateway.config.write_text(json.dumps(config(upstream, record={"retention": {"age": "1h"}})))
    again = Apus(gateway.folder, None)
    try:
        assert again.post("/v1/chat/completions", ASK | {"seed": 2}, AUTH)[0] == 200
        until(lambda: len(records(gateway.folder)) == 1, "the sweep")
    finally:
        again.stop()


# --- Secrets --------------------------------------------------------------------------------------------------------

def test_no_credential_is_in_any_file_or_log(start, upstream):
    canary = "CANARY" + os.urandom(8).hex()
    upstream.script = lambda request: Reply.stream(HELLO) if request.wants_stream else Reply.json(completion("up-model"))
    names = ["authorization", "x-api-key", "x-goog-api-key", "cookie", "proxy-authorization", "x-secret", "x-forwarded-for", "referer", "user-agent"]
    gateway = start(config(upstream, keys=[{"name": "alice", "key": f"sk-{canary}"}], log={"level": "debug"}))
    key = {"authorization": f"Bearer sk-{canary}"}
    for headers in [key] + [key | {name: f"sk-{canary}"} for name in names[1:]] + [{"x-api-key": f"sk-{canary}"}, {"x-goog-api-key": f"sk-{canary}"}, {"authorization": f"Bearer wrong-{canary}"}]:
        gateway.request("POST", f"/v1/chat/completions?key=sk-{canary}&other={canary}", ASK, headers)
        gateway.request("POST", f"/v1/chat/completions?x={canary}", ASK | {"stream": True}, headers)
        gateway.request("POST", f"/v1beta/models/fast:generateContent?key=sk-{canary}", {"contents": [{"parts": [{"text": "Hello"}]}]}, headers)
        gateway.request("GET", f"/nothing?token={canary}", None, headers)
    metrics = gateway.request("GET", "/metrics", headers=key)[2]
    assert canary.encode() not in metrics
    assert len(records(gateway.folder)) > 20
    gateway.process.kill()
    gateway.process.wait()
    assert canary not in gateway.log()
    for path in (gateway.folder / "data").rglob("*"):
        assert not path.is_file() or canary.encode() not in path.read_bytes(), path


def test_files_are_their_owner_s_alone(gateway):
    gateway.post("/v1/chat/completions", ASK, AUTH)
    until(lambda: stats(gateway.folder)["exchanges"] == 1, "the record")
    data = gateway.folder / "data"
    assert data.stat().st_mode & 0o777 == 0o700
    for path in data.rglob("*"):
        assert path.stat().st_mode & 0o777 == (0o700 if path.is_dir() else 0o600), path


@pytest.mark.parametrize("policy", ["cancel", "drain", "drain 60"])
def test_what_runs_when_the_gateway_ends_is_cut_and_kept(start, upstream, policy):
    upstream.replies(Reply.stream([chunk({"content": "Hel"})] + [chunk({"content": "x"})] * 1000, pause=0.02))
    gateway = start(passing(upstream, server={"drain": "300ms"}, keys=[{"name": "alice", "key": "sk-alice", "on_disconnect": policy}]))
    body = json.dumps(ASK | {"stream": True}).encode()

    def ask(path, version=b"1.1"):
        client = socket.create_connection(("127.0.0.1", gateway.port), 20)
        client.sendall(b"POST %s HTTP/%s\r\nHost: a\r\nAuthorization: Bearer sk-alice\r\nContent-Length: %d\r\n\r\n%s" % (path, version, len(body), body))
        received = b""
        while b"Hel" not in received:
            received += client.recv(65536)
        return client

    paths = [b"/v1/chat/completions", b"/api.test.example/v1/chat/completions"]
    clients = [ask(path) for path in paths]
    old = [ask(path, b"1.0") for path in paths]
    for path in paths:
        ask(path).close()  # with `drain` it goes on without its client
    gateway.process.terminate()
    for client in clients:
        received = b""
        while piece := client.recv(65536):
            received += piece
        assert not received.endswith(b"0\r\n\r\n")
    for client in old:
        with pytest.raises(ConnectionResetError):  # the end alone would be a whole reply's
            while client.recv(65536):
                pass
    assert gateway.process.wait(10) == 0
    kept = records(gateway.folder)
    assert sorted(record["path"].encode() for record in kept) == sorted(3 * paths)
    assert {(record["complete"], record["status"], record["error"]) for record in kept} == {(False, 200, "cancelled")}
    for record in kept:
        assert gateway.log().count(record["id"]) == 1
    assert gateway.log().count("The gateway was stopped.") == (4 if policy == "cancel" else 6)


def test_what_waits_for_its_upstream_when_the_gateway_ends_is_kept(start, upstream):
    leave = threading.Event()
    upstream.replies(Reply(wait=lambda: leave.wait(20)))
    gateway = start(passing(upstream, server={"drain": "300ms"}))
    for path in ("/v1/chat/completions", "/api.test.example/v1/chat/completions"):
        threading.Thread(target=lambda path=path: pytest.raises(Exception, gateway.post, path, ASK, AUTH), daemon=True).start()
    until(lambda: len(upstream.requests) == 2)
    gateway.process.terminate()
    assert gateway.process.wait(10) == 0
    leave.set()
    assert [(record["complete"], record["status"], record["error"]) for record in records(gateway.folder)] == [(False, 499, "cancelled")] * 2
    assert gateway.log().count("The gateway was stopped.") == 2


# --- What passes by path --------------------------------------------------------------------------------------------

def passing(upstream, **more):
    return config(upstream, proxy={"allow": {"api.test.example": {"origin": upstream.url.removesuffix("/v1")}}}) | more


@pytest.mark.parametrize("path,body,answer,wire", [
    ("/v1/chat/completions", ASK | {"stream": True}, lambda: Reply.stream(HELLO), "openai-chat"),
    ("/compatible-mode/v1/chat/completions", ASK, lambda: Reply.json(completion("up-model", "Hello!")), "openai-chat"),
])
def test_what_passes_by_path_is_understood_where_its_wire_is_known(start, upstream, path, body, answer, wire):
    gateway = start(passing(upstream))
    upstream.replies(answer())
    status, head, content = gateway.request("POST", "/api.test.example" + path + "?secret=CANARY", body, AUTH)
    assert status == 200
    [record] = records(gateway.folder)
    expected = {"id": head["x-apus-id"], "endpoint": "proxy", "client_wire": wire, "provider": "api.test.example", "model": "fast", "model_served": "up-model",
                "finish": "stop", "complete": True, "tokens_out": 2, "path": "/api.test.example" + path}
    assert {name: record[name] for name in expected} == expected
    assert json.loads(command(gateway.folder, "show", record["id"]))["reply"]["content"] == "Hello!"
    assert command(gateway.folder, "show", record["id"], "--raw", "response") == content


def test_what_is_not_known_passes_and_is_kept_as_bytes(start, upstream):
    gateway = start(passing(upstream))
    binary = os.urandom(5000)
    upstream.replies(Reply(200, {"content-type": "audio/mpeg"}, binary))
    sent = os.urandom(3000)
    assert gateway.request("POST", "/api.test.example/v1/audio/speech", sent, AUTH)[2] == binary
    [record] = records(gateway.folder)
    assert (record["complete"], record["client_wire"]) == (True, "")
    assert command(gateway.folder, "show", record["id"], "--raw", "request") == sent
    assert command(gateway.folder, "show", record["id"], "--raw", "response") == binary


@pytest.mark.parametrize("answer,status,error", [
    (lambda: Reply.stream(HELLO[:2]), 200, "broken"),
    (lambda: Reply.stream(HELLO[:2], cut=True), 200, "broken"),
    (lambda: Reply.json({"error": {"message": "slow down"}}, status=429), 429, "rate_limited"),
    (lambda: Reply(0), 502, "broken"),
])
def test_what_passes_broken_is_no_finished_answer(start, upstream, answer, status, error):
    gateway = start(passing(upstream))
    upstream.replies(answer())
    try:
        gateway.request("POST", "/api.test.example/v1/chat/completions", ASK | {"stream": True}, AUTH)
    except http.client.HTTPException:
        pass  # cut
    until(lambda: records(gateway.folder), "the record")
    [record] = records(gateway.folder)
    assert (record["complete"], record["status"], record["error"]) == (False, status, error)


def test_of_a_long_reply_the_beginning_is_kept(start, upstream):
    gateway = start(passing(upstream))
    upstream.replies(Reply(200, {"content-type": "video/mp4"}, pieces=[b"x" * (1 << 20)] * 20))
    assert len(gateway.request("GET", "/api.test.example/v1/files/1/content", None, AUTH)[2]) == 20 << 20
    [record] = records(gateway.folder)
    assert 7 << 20 < len(command(gateway.folder, "show", record["id"], "--raw", "response")) <= 8 << 20


def test_of_a_body_that_is_too_long_for_a_record_the_beginning_is_kept(start, upstream):
    gateway = start(passing(upstream, server={"limits": {"body": "160MiB"}}))
    upstream.replies(Reply(200, {"content-type": "text/plain"}, b"heard"))
    sent = os.urandom(1 << 20) * 140
    assert gateway.request("POST", "/api.test.example/v1/audio/transcriptions", sent, AUTH, timeout=100)[2] == b"heard"
    until(lambda: records(gateway.folder), "the record", seconds=60)
    [record] = records(gateway.folder)
    assert record["complete"]
    assert command(gateway.folder, "show", record["id"], "--raw", "request") == sent[:64 << 20]


def test_what_is_packed_a_thousandfold_is_kept_and_costs_no_memory(start, upstream):
    gateway = start(passing(upstream))
    upstream.replies(Reply.json(completion("up-model")))
    bomb = gzip.compress(b'{"model":"fast","messages":[{"role":"user","content":"' + b"x" * (50 << 20) + b'"}]}')
    for _ in range(20):
        assert gateway.request("POST", "/api.test.example/v1/chat/completions", bomb, AUTH | {"content-encoding": "gzip"})[0] == 200
    until(lambda: len(records(gateway.folder)) == 20, "the records", seconds=60)
    assert command(gateway.folder, "show", records(gateway.folder)[0]["id"], "--raw", "request") == bomb
    [most] = [int(line.split()[1]) for line in open(f"/proc/{gateway.process.pid}/status") if line.startswith("VmHWM")]
    assert most < 200 << 10


def test_a_probe_leaves_no_record(start, upstream):
    gateway = start(passing(upstream))
    assert gateway.request("GET", "/.env", None, AUTH)[0] == 404
    assert records(gateway.folder) == []
