"""What the parts of `run` share: servers in a temporary folder, loads, tables."""
import contextlib
import json
import os
import pathlib
import socket
import statistics
import subprocess
import sys
import time

HOME = pathlib.Path(__file__).resolve().parent
PROGRAM = HOME.parent / ".build" / "release" / "apus"
KEY = "sk-bench-1234"
SPARE = 120  # descriptors of a proxy beside its clients and upstreams: libraries, listeners, logs, what it keeps back
os.environ["PATH"] += ":/usr/sbin"


# --- Processes ---------------------------------------------------------------------------------------------------

class Server:
    """A running program on a port."""

    def __init__(self, bench, name, command, port, env=None):
        self.name, self.port = name, port
        self.log = open(bench.folder / f"{name}-{port}.log", "ab")
        self.process = subprocess.Popen([str(w) for w in command], stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log, env=env)
        bench.servers.append(self)

    def wait(self):
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                break
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
                return self
            time.sleep(0.01)
        sys.exit(f"{self.name} did not start:\n{pathlib.Path(self.log.name).read_text()}")

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.log.close()

    def tree(self):
        """The process and its children, as folders of /proc."""
        ids = [self.process.pid]
        for pid in ids:
            for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
                ids += [int(child) for child in (task / "children").read_text().split()]
        return [pathlib.Path(f"/proc/{pid}") for pid in ids]

    def cpu(self, thread=None):
        """Microseconds of CPU until now, of all threads or of those with this name."""
        total = 0
        for folder in self.tree():
            for task in (folder / "task").iterdir():
                with contextlib.suppress(FileNotFoundError):
                    if thread is None or (task / "comm").read_text().strip() == thread:
                        total += cpu_of(task)
        return total

    def memory(self, member):
        """KiB of the whole tree: Pss or Rss."""
        total = 0
        for folder in self.tree():
            for line in (folder / "smaps_rollup").read_text().splitlines():
                if line.startswith(member + ":"):
                    total += int(line.split()[1])
        return total


