"""The part `records` of `run`: what recording costs the loop, how fast the spool drains, how small and how quick the archive is."""
import http.client
import json
import random
import shutil
import statistics
import subprocess
import threading
import time

from bench import HOME, KEY, PROGRAM, Server, fill, medians, table

THREADS = ("loop-0", "ingest", "ingest-read")


def records(bench):
    cost(bench)
    delay(bench)
    ingest(bench)
    agents(bench)
    archive(bench)


# --- On the loop -------------------------------------------------------------------------------------------------

def cost(bench):
    """A chat with recording and without: CPU of each thread."""
    mock = bench.mock(100, 50)
    servers = [("record: off", bench.apus(mock, record=False)), ("recording", bench.apus(mock))]
    lists, errors = {}, 0
    for _, server in servers:
        bench.wrk(server.port, 1)
    for _ in range(bench.options.rounds):
        for label, server in servers:
            settle(server)
            before = cpu(server)
            result = bench.wrk(server.port, bench.options.seconds)
            settle(server)
            count = max(1, result["requests"])
            errors += result["errors"]
            for thread, used in since(before, server).items():
                fill(lists, (label, thread), used / count)
            fill(lists, (label, "rate"), count / result["seconds"])
    value = medians(lists)
    off, on = (value[(label, "loop-0")] for label, _ in servers)
    rows = [["record: off, thread loop-0", off, "", "", f"{value[('record: off', 'rate')]:.0f}"],
            ["recording, thread loop-0", on, on - off, "added <= 3", f"{value[('recording', 'rate')]:.0f}"]]
    rows += [[f"recording, thread {thread}", value[("recording", thread)], "", "", ""] for thread in THREADS[1:]]
    table("Plain chat, 1 KB up, 2 KB down, 64 connections", ["", "CPU µs/request", "added", "reach", "requests/s"], rows,
          f"{errors} requests failed: these figures mean nothing." if errors else "")
    bench.stop()


def delay(bench):
    """The delay of chats at a fixed rate, with recording and without."""
    mock = bench.mock(100, 50)
    servers = [("record: off", bench.apus(mock, record=False)), ("recording", bench.apus(mock))]
    lists, errors = {}, 0
    for _, server in servers:
        bench.wrk(server.port, 1)
    for _ in range(bench.options.rounds):
        for label, server in [("no proxy", mock)] + servers:
            settle(servers[1][1])  # what was recorded before is none of this measurement's
            result = open_load(bench, server.port, 1000, 1 + bench.options.seconds)
            errors += result["errors"]
            for figure in ("p50_ms", "p99_ms", "p999_ms"):
                fill(lists, (label, figure), result[figure])
    value = medians(lists)
    added = value[("recording", "p99_ms")] - value[("record: off", "p99_ms")]
    rows = [[label, *(value[(label, figure)] for figure in ("p50_ms", "p99_ms", "p999_ms")), *(
        [added, "added <= 0.3"] if label == "recording" else ["", ""])] for label in ("no proxy", "record: off", "recording")]
    table("1,000 chats a second over 20 connections, open loop", ["", "p50 ms", "p99 ms", "p99.9 ms", "added to p99", "reach"], rows,
          f"{errors} requests failed: these figures mean nothing." if errors else "")
    bench.stop()


def open_load(bench, port, rate, seconds, *words):
    out = subprocess.run([bench.folder / "openload", str(port), str(rate), str(seconds), "20", *words], check=True, capture_output=True,
                         text=True, timeout=seconds + 60).stdout
    return json.loads(out)


# --- Behind the loop ---------------------------------------------------------------------------------------------

def ingest(bench):
    """Fills the spool while the archive can't be reached, then watches it drain, with the server idle and with it asked for /health."""
    mock = bench.mock(100, 50, 1700)
    lists = {}
    for _ in range(bench.options.rounds):
        for label, is_asked in (("alone", False), ("beside 1,000 /health a second", True)):
            server, away = blocked(bench, mock)
            asked = open_load(bench, server.port, 1000, 1 + bench.options.seconds, "/health") if is_asked else None
            if asked:
                fill(lists, ("before", "p50"), asked["p50_ms"])
                fill(lists, ("before", "p99"), asked["p99_ms"])
            result = words_load(bench, server.port, 4 * bench.options.seconds, 1700)
            drain(bench, server, away, result["requests"], label, is_asked, lists)
            bench.stop(server)
            shutil.rmtree(away.parent)
    value = medians(lists)
    size = value[("alone", "size")]
    rows = [[label, f"{value[(label, 'rate')]:.0f}", ">= 20000", *(value[(label, thread)] for thread in THREADS[1:]), value[(label, "cpu")]]
            for label in ("alone", "beside 1,000 /health a second")]
    table(f"Draining a spool of records of {size:.0f} bytes, no two alike, into SQLite",
          ["", "records/s", "reach", "ingest µs each", "ingest-read", "both"], rows)
    rows = [["nothing to drain", value[("before", "p50")], value[("before", "p99")], ""],
            ["meanwhile", value[("during", "p50")], value[("during", "p99")], value[("during", "p99")] - value[("before", "p99")]]]
    table("Its loop meanwhile: GET /health, 1,000 a second, open loop", ["", "p50 ms", "p99 ms", "added to p99"], rows)
    bench.stop()


