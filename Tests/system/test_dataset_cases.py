"""The dataset corpus, run by `apus export --case` through the code that writes exports, and judged by the corpus's own rules."""
import json
import os
import pathlib
import re
import subprocess

import pytest

from conftest import PROGRAM, ROOT

FOLDER = pathlib.Path(os.environ.get("APUS_SHARED", ROOT.parent / "shared")) / "formats" / "dataset-cases"
CASES = sorted(FOLDER.glob("*.json"))
FORMATS = ("sharegpt", "openai", "trl")


class Number(str):
    """A number, which is compared by its literal text."""

    def __repr__(self):
        return f"Number({str(self)})"

    def __eq__(self, other):
        return isinstance(other, Number) and str(self) == str(other)

    __hash__ = str.__hash__


def parse(text):
    return json.loads(text, parse_int=Number, parse_float=Number)


def call_value(value):
    """A function_call's value: what stands before the JSON, the JSON, and how it is marked."""
    if match := re.fullmatch(r"(.*)<tool_call>(.*)</tool_call>", value, re.S):
        return match[1], parse(match[2]), True
    if value.startswith("<think>"):
        before, after = value.rsplit("</think>\n\n", 1)
        return before, parse(after), False
    return "", parse(value), False


def comparable(format, record):
    """A record with the JSON in its strings parsed, as the corpus's README wants it compared."""
    record = parse(json.dumps(record))
    if "invalid_reason" in record:
        return record
    if format in ("sharegpt", "trl") and record.get("tools"):
        record["tools"] = parse(record["tools"])
    for turn in record.get("conversations", []):
        if turn["from"] == "function_call":
            turn["value"] = call_value(turn["value"])
    if format == "openai":
        for message in record.get("messages", []):
            for call in message.get("tool_calls", []):
                call["function"]["arguments"] = parse(call["function"]["arguments"])
    return record


def test_the_corpus_is_there():
    assert len(CASES) >= 58


@pytest.fixture(scope="session")
def results():
    """What the exporter makes of every case."""
    lines = subprocess.run(
        [PROGRAM, "export", "--case", *CASES], capture_output=True, text=True, check=True, timeout=120).stdout.splitlines()
    return {case.stem: line for case, line in zip(CASES, lines, strict=True)}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_a_case_is_exported_as_it_is_expected(case, results):
    expected = json.loads(case.read_text())["expected"]
    result = json.loads(results[case.stem])
    if "keep" in expected:
        assert set(result["keep"]) == set(expected["keep"])
        assert result["drop"] == expected["drop"]
        assert {frozenset(x) for x in result.get("siblings", [])} == {frozenset(x) for x in expected.get("siblings", [])}
        return
    if "invalid_reason" in expected:
        assert result == expected or all(result[f] == expected for f in FORMATS)
        return
    assert set(result) == {*FORMATS, "warnings"}, result
    for format in FORMATS:
        assert comparable(format, result[format]) == comparable(format, expected[format])
    assert set(result["warnings"]) == set(expected["warnings"])


def test_a_sequence_resolves_what_goes_on_from_a_response(tmp_path):
    def record(name, previous, question):
        output = [{"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": f"answer {question}"}]}]
        return {"id": name, "client_format": "openai_responses", "request": {"model": "m", "input": question} | ({"previous_response_id": previous} if previous else {}),
                "response": {"status": 200, "stream": False, "body": {"id": f"resp_{name}", "status": "completed", "output": output}}}

    case = tmp_path / "case.json"
    case.write_text(json.dumps({"recorded_sequence": [record("a", None, "1"), record("b", "resp_a", "2"), record("c", "resp_other", "2")]}))
    done = subprocess.run([PROGRAM, "export", "--case", case], capture_output=True, text=True, check=True, timeout=20)
    assert json.loads(done.stdout) == {"keep": ["b"], "drop": {"a": "prefix_of:b", "c": "invalid:missing_history"}}
