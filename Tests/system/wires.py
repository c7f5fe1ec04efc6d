#!/usr/bin/env python3
"""Writes docs/wires.md: what becomes of every feature between every client's wire and every upstream's.

    python3 Tests/system/wires.py            writes it anew
    python3 Tests/system/wires.py --print    only prints it

Each cell is what `apus translate` makes of a probe of `wire_probes.py`, that is, the code that answers requests.
"""
import json
import pathlib
import subprocess
import sys
import tempfile

from wire_probes import CLIENTS, ERRORS, FETCHED, REPLIES, REQUESTS, UPSTREAMS, C, G, body, error, stream

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = ROOT / ".build" / "release" / "apus"
PAGE = ROOT / "docs" / "wires.md"

# What is lost without a report, and why it needs none: (part, client, upstream, feature). The test fails for every other one.
EXPLAINED = {}


def run(cases):
    """What the gateway makes of each case."""
    with tempfile.TemporaryDirectory() as folder:
        files = []
        for number, case in enumerate(cases):
            files.append(pathlib.Path(folder) / f"{number:04}.json")
            files[-1].write_text(json.dumps(case))
        lines = subprocess.run([PROGRAM, "translate", *files], capture_output=True, text=True, check=True, timeout=120).stdout.splitlines()
    return [json.loads(line) for line in lines]


def request(client, upstream, add, feature):
    options = {"fetched": FETCHED, "upstream_model": "up"}
    if client == G:
        options |= {"client_model": "m", "stream": feature == "streaming"}
    return {"direction": "request", "from": client, "to": upstream, "options": options, "input": body(client, dict(add))}


def answer(client, upstream, reply, direction, is_cut=False):
    asked = {"model": "m", "stream": direction == "stream"}
    if client == C and direction == "stream":
        asked["stream_options"] = {"include_usage": True}
    case = {"direction": direction, "from": upstream, "to": client, "options": {"client_model": "m", "request": asked}, "input": reply}
    if upstream == C:
        case["options"]["dialect"] = "compatible"
    if direction == "stream":
        lines = [(f"event: {name}\n" if name else "") + f"data: {data if isinstance(data, str) else json.dumps(data)}\n\n"
                 for name, data in stream(upstream, reply, is_cut)]
        case["input_sse"] = "".join(lines)
    return case


# --- Cells -------------------------------------------------------------------------------------------------------

def compact(value):
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def text_of(result):
    """All that was sent, as compact JSON; of a stream all its data, JSON within JSON unescaped."""
    if "sse" not in result:
        text = result.get("path", "") + compact(result["body"])
    else:
        data = [line[5:].strip() for line in result["sse"].splitlines() if line.startswith("data:")]
        text = "".join(compact(json.loads(item)) if item.startswith("{") else item for item in data)
    return text


def refusal(result):
    """The status and the word for it, in the client's own shape."""
    sent = result["error"]["body"]["error"]
    word = sent.get("code") if isinstance(sent.get("code"), str) else sent.get("status") or sent["type"]
    return f"{result['error']['status']} {word}"


def cell(result, proof, known):
    """carried · emulated · lost · refused, with the reports; None for a loss that nobody reported. `known` are reports of a plain chat."""
    if "error" in result:
        return f"refused: {refusal(result)}"
    reports = [report for report in dict.fromkeys(result["losses"]) if report not in known]
    listed = ", ".join(f"`{report}`" for report in reports)
    text = text_of(result)
    has = all if isinstance(proof, list) else any
    if has(word in text for word in ([proof] if isinstance(proof, str) else proof)):
        return f"carried; {listed}" if reports else "carried"
    if not reports:
        return None
    return f"{'lost' if all(report.endswith(':dropped') for report in reports) else 'changed'}: {listed}"


def by_wire(proof, wire):
    return proof[wire] if isinstance(proof, dict) else proof


class Table:
    """The cells of one client, filled by cases that run all at once."""

    def __init__(self):
        self.cases, self.places = [], []
        self.cells, self.unexplained, self.explained = {}, [], set()

    def add(self, place, case, proof, known=None):
        self.places.append((place, proof, known))
        self.cases.append(case)

    def fill(self):
        results = run(self.cases)
        plain = {place: result.get("losses", []) for (place, _, _), result in zip(self.places, results)}
        for (place, proof, known), result in zip(self.places, results, strict=True):
            if callable(proof):
                text = proof(result)
            else:
                text = cell(result, proof, plain.get(known, []))
            part, client, upstream, feature, *_ = place
            if text is None:
                reason = (part, client, upstream, feature)
                text = EXPLAINED.get(reason, "UNEXPLAINED")
                if reason in EXPLAINED:
                    self.explained.add(reason)
                else:
                    self.unexplained.append((place, result))
            self.cells[place] = text

    def reply(self, client, upstream, feature):
        """One cell for the whole reply and for the stream."""
        whole, streamed = (self.cells.get(("reply", client, upstream, feature, way)) for way in ("response", "stream"))
        if whole is None or whole == streamed:
            return whole or "—"
        return f"{whole}; streamed {streamed}"