def blocked(bench, mock):
    """A server whose archive can't be opened until `away`, a file where a folder should be, is replaced."""
    root, port = bench.apus_config(mock, archive="sqlite:away/apus.db")
    away = root / "away"
    away.write_text("")
    return Server(bench, "apus", [PROGRAM, "serve", "--config", root / "apus.yaml"], port, env=bench.environment()).wait(), away


def words_load(bench, port, seconds, size, connections=64):
    out = subprocess.run(
        ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "-s", HOME / "words.lua", f"http://127.0.0.1:{port}/", "--", str(size),
         str(random.randrange(1 << 30))], check=True, capture_output=True, text=True, timeout=seconds + 60).stdout
    return json.loads(out.strip().splitlines()[-1])


def drain(bench, server, away, count, label, is_asked, lists):
    full, before = spooled(server), cpu(server)
    seconds = 1 + bench.options.seconds
    asking = threading.Thread(target=lambda: answers.append(open_load(bench, server.port, 1000, seconds, "/health")))
    answers = []
    away.unlink()
    away.mkdir()
    while spooled(server) == full:
        time.sleep(0.005)
    start = time.monotonic()
    if is_asked:
        asking.start()
    while spooled(server):
        time.sleep(0.02)
    took = time.monotonic() - start
    used = since(before, server)
    for thread in THREADS[1:]:
        fill(lists, (label, thread), used[thread] / count)
    fill(lists, (label, "cpu"), (used["ingest"] + used["ingest-read"]) / count)
    fill(lists, (label, "rate"), count / took)
    fill(lists, (label, "size"), stats(away.parent)["raw_bytes"] / count)
    if is_asked:
        asking.join()
        fill(lists, ("during", "p50"), answers[0]["p50_ms"])
        fill(lists, ("during", "p99"), answers[0]["p99_ms"])


# --- The archive -------------------------------------------------------------------------------------------------

