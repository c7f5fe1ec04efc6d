"""`apus provider check` and `apus provider replay`, with every transcript beside the protocol documents and with files of our own."""
import hashlib
import json
import os
import pathlib
import subprocess

import pytest

from conftest import PROGRAM, ROOT

TRANSCRIPTS = pathlib.Path(os.environ.get("APUS_SHARED", ROOT.parent / "shared")) / "protocols" / "transcripts"
PLATFORMS = ["deepseek", "kimi", "metaso", "doubao", "qwen", "zhipu", "minimax"]
PROVIDERS = {"intl-v2": "qwen-intl", "openai-like": "edgeone", "qianfan-v2": "qianfan", "yiyan-web": pathlib.Path(__file__).parent / "providers" / "yiyan-web.yaml"}
CASES = [
    (platform, case)
    for platform in [*PLATFORMS, "edgeone", "ernie"]
    for case in json.loads((TRANSCRIPTS / f"{platform}-manifest.json").read_text())["cases"]
]

PLOVER = """apus: provider/v1
name: plover-web
origin: https://plover.example
credentials: {TOKEN: {env: PLOVER_TOKEN, class: bearer, where: "localStorage plover_session"}}
models: [{id: plover, upstream: p1}]
vars: {rid: uuid}
steps:
  - id: ask
    request: {url: "{{origin}}/ask", headers: {Authorization: "Bearer {{cred.TOKEN}}", X-Id: "{{rid}}"}, body: {json: {q: "{{prompt}}"}}}
    response:
      framing: ndjson
      emit: [{to: reasoning, when: {k: plan}, path: t}, {to: text, when: {k: say}, path: t}]
      finish: [{when: {k: bye}, reason: stop}, {eof: truncated}]
errors: [{status: [401], as: auth_expired}]
"""
EVENTS = '{"k":"plan","t":"hm"}\n{"k":"say","t":"Hello"}\n{"k":"say","t":" there"}\n{"k":"bye"}\n'


def run(*words, cwd=None, env=None):
    variables = {k: v for k, v in os.environ.items() if not k.endswith(("_API_KEY", "_TOKEN"))} | (env or {})
    return subprocess.run([PROGRAM, "provider", *map(str, words)], capture_output=True, text=True, timeout=60, cwd=cwd, env=variables)


@pytest.mark.parametrize("platform, case", CASES, ids=lambda value: value["file"] if isinstance(value, dict) else value)
def test_a_transcript_gives_what_it_must(platform, case):
    provider = PROVIDERS.get(case["dialect"], f"{platform}-web")
    options = ["--variant", case["dialect"], "--content-type", case["content_type"]]
    if case["http_status"]:
        options += ["--status", case["http_status"]]
    done = run("replay", provider, TRANSCRIPTS / case["file"], *options)
    assert done.returncode == 0, done.stderr
    result, expected = json.loads(done.stdout), json.loads((TRANSCRIPTS / case["expected"]).read_text())
    assert set(result) == set(expected)
    for name in ("content", "reasoning", "finish_reason", "references"):
        assert result[name] == expected[name]
    if expected["error"] is None:
        assert result["error"] is None
    else:
        assert {name: result["error"][name] for name in ("type", "status")} == {name: expected["error"][name] for name in ("type", "status")}
        assert result["error"]["message"]


@pytest.mark.parametrize("name", [f"{platform}-web" for platform in PLATFORMS] + ["qwen-intl", "openai"])
def test_a_built_in_file_is_fine(name):
    done = run("check", name)
    assert done.returncode == 0 and ": fine; " in done.stdout, done.stdout + done.stderr


def test_check_tells_which_credentials_have_values_and_never_tells_them(tmp_path):
    (tmp_path / "plover.yaml").write_text(PLOVER)
    done = run("check", "plover.yaml", cwd=tmp_path)
    assert "TOKEN (PLOVER_TOKEN): not set; localStorage plover_session" in done.stdout
    done = run("check", "plover.yaml", cwd=tmp_path, env={"PLOVER_TOKEN": "tok-4711"})
    assert "TOKEN (PLOVER_TOKEN): set" in done.stdout and "tok-4711" not in done.stdout


def test_check_tells_every_mistake_with_its_line_and_path(tmp_path):
    (tmp_path / "bad.yaml").write_text(PLOVER.replace("prompt}}", "promt}}").replace("{k: say}", "{k: {is: say}}").replace("rid: uuid", "rid: guid"))
    done = run("check", "bad.yaml", cwd=tmp_path)
    assert done.returncode == 1
    lines = done.stdout.splitlines()
    assert any(line.startswith("bad.yaml:6:13: vars.rid: ") for line in lines), lines
    assert any("steps[0].response.emit[1].when.k: " in line and "is" in line for line in lines), lines


def test_check_reads_recorded_events_again(tmp_path):
    answer = hashlib.sha256(b"Hello there").hexdigest()
    events = hashlib.sha256(EVENTS.encode()).hexdigest()
    (tmp_path / "plover-web.events").write_text(EVENTS)
    file = tmp_path / "plover.yaml"
    file.write_text(PLOVER + f"fixture: {{events_sha256: {events}, answer_sha256: {answer}}}\n")
    assert run("check", file).returncode == 0
    # A rule that no longer fits is found without asking the site.
    file.write_text(file.read_text().replace("{k: say}", "{k: speak}"))
    done = run("check", file)
    assert done.returncode == 1 and "fixture: " in done.stdout
    (tmp_path / "plover-web.events").write_text(EVENTS + "\n")
    done = run("check", file)
    assert done.returncode == 1 and "events_sha256" in done.stdout


def test_replay_prints_one_object(tmp_path):
    (tmp_path / "plover.yaml").write_text(PLOVER)
    (tmp_path / "events").write_text(EVENTS)
    done = run("replay", "plover.yaml", "events", cwd=tmp_path)
    assert json.loads(done.stdout) == {"content": "Hello there", "reasoning": "hm", "finish_reason": "stop", "references": [], "error": None}
    done = run("replay", "plover.yaml", "events", "--status", "401", cwd=tmp_path)
    assert json.loads(done.stdout)["error"]["type"] == "authentication_error"


@pytest.mark.parametrize("words, code", [
    (["frobnicate"], 2), ([], 2), (["check"], 2), (["replay", "kimi-web"], 2), (["check", "kimi-web", "--status", "200"], 2),
    (["replay", "kimi-web", "x", "--status", "9"], 2), (["check", "no-such-provider"], 1), (["replay", "kimi-web", "no-such-file"], 1),
    (["replay", "kimi-web", "no-such-file", "--variant", "none"], 1), (["--help"], 0),
])
def test_wrong_use_is_2_and_a_failure_is_1(words, code):
    done = run(*words)
    assert done.returncode == code, done.stdout + done.stderr
