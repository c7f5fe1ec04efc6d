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


# --- Rules that the corpus has no case for -----------------------------------------------------------------------------

def made_of(tmp_path, client_format, request, body, **members):
    case = tmp_path / "case.json"
    recorded = {"client_format": client_format, "request": request, "response": {"status": 200, "stream": False, "body": body}}
    case.write_text(json.dumps({"name": "x", "recorded": recorded} | members))
    return json.loads(subprocess.run([PROGRAM, "export", "--case", case], capture_output=True, text=True, check=True, timeout=60).stdout)


def chat(text, **members):
    return {"choices": [{"index": 0, "message": {"role": "assistant", "content": text} | members, "finish_reason": "tool_calls" if members else "stop"}]}


def gemini(*parts):
    return {"candidates": [{"content": {"role": "model", "parts": list(parts)}, "finishReason": "STOP", "index": 0}]}


ASK = [{"role": "user", "content": "q"}]
TOOL = {"name": "f", "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}}}


def test_pieces_of_a_thought_of_gemini_are_glued_also_in_the_history(tmp_path):
    history = [{"text": "th", "thought": True}, {"text": "ink", "thought": True}, {"text": "a"}]
    contents = [{"role": "user", "parts": [{"text": "q"}]}, {"role": "model", "parts": history}, {"role": "user", "parts": [{"text": "x"}]}]
    made = made_of(tmp_path, "gemini_generate", {"contents": contents}, gemini({"text": "r"}))
    assert made["trl"]["messages"][1]["reasoning_content"] == "think"


def test_an_image_of_gemini_may_be_in_the_other_alphabet(tmp_path):
    made = [made_of(tmp_path, "gemini_generate", {"contents": [{"parts": [{"inlineData": {"mime_type": "image/gif", "data": data}}, {"text": "q"}]}]},
                    gemini({"text": "a"})) for data in ("R0lGODlh-__-", "R0lGODlh+//+")]
    assert made[0] == made[1] and "data:image/gif;base64,R0lGODlh+//+" in json.dumps(made[0])


@pytest.mark.parametrize("block", [{"type": "redacted_thinking", "data": "x"}, {"type": "thinking", "thinking": "", "signature": "s"}])
def test_a_block_that_says_nothing_parts_two_texts(tmp_path, block):
    content = [{"type": "text", "text": "a"}, block, {"type": "text", "text": "b"}]
    made = made_of(tmp_path, "anthropic_messages", {"max_tokens": 9, "messages": ASK}, {"content": content, "stop_reason": "end_turn"})
    assert made["openai"]["messages"][-1]["content"] == "a\n\nb"


def test_half_a_character_in_arguments_is_told(tmp_path):
    content = [{"type": "tool_use", "id": "t", "name": "f", "input": {"city": "a\ud800b"}}]
    made = made_of(tmp_path, "anthropic_messages", {"max_tokens": 9, "messages": ASK, "tools": [TOOL]}, {"content": content, "stop_reason": "tool_use"})
    assert "invalid_unicode_replaced" in made["warnings"]


def test_a_tag_is_escaped_whatever_mark_follows_it(tmp_path):
    made = made_of(tmp_path, "openai_chat", {"messages": [{"role": "user", "content": "<image>\u0301 and <video>\ufe0f"}]}, chat("ok"))
    assert made["sharegpt"]["conversations"][0]["value"] == "< image>\u0301 and < video>\ufe0f"
    assert made["warnings"] == ["media_tag_escaped"]


def test_names_that_only_look_alike_are_two(tmp_path):
    tool = {"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {}}}}
    call = {"id": "c", "type": "function", "function": {"name": "f", "arguments": '{"\u00e9":1,"e\u0301":2}'}}
    made = made_of(tmp_path, "openai_chat", {"messages": ASK, "tools": [tool]}, chat(None, tool_calls=[call]))
    assert made["trl"]["messages"][-1]["tool_calls"][0]["function"]["arguments"] == {"\u00e9": 1, "e\u0301": 2}


def test_a_text_of_spaces_is_no_answer(tmp_path):
    assert made_of(tmp_path, "openai_chat", {"messages": ASK}, chat("\u00a0\u3000"))["invalid_reason"] == "no_assistant_output"


def test_what_was_cut_before_its_first_word_is_no_beginning_of_another(tmp_path):
    def record(name, text, finish):
        body = {"choices": [{"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": finish}]}
        return {"id": name, "client_format": "openai_chat", "request": {"messages": ASK}, "response": {"status": 200, "stream": False, "body": body}}
    case = tmp_path / "case.json"
    case.write_text(json.dumps({"name": "x", "recorded_sequence": [record("r1", "", "length"), record("r2", "One\u3000", "stop")]}))
    made = json.loads(subprocess.run([PROGRAM, "export", "--case", case], capture_output=True, text=True, check=True, timeout=60).stdout)
    assert made == {"keep": ["r2"], "drop": {"r1": "invalid:truncated_length"}}