def agents(bench):
    """Sessions of 40 calls with a long system text and many tools, each call with the whole history."""
    mock = bench.mock(100, 50, 400)
    root, port = bench.apus_config(mock)
    server = Server(bench, "apus", [PROGRAM, "serve", "--config", root / "apus.yaml"], port, env=bench.environment()).wait()
    source = random.Random(4)
    vocabulary = [latin(n) for n in range(30000)]

    def text(size):
        words, length = [], 0
        while length < size:
            words.append(vocabulary[int(30000 ** source.random()) - 1])
            length += len(words[-1]) + 1
        return " ".join(words)

    system = text(20_000)
    tools = [{"type": "function", "function": {"name": f"tool_{n}", "description": text(800), "parameters": {
        "type": "object", "properties": {name: {"type": "string", "description": text(40)} for name in ("path", "text")}}}} for n in range(15)]
    line = http.client.HTTPConnection("127.0.0.1", port)
    for _ in range(bench.options.sessions):
        messages = [{"role": "system", "content": system}]
        for _ in range(40):
            messages.append({"role": "user", "content": text(2000)})
            line.request("POST", "/v1/chat/completions", json.dumps({"model": "gpt-4o-mini", "tools": tools, "messages": messages}),
                         {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"})
            reply = line.getresponse()
            messages.append(json.loads(reply.read())["choices"][0]["message"])
    settle(server)
    found = stats(root)
    raw, kept = found["raw_bytes"], found["bytes"]
    table(f"{bench.options.sessions} sessions of an agent, 40 calls each: 20 KB system, 15 KB tools, 2 KB new",
          ["", "records", "conversations", "raw MB", "archive MB", "kept", "reach"],
          [["agents", str(found["exchanges"]), str(found["conversations"]), raw / 1e6, kept / 1e6, f"1/{raw / kept:.1f}", "<= 1/10"]])
    bench.stop()
    shutil.rmtree(root)


def latin(number):
    """As words.lua does."""
    word, last = "", "bdfghjklmnprstvw"[number % 16]
    while True:
        number, rest = divmod(number, 80)
        word += "bdfghjklmnprstvw"[rest // 5] + "aeiou"[rest % 5]
        if not number:
            return word + last


def chinese(number):
    """As words.lua does."""
    return chr(0x4E00 + number * 7 % 5000)


def archive(bench):
    """Fills an archive with conversations and times what people look for in it, each as a command of its own."""
    goal = 1_000_000 if bench.options.million else 50_000
    mock = bench.mock(100, 50, 150)
    root, port = bench.apus_config(mock)
    server = Server(bench, "apus", [PROGRAM, "serve", "--config", root / "apus.yaml"], port, env=bench.environment()).wait()
    for name in ("gone", "quiet"):  # some that ended otherwise
        line = http.client.HTTPConnection("127.0.0.1", port)
        for _ in range(60):
            line.request("POST", "/v1/chat/completions", json.dumps({"model": name, "messages": [{"role": "user", "content": name}]}),
                         {"Authorization": f"Bearer {KEY}"})
            line.getresponse().read()
    rate = count = 0
    while count < goal:
        seconds = max(1, min(30, int((goal - count) / rate))) if rate else 2
        result = words_load(bench, port, seconds, 150)
        rate = result["requests"] / result["seconds"]
        count += result["requests"]
    settle(server, 1800)
    found = stats(root)
    floor = timed(root, "list", "--limit", "0")
    asked = [("list --limit 50", 100, ["list"])]
    asked += [(f"list {' '.join(words)}", 100, ["list", *words]) for words in (
        ["--model", "gpt-4o"], ["--model", "gpt-4o*"], ["--model", "nothing"], ["--provider", "local"], ["--key", "bench"],
        ["--wire", "openai-chat"], ["--endpoint", "chat"], ["--status", "200"], ["--status", "4xx"], ["--finish", "stop"], ["--finish", "length"],
        ["--error", "*"], ["--complete", "no"], ["--complete", "yes"], ["--stream", "yes"], ["--stream", "no"], ["--calls", "yes"],
        ["--tools", "yes"], ["--since", "1h"], ["--until", "1h"], ["--model", "gpt-4o", "--tools", "yes"])]
    asked += [(f"search {text} ({what})", 200, ["search", text]) for text, what in (
        (chinese(0) + chinese(1), "common"), (chinese(40) + chinese(90), "rarer"), ("雨燕", "rare"), (latin(0), "common"),
        (latin(500), "rarer"), ("albatross", "rare"), ("nowhere", "nothing"))]
    rows = []
    for label, reach, words in asked:
        took, lines = timed(root, *words, "--limit", "50")
        rows.append([label, took, f"<= {reach}", str(lines)])
    rows.append(["stats", timed(root, "stats")[0], "<= 100", ""])
    table(f"An archive of {found['conversations']} conversations, {found['bytes'] / 1e6:.0f} MB: ms of the whole command, "
          f"{floor[0]:.0f} of it its start", ["apus records", "median ms", "reach", "lines"], rows)
    bench.stop()
    shutil.rmtree(root)


def timed(root, *words):
    """The median of five, in milliseconds, and how many lines came."""
    times = []
    for _ in range(5):
        start = time.monotonic()
        out = subprocess.run([PROGRAM, "records", *words], cwd=root, check=True, capture_output=True, timeout=600).stdout
        times.append((time.monotonic() - start) * 1000)
    return statistics.median(times), len(out.splitlines())


def stats(root):
    out = subprocess.run([PROGRAM, "records", "stats", "--json"], cwd=root, check=True, capture_output=True, timeout=600).stdout
    return json.loads(out)


# --- What is measured --------------------------------------------------------------------------------------------

def cpu(server):
    return {thread: server.cpu(thread) for thread in THREADS}


def since(before, server):
    return {thread: server.cpu(thread) - used for thread, used in before.items()}


def spooled(server):
    """Bytes that wait in the spool."""
    line = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    line.request("GET", "/metrics", headers={"Authorization": f"Bearer {KEY}"})
    text = line.getresponse().read().decode()
    line.close()
    return next(int(float(line.split()[1])) for line in text.splitlines() if line.startswith("apus_spool_bytes "))


def settle(server, seconds=120):
    """Waits until the spool is empty."""
    deadline = time.monotonic() + seconds
    while spooled(server) and time.monotonic() < deadline:
        time.sleep(0.05)
