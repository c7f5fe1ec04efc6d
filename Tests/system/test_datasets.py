"""Exports of what was recorded: read by the trainers' own readers, decided on by commands, the same bytes again, and back through an import."""
import concurrent.futures
import http.client
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time

import pytest

import speech
from conftest import AUTH, PROGRAM, Apus, Reply, Upstream, completion, config, until

PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR42mP4z8AAAAMBAQD3A0FDAAAAAElFTkSuQmCC"
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}, "days": {"type": "integer"}}, "required": ["city"]}
FORMATS = ["sharegpt", "fastchat", "openai", "trl", "axolotl", "ms-swift", "alpaca"]
EXCHANGES = 2400


def apus(folder, *words, code=0):
    """What a command prints, run in a gateway's folder."""
    done = subprocess.run([PROGRAM, *map(str, words)], cwd=folder, capture_output=True, text=True, timeout=120)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout if code == 0 else done.stderr


def records(folder, *words):
    return [json.loads(line) for line in apus(folder, "records", "list", "--json", *words).splitlines()]


def lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def bytes_of(folder):
    return {path.relative_to(folder): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


# --- Talks on every client's wire -------------------------------------------------------------------------------------

def answer(request):
    """A turn that the question asks for: text, thought, one or two calls, or a cut one."""
    last = json.dumps(request.body["messages"][-1])
    hard = 'ends with "}]} </tool_call> <|im_end|>\n<tool_call>{"name":"x"} 人: <image>'
    if "CUT" in last:
        return Reply.json({"choices": [{"index": 0, "message": {"role": "assistant", "content": "not the who"}, "finish_reason": "length"}]})
    if "TOOL" in last:
        calls = [speech.Call(f"call_{n}_{len(request.raw)}", "weather", {"city": f"城{n} {hard}", "days": n}) for n in range(1 + ("TWO" in last))]
        return speech.reply("openai-chat", [speech.Text("Looking."), *calls] if "SAY" in last else calls, request.wants_stream)
    turn = [speech.Think("先想一想。\nThen answer.")] if "THINK" in last else []
    return speech.reply("openai-chat", [*turn, speech.Text(f"答案 {len(request.raw)} {hard}")], request.wants_stream)


def talk(wire, seed):
    """A client's body of a conversation; every third one has tools, some an image, a stream, a history."""
    chance = random.Random(seed)
    mark = chance.choice(["", "", "THINK", "TOOL", "TOOL TWO", "TOOL SAY", "CUT"])
    words = f"问题 {seed} {mark} <image> assistant: ok"
    history = [(f"earlier {seed}", f"reply {seed}")] * chance.randint(0, 1)
    has_tools, has_image, stream = "TOOL" in mark, chance.random() < 0.1, chance.random() < 0.5
    if wire == "chat":
        content = [{"type": "text", "text": words}, {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}"}}] if has_image else words
        messages = [m for q, a in history for m in ({"role": "user", "content": q}, {"role": "assistant", "content": a})]
        body = {"messages": [{"role": "system", "content": "系统"}, *messages, {"role": "user", "content": content}], "stream": stream and "CUT" not in mark}
        if has_tools:
            body["tools"] = [{"type": "function", "function": {"name": "weather", "description": "d", "parameters": SCHEMA}}]
        return "/v1/chat/completions", {"model": "fast"} | body
    if wire == "messages":
        content = [{"type": "text", "text": words}] + [{"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PNG}}] * has_image
        messages = [m for q, a in history for m in ({"role": "user", "content": q}, {"role": "assistant", "content": [{"type": "text", "text": a}]})]
        body = {"system": "系统", "max_tokens": 99, "messages": [*messages, {"role": "user", "content": content}], "stream": stream and "CUT" not in mark}
        if has_tools:
            body["tools"] = [{"name": "weather", "description": "d", "input_schema": SCHEMA}]
        return "/v1/messages", {"model": "fast"} | body
    if wire == "gemini":
        parts = [{"text": words}] + [{"inlineData": {"mimeType": "image/png", "data": PNG}}] * has_image
        turns = [c for q, a in history for c in ({"role": "user", "parts": [{"text": q}]}, {"role": "model", "parts": [{"text": a}]})]
        body = {"contents": [*turns, {"role": "user", "parts": parts}]}
        if has_tools:
            body["tools"] = [{"functionDeclarations": [{"name": "weather", "description": "d", "parametersJsonSchema": SCHEMA}]}]
        method = "streamGenerateContent?alt=sse" if stream and "CUT" not in mark else "generateContent"
        return f"/v1beta/models/fast:{method}", body
    items = [i for q, a in history for i in ({"role": "user", "content": q}, {"role": "assistant", "content": a})]
    body = {"instructions": "系统", "input": [*items, {"role": "user", "content": words}], "stream": stream and "CUT" not in mark}
    if has_tools:
        body["tools"] = [{"type": "function", "name": "weather", "description": "d", "parameters": SCHEMA}]
    return "/v1/responses", {"model": "fast"} | body


def agent(gateway, seed):
    """An agent's loop: two calls, their results in the other order, the answer; every step repeats the history."""
    tools = [{"type": "function", "function": {"name": "weather", "parameters": SCHEMA}}]
    messages = [{"role": "user", "content": f"agent {seed} TOOL TWO"}]
    for step in range(2):
        said = gateway.post("/v1/chat/completions", {"model": "fast", "messages": messages, "tools": tools}, AUTH)[2]["choices"][0]["message"]
        messages.append({key: value for key, value in said.items() if key in ("role", "content", "tool_calls")})
        results = [{"role": "tool", "tool_call_id": call["id"], "content": f"21 {seed}"} for call in said.get("tool_calls", [])]
        messages += reversed(results)


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    """The folder of a gateway that recorded some thousand exchanges of every wire, and is over."""
    upstream = Upstream()
    upstream.script = answer
    gateway = Apus(tmp_path_factory.mktemp("recorded"), config(upstream))

    def many(seeds):
        connection = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=30)
        for seed in seeds:
            path, body = talk(["chat", "messages", "gemini", "responses"][seed % 4], seed)
            connection.request("POST", path, json.dumps(body), AUTH | {"content-type": "application/json"})
            response = connection.getresponse()
            text = response.read()
            assert response.status == 200, text
        connection.close()

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        list(pool.map(many, [range(start, EXCHANGES, 4) for start in range(4)]))
        list(pool.map(lambda seed: agent(gateway, seed), range(40)))
    gateway.stop()
    upstream.stop()
    return gateway.folder


@pytest.mark.parametrize("format", FORMATS)
def test_the_trainers_read_every_row_of_an_export(recorded, tmp_path, format):
    out = tmp_path / "out"
    apus(recorded, "export", "--format", format, "--out", out, "--all")
    counts = json.loads((out / "manifest.json").read_text())["counts"]
    written = sum(counts["written"].values())
    listed = lines(out / "invalid.jsonl") + lines(out / "skipped.jsonl")
    # Nothing is lost: what isn't written is listed with its reason.
    assert written + len(listed) == counts["selected"] == len(records(recorded))
    assert {row["invalid_reason"] for row in lines(out / "invalid.jsonl")} <= {"truncated_length", "not_in_format"}
    assert written > (EXCHANGES * 0.8 if format not in ("fastchat", "alpaca") else EXCHANGES * 0.3)
    done = subprocess.run([sys.executable, os.path.join(os.path.dirname(__file__), "trainers.py"), format, out], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == {"lines": written, "loaded": written, "kept": written, "errors": []}


@pytest.mark.parametrize("format", FORMATS)
def test_an_export_comes_back_byte_by_byte(recorded, tmp_path, format):
    one, two = tmp_path / "one", tmp_path / "two"
    apus(recorded, "export", "--format", format, "--out", one, "--all")
    apus(tmp_path, "import", one / "train.jsonl", "--data", tmp_path / "data")
    apus(tmp_path, "export", "--format", format, "--out", two, "--data", tmp_path / "data")
    assert (one / "train.jsonl").read_bytes() == (two / "train.jsonl").read_bytes()


def test_the_same_command_gives_the_same_bytes(recorded, tmp_path):
    options = ["--format", "sharegpt", "--all", "--shards", "3", "--validation", "0.2", "--dedup", "near", "--scrub", "mask", "--zstd"]
    for name in ("one", "two"):
        apus(recorded, "export", "--out", tmp_path / name, *options)
    assert bytes_of(tmp_path / "one") == bytes_of(tmp_path / "two")
    assert (tmp_path / "one" / "train-00000-of-00003.jsonl.zst").exists()


def test_pairs_and_labels_are_read_by_the_trainers(recorded, tmp_path):
    data = tmp_path / "data"
    base = [{"conversations": [{"from": "human", "value": f"q{n}"}], "chosen": {"from": "gpt", "value": f"good {n}"},
             "rejected": {"from": "gpt", "value": f"bad {n}"}, "system": "", "tools": ""} for n in range(20)]
    (tmp_path / "pairs.jsonl").write_text("".join(json.dumps(row, separators=(",", ":")) + "\n" for row in base))
    apus(tmp_path, "import", "pairs.jsonl", "--data", data)
    for format in ("sharegpt-dpo", "trl-dpo", "openai-dpo", "ms-swift-dpo", "sharegpt-kto", "trl-kto", "ms-swift-kto"):
        out = tmp_path / format
        apus(tmp_path, "export", "--format", format, "--out", out, "--data", data)
        rows = len(lines(out / "train.jsonl"))
        assert rows == (20 if "dpo" in format else 40)
        done = subprocess.run([sys.executable, os.path.join(os.path.dirname(__file__), "trainers.py"), format, out], capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout.splitlines()[-1]) == {"lines": rows, "loaded": rows, "kept": rows, "errors": []}
    assert (tmp_path / "sharegpt-dpo" / "train.jsonl").read_bytes() == (tmp_path / "pairs.jsonl").read_bytes()


# --- Decisions --------------------------------------------------------------------------------------------------------

@pytest.fixture
def three(start, upstream):
    """A running gateway with three records."""
    upstream.script = lambda request: Reply.json(completion("up-model", "to " + request.body["messages"][-1]["content"]))
    gateway = start(config(upstream))
    for name in ("one", "two", "mail ann@example.com and sk-alice"):
        gateway.post("/v1/chat/completions", {"model": "fast", "messages": [{"role": "user", "content": name}]}, AUTH)
    until(lambda: len(records(gateway.folder)) == 3)
    return gateway


def test_only_what_was_confirmed_is_written(three, tmp_path):
    out = tmp_path / "out"
    apus(three.folder, "export", "--format", "openai", "--out", out)
    assert lines(out / "train.jsonl") == []
    ids = [row["id"] for row in records(three.folder)]
    assert apus(three.folder, "records", "confirm", "--dry-run", "--all") == "would change 3 of 3 records\n"
    apus(three.folder, "records", "confirm", ids[2], "--by", "ann")
    apus(three.folder, "records", "reject", ids[1])
    apus(three.folder, "records", "tag", "good", "--state", "confirmed")
    apus(three.folder, "records", "score", "5", "--tag", "good")
    apus(three.folder, "export", "--format", "openai", "--out", out)
    assert [row["messages"][0]["content"] for row in lines(out / "train.jsonl")] == ["one"]
    shown = json.loads(apus(three.folder, "records", "show", ids[2]))["review"]
    assert (shown["state"], shown["score"], shown["tags"]) == ("confirmed", 5, ["good"])
    assert shown["decisions"][0]["by"] == "ann"
    assert [row["id"] for row in records(three.folder, "--min-score", "4")] == [ids[2]]
    for _ in range(4):
        apus(three.folder, "records", "undo")
    assert records(three.folder, "--state", "confirmed") == []
    apus(three.folder, "records", "undo", code=1)


def test_a_filter_of_decisions_still_wants_what_was_confirmed(three, tmp_path):
    out = tmp_path / "out"
    ids = [row["id"] for row in records(three.folder)]
    assert apus(three.folder, "records", "reject", ids[0], ids[0]).startswith("changed 1 of 1 records")
    for record in ids:
        apus(three.folder, "records", "tag", "bug", record)
        apus(three.folder, "records", "score", "4", record)
    for options, count in ((["--tag", "bug"], 0), (["--min-score", "3"], 0), (["--tag", "bug", "--all"], 3), (["--state", "rejected"], 1)):
        apus(three.folder, "export", "--format", "openai", "--out", out, *options)
        assert len(lines(out / "train.jsonl")) == count, options


def test_what_is_filed_again_is_counted_as_repeated(tmp_path):
    talk = [{"messages": [{"role": "user", "content": f"ask {n}"}, {"role": "assistant", "content": "told"}]} for n in (1, 2, 2)]
    (tmp_path / "talks.jsonl").write_text("".join(json.dumps(t) + "\n" for t in talk) + "no JSON\n" * 1200)
    assert apus(tmp_path, "import", "talks.jsonl", code=1).count("talks.jsonl") == 1000
    (tmp_path / "talks.jsonl").write_text("".join(json.dumps(t) + "\n" for t in talk))
    assert apus(tmp_path, "import", "talks.jsonl") == "filed 0 records; repeated: 3, not understood: 0\n"


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/messages"])
def test_a_thought_that_the_client_stripped_comes_back(start, upstream, tmp_path, path):
    upstream.script = lambda request: speech.reply(
        "openai-chat", [speech.Think(f"thought {len(request.body['messages'])}"), speech.Text("same words")], request.wants_stream)
    gateway = start(config(upstream))
    messages = []
    for n in range(3):
        messages.append({"role": "user", "content": f"ask {n}"})
        gateway.post(path, {"model": "fast", "max_tokens": 99, "messages": messages}, AUTH)
        messages.append({"role": "assistant", "content": "same words"})
    until(lambda: len(records(gateway.folder)) == 3)
    apus(gateway.folder, "records", "confirm", records(gateway.folder)[0]["id"])
    out = tmp_path / "out"
    apus(gateway.folder, "export", "--format", "sharegpt", "--out", out)
    (row,) = lines(out / "train.jsonl")
    assert [turn["value"] for turn in row["conversations"] if turn["from"] == "gpt"] == [
        f"<think>\nthought {n}\n</think>\n\nsame words" for n in (1, 3, 5)]


def test_no_secret_of_the_config_is_written(start, upstream, tmp_path):
    secrets = {"of the proxy": "plain-words-7", "of a header": "opaque-value-8"}
    settings = config(upstream)
    settings["proxy"] = {"allow": {"api.example.com": {"key": secrets["of the proxy"]}}}
    settings["providers"].append({"name": "kimi-web", "sessions": [{"token": "t" * 40, "headers": {"x-own": secrets["of a header"]}}]})
    gateway = start(settings)
    gateway.post("/v1/chat/completions", {"model": "fast", "messages": [{"role": "user", "content": " and ".join(secrets.values())}]}, AUTH)
    until(lambda: len(records(gateway.folder)) == 1)
    apus(gateway.folder, "export", "--format", "sharegpt", "--out", tmp_path / "out", "--all", "--scrub", "mask")
    text = (tmp_path / "out/train.jsonl").read_text()
    assert [what for what, secret in secrets.items() if secret in text] == []


def test_secrets_and_personal_data_are_masked(three, tmp_path):
    out = tmp_path / "out"
    apus(three.folder, "export", "--format", "sharegpt", "--out", out, "--all", "--scrub", "mask")
    text = (out / "train.jsonl").read_text()
    assert "mail <EMAIL_1> and <SECRET_1>" in text and "sk-alice" not in text and "example.com" not in text
    apus(three.folder, "export", "--format", "sharegpt", "--out", out, "--all", "--scrub", "drop")
    assert len(lines(out / "train.jsonl")) == 2
    assert [row["reason"] for row in lines(out / "skipped.jsonl")] == ["personal_data"]


@pytest.mark.parametrize("words, named", [
    (["--format", "nope", "--out", "x"], "sharegpt, fastchat, openai, trl"), (["--format", "trl"], "--out"),
    (["--format", "trl", "--out", "x", "--status", "abc"], "5xx"), (["--format", "trl", "--out", "x", "--state", "maybe"], "new, confirmed, rejected"),
    (["--format", "trl", "--out", "x", "--colour", "red"], "--colour"), (["--format", "trl", "--out", "x", "--template", "gpt9"], "llama3.1"),
    (["--format", "trl", "--out", "x", "--validation", "2"], "0 to 1"), (["--format", "trl", "--out", "x", "--tools-schema", "x"], "auto, yes, no, derive"),
])
def test_wrong_use_names_what_is_allowed(tmp_path, words, named):
    assert named in apus(tmp_path, "export", *words, code=2)
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize("words, named", [
    (["list", "--wire", "bogus"], "openai-chat"), (["list", "--finish", "tool_calls"], "stop_sequence, tool"), (["stats", "--since", "1s"], "filters"),
    (["verify", "--limit", "1"], "filters"), (["show", "x", "--model", "y"], "filters"), (["search", "a", "--text", "b"], "--text"),
])
def test_a_filter_that_can_mean_nothing_is_refused(tmp_path, words, named):
    assert named in apus(tmp_path, "records", *words, code=2)


@pytest.mark.parametrize("words", [["confirm"], ["score", "9", "--all"], ["tag"], ["confirm", "--all", "--colour", "x"]])
def test_a_decision_needs_records_and_a_value(tmp_path, words):
    apus(tmp_path, "records", *words, code=2)


# --- Trouble ----------------------------------------------------------------------------------------------------------

def test_a_killed_export_leaves_no_half_file_and_goes_on(recorded, tmp_path):
    out, whole = tmp_path / "out", tmp_path / "whole"
    options = ["--format", "sharegpt", "--all", "--shards", "8"]
    apus(recorded, "export", "--out", whole, *options)
    process = subprocess.Popen([PROGRAM, "export", "--out", str(out), *options], cwd=recorded, stdout=subprocess.DEVNULL)
    until(lambda: (out / ".export" / "shard-1.done").exists() or process.poll() is not None, "two shards")
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not out.exists() or [path.name for path in out.iterdir()] in ([".export"], []) or (out / "manifest.json").exists()
    apus(recorded, "export", "--out", out, *options)
    assert bytes_of(out) == bytes_of(whole)


def test_a_full_disk_leaves_the_export_before_it(recorded, tmp_path):
    out = tmp_path / "out"
    apus(recorded, "export", "--format", "trl", "--out", out, "--all", "--max-records", "5")
    before = bytes_of(out)
    done = subprocess.run(
        ["bash", "-c", f'ulimit -f 64; exec "{PROGRAM}" export --format trl --out "{out}" --all'], cwd=recorded, capture_output=True, text=True, timeout=60)
    assert done.returncode != 0
    left = {name: content for name, content in bytes_of(out).items() if name.parts[0] != ".export"}
    assert left == before


# --- Another recorder's file ------------------------------------------------------------------------------------------

def test_another_recorders_file_comes_in_repaired(tmp_path):
    database = sqlite3.connect(tmp_path / "interactions.db")
    call = {"id": "call_x", "type": "function", "function": {"name": "weather", "arguments": "{\"city\": \"Oslo\"}"}}
    tools = [{"name": "weather", "parameters": SCHEMA}]
    good = {"conversations": [{"from": "human", "value": "Weather?"}, {"from": "function_call", "value": json.dumps(call)},
                              {"from": "observation", "value": "5"}, {"from": "gpt", "value": "5 degrees"}], "system": "", "tools": json.dumps(tools)}
    plain = {"conversations": [{"from": "human", "value": "Hi"}, {"from": "gpt", "value": "Hello"}], "system": "s", "tools": "[]"}
    broken = {"conversations": [{"from": "human", "value": "no answer"}]}
    for table in ("interactions", "confirmed_interactions"):
        database.execute(f"CREATE TABLE {table} (id TEXT PRIMARY KEY, model TEXT, conversation TEXT, timestamp TEXT)")
    database.executemany("INSERT INTO interactions VALUES (?, 'm', ?, '2025-09-01T10:00:00')", [("1", json.dumps(plain)), ("2", json.dumps(broken))])
    database.execute("INSERT INTO confirmed_interactions VALUES ('3', 'm', ?, '2025-09-01T10:00:00')", [json.dumps(good)])
    database.commit()
    database.close()
    error = apus(tmp_path, "import", "interactions.db", "--data", "data", code=1)
    assert "interactions 2: the last turn is not the model's" in error
    apus(tmp_path, "export", "--format", "sharegpt", "--out", "out", "--data", "data")
    rows = lines(tmp_path / "out" / "train.jsonl")
    assert [turn["from"] for turn in rows[0]["conversations"]] == ["human", "function_call", "observation", "gpt"]
    assert json.loads(rows[0]["conversations"][1]["value"]) == {"name": "weather", "arguments": {"city": "Oslo"}}
    assert len(rows) == 1
    apus(tmp_path, "export", "--format", "sharegpt", "--out", "all", "--data", "data", "--all")
    assert [row["tools"] == "" for row in lines(tmp_path / "all" / "train.jsonl")] == [True, False]