def cpu_of(task):
    """Microseconds: from schedstat (exact), else from stat (hundredths of a second)."""
    with contextlib.suppress(FileNotFoundError):
        return int((task / "schedstat").read_text().split()[0]) / 1000
    fields = (task / "stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) * 1e6 / os.sysconf("SC_CLK_TCK")


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Bench:
    """The temporary folder, the compiled tools, and the servers under test."""

    def __init__(self, options, folder):
        self.options, self.folder, self.servers = options, folder, []
        for tool in ("mock", "sseload", "openload") if options.parts != ["export"] else ():
            subprocess.run(["cc", "-O2", "-o", folder / tool, HOME / f"{tool}.c", "-lm"], check=True)

    def stop(self, *servers):
        for server in servers or self.servers:
            server.stop()
        self.servers = [s for s in self.servers if s.process.poll() is None]

    def mock(self, interval_ms, chunks, varied_bytes=0):
        port = free_port()
        return Server(self, "mock", [self.folder / "mock", port, interval_ms, chunks, varied_bytes], port).wait()

    def nginx(self, upstream, tls=None, name="nginx", listen=""):
        port = free_port()
        root = self.folder / f"{name}-{port}"
        root.mkdir()
        temp = "".join(f"{kind}_temp_path {root}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        certificates = f"ssl_certificate {self.folder}/server.pem; ssl_certificate_key {self.folder}/server.key;" if "ssl" in listen else ""
        trust = f"proxy_ssl_trusted_certificate {self.folder}/ca.pem; proxy_ssl_verify on; proxy_ssl_name localhost;" if tls else ""
        config = root / "nginx.conf"
        config.write_text(f"""
            daemon off; worker_processes 1; worker_rlimit_nofile {self.options.descriptors}; pid {root}/pid; error_log stderr error;
            {"user root;" if os.geteuid() == 0 else ""}
            # nginx closes waiting clients when a sixteenth of these is left: more than there are descriptors.
            events {{ worker_connections {self.options.descriptors * 2}; }}
            http {{
              access_log off; {temp} keepalive_requests 1000000000;
              upstream mock {{ server 127.0.0.1:{upstream.port}; keepalive 2048; keepalive_requests 1000000000; }}
              server {{
                listen 127.0.0.1:{port} backlog=4096 {listen};
                {certificates}
                location / {{
                  proxy_pass {"https" if tls else "http"}://mock; {trust}
                  proxy_http_version 1.1; proxy_set_header Connection ""; proxy_buffering off; proxy_read_timeout 1h;
                }}
              }}
            }}""")
        return Server(self, name, ["nginx", "-e", "stderr", "-p", root, "-c", config], port).wait()

    def haproxy(self, upstream, tls=None):
        port = free_port()
        config = self.folder / f"haproxy-{port}.cfg"
        secure = f"ssl verify required ca-file {self.folder}/ca.pem sni str(localhost) alpn {tls}" if tls else ""
        config.write_text(f"""
global
  nbthread 1
  maxconn {self.options.descriptors // 2 - SPARE // 4}
defaults
  mode http
  option http-no-delay
  http-reuse always
  timeout connect 10s
  timeout client 1h
  timeout server 1h
frontend in
  bind 127.0.0.1:{port} backlog 4096
  default_backend up
backend up
  server mock 127.0.0.1:{upstream.port} pool-max-conn 4096 {secure}
""")
        return Server(self, "haproxy", ["haproxy", "-db", "-q", "-f", config], port).wait()

    def apus_config(self, upstream, tls=None, record=True, archive=None):
        """A folder with the config; its port."""
        port = free_port()
        root = self.folder / f"apus-{port}"
        root.mkdir()
        provider = {"name": "local", "wire": "openai-chat", "key": "none", "models": ["gpt-4o-mini", "gpt-4o"],
                    "base_url": f"https://localhost:{upstream.port}/v1" if tls else f"http://127.0.0.1:{upstream.port}/v1"}
        if tls:
            provider["tls"] = {"ca": str(self.folder / "ca.pem")}
        (root / "apus.yaml").write_text(json.dumps({  # YAML takes JSON
            "server": {"listen": [f"127.0.0.1:{port}"], "loops": 1, "limits": {"connections": 60000}},
            "keys": [{"name": "bench", "key": KEY}], "providers": [provider], "log": {"level": "warning"},
            "record": {"spool_limit": "16GiB", **({"archive": archive} if archive else {})} if record else "off"}))
        return root, port

    def apus(self, upstream, tls=None, record=True):
        root, port = self.apus_config(upstream, tls, record)
        return Server(self, "apus", [PROGRAM, "serve", "--config", root / "apus.yaml"], port, env=self.environment()).wait()

    @staticmethod
    def environment():
        """Without credentials, so that no provider but the bench's own is on."""
        return {k: v for k, v in os.environ.items() if not k.endswith(("_API_KEY", "_TOKEN"))}

    def wrk(self, port, seconds, wire="chat", size=1000):
        out = subprocess.run(
            ["wrk", "-t1", "-c64", f"-d{seconds}s", "-s", HOME / "chat.lua", f"http://127.0.0.1:{port}/", "--", wire, str(size)],
            check=True, capture_output=True, text=True, timeout=seconds + 60).stdout
        return json.loads(out.strip().splitlines()[-1])

    def certificates(self):
        """A CA of its own and a certificate of it for localhost."""
        def openssl(*words):
            subprocess.run(["openssl", *words], check=True, capture_output=True, cwd=self.folder)
        (self.folder / "san").write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
        curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
        openssl("req", "-x509", *curve, "-keyout", "ca.key", "-out", "ca.pem", "-days", "2", "-subj", "/CN=Apus bench CA")
        openssl("req", *curve, "-keyout", "server.key", "-out", "server.csr", "-subj", "/CN=localhost")
        openssl("x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-out", "server.pem",
                "-days", "2", "-extfile", "san")


# --- Tables ------------------------------------------------------------------------------------------------------

def table(title, columns, rows, note=""):
    """Prints rows of texts under a title."""
    lines = [columns] + [[cell if isinstance(cell, str) else f"{cell:.2f}" for cell in row] for row in rows]
    widths = [max(len(line[i]) for line in lines) for i in range(len(columns))]
    print(f"\n{title}")
    for line in lines:
        print("  " + line[0].ljust(widths[0]) + "".join("  " + c.rjust(w) for c, w in zip(line[1:], widths[1:])))
    if note:
        print("  " + note)
    sys.stdout.flush()


def ratio(value, base):
    return f"{value / base:.2f}x" if base else "-"


def fill(lists, key, value):
    lists.setdefault(key, []).append(value)


def medians(lists):
    return {key: statistics.median(values) for key, values in lists.items()}