def fill():
    table = Table()
    for client in CLIENTS:
        for upstream in UPSTREAMS:
            plain = ("request", client, upstream, "text")
            for feature, probes, proof in REQUESTS:
                add = probes(client, upstream) if callable(probes) else probes[client]
                if add is not None:
                    place = ("request", client, upstream, feature)
                    table.add(place, request(client, upstream, add, feature), by_wire(proof, upstream), None if place == plain else plain)
            for feature, replies, proof in REPLIES:
                for way in ("response", "stream"):
                    if replies[upstream] is not None:
                        table.add(("reply", client, upstream, feature, way), answer(client, upstream, replies[upstream], way),
                                  by_wire(proof, client))
            for feature, status, words, message in ERRORS:
                case = {"direction": "error", "from": upstream, "to": client, "input": error(upstream, status, words, message)}
                table.add(("error", client, upstream, feature), case, refusal)
            reply = REPLIES[0][1][upstream]
            table.add(("cut", client, upstream, "a stream that breaks off"), answer(client, upstream, reply, "stream", is_cut=True), broken)
    table.fill()
    return table


def broken(result):
    """How a stream ends that the upstream broke off: never as a finished reply."""
    ends = {'"finish_reason":"stop"', "response.completed", "message_stop", '"finishReason":"STOP"'}
    if "error" in result:
        return refusal(result)
    text = text_of(result)
    assert '"error"' in text and not any(end in text for end in ends), text
    return "an error in the stream, no end"


# --- The page ----------------------------------------------------------------------------------------------------

HEAD = """# What becomes of what, between the wires

Written by `Tests/system/wires.py`: do not edit. Every cell is what `apus translate` makes of a probe in
`Tests/system/wire_probes.py`, and a test checks that this page still tells the truth.

* **carried**: it arrives. Reports behind it tell what changed on the way.
* **changed**: it arrives in another or weaker form, as the report says: `emulated` (same intent by other means), `downgraded`,
  `clamped`, `truncated`, `renamed`.
* **lost**: it does not arrive; the report names it.
* **refused**: the client gets this error, since the model would answer another question.
* **—**: the wire has no word for it.

Reports go to the log and to the client in `x-apus-losses`; what is lost of a streamed reply goes to the log alone. The Chat upstream of requests is OpenAI's own, that of
replies has the members of its dialects as well; models that take more or less are described in their provider's file
(`provider-files.md`).
"""


def rows(title, columns, lines):
    yield f"\n### {title}\n"
    yield f"| | {' | '.join(columns)} |"
    yield "|---" * (len(columns) + 1) + "|"
    for name, cells in lines:
        if any(text != "—" for text in cells):
            yield f"| {name} | {' | '.join(cells)} |"


def page(table):
    lines = [HEAD.rstrip()]
    cells, upstreams = table.cells, list(UPSTREAMS)
    for client, name in CLIENTS.items():
        lines.append(f"\n## A client of {name}")
        asked = [(feature, [cells.get(("request", client, up, feature), "—") for up in upstreams]) for feature, _, _ in REQUESTS]
        lines += rows("What it asks", UPSTREAMS.values(), asked)
        told = [(feature, [table.reply(client, up, feature) for up in upstreams]) for feature, _, _ in REPLIES]
        told += [(feature, [cells[("error", client, up, feature)] for up in upstreams]) for feature, *_ in ERRORS]
        feature = "a stream that breaks off"
        told.append((feature, [cells[("cut", client, up, feature)] for up in upstreams]))
        lines += rows("What it gets", UPSTREAMS.values(), told)
    return "\n".join(lines) + "\n"


def main():
    table = fill()
    for place, result in table.unexplained:
        print("unexplained:", *place, compact(result), file=sys.stderr)
    if "--print" in sys.argv:
        print(page(table), end="")
    elif not table.unexplained:
        PAGE.write_text(page(table))
    return 1 if table.unexplained else 0


if __name__ == "__main__":
    sys.exit(main())
