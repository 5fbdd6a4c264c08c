"""A real `pilot serve` for the tests of this folder: on a free port of loopback, with a data
directory of its own, on SQLite or on a PostgreSQL database of its own. Also what is asked of it
(Client), and what its log and its end must be like."""

import argparse
import atexit
import http.client
import json
import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.parse

SKIPPED = 77  # ctest's SKIP_RETURN_CODE
TEXT_LINE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z (debug|info|warn|warning|error) .+")
# What ends a line somewhere, moves the cursor or turns text round.
UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")


def arguments(about):
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--pilot", required=True, help="the binary")
    parser.add_argument("--store", choices=["sqlite", "postgres"], default="sqlite")
    parser.add_argument("--seed", type=int, help="repeats an earlier try")
    parser.add_argument("--verbose", action="store_true")
    return parser


class Findings:
    """What is wrong. One line for each kind, with the first example in full."""

    def __init__(self):
        self.kinds = {}

    def add(self, kind, example):
        if kind in self.kinds:
            self.kinds[kind][0] += 1
        else:
            self.kinds[kind] = [1, example]

    def report(self):
        for kind, (count, example) in list(self.kinds.items())[:40]:
            print(f"FAULT ({count} times): {kind}\n  {str(example)[:1500]}", flush=True)
        return 1 if self.kinds else 0


class Answer:
    def __init__(self, status, headers, body, took):
        self.status, self.headers, self.body, self.took = status, headers, body, took

    def header(self, name):
        for key, value in self.headers:
            if key.lower() == name.lower():
                return value
        return None

    def json(self):
        try:
            return json.loads(self.body)
        except ValueError:
            return None

    @property
    def code(self):
        body = self.json()
        return body.get("code") if isinstance(body, dict) and self.status >= 400 else None

    def text(self):
        return self.body.decode("utf-8", "replace")


class Client:
    """One keep-alive connection."""

    def __init__(self, port, token=None, patience=20):
        self.port, self.token, self.patience = port, token, patience
        self.connection = None

    def close(self):
        if self.connection:
            self.connection.close()
        self.connection = None

    def call(self, method, target, body=None, headers=(), token=None, stream_for=0.3):
        """`body`: bytes, or anything else to be sent as JSON. A stream of events is read for
        `stream_for` seconds. A closed keep-alive connection gets one second try."""
        given = list(headers)
        names = {name.lower() for name, _ in given}
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
        if body is not None and "content-type" not in names:
            given.append(("Content-Type", "application/json"))
        token = self.token if token is None else token
        if token and "authorization" not in names:
            given.append(("Authorization", "Bearer " + token))
        for again in (True, False):
            fresh = self.connection is None
            if fresh:
                self.connection = http.client.HTTPConnection(
                    "127.0.0.1", self.port, timeout=self.patience
                )
            try:
                return self._once(method, target, body, given, stream_for)
            except (http.client.HTTPException, OSError):
                self.close()
                if fresh or not again:
                    raise
        raise AssertionError

    def _once(self, method, target, body, headers, stream_for):
        began = time.perf_counter()
        line = self.connection
        names = {name.lower() for name, _ in headers}
        line.putrequest(method, target, skip_host="host" in names, skip_accept_encoding=True)
        for name, value in headers:
            line.putheader(name, value)
        if body is not None and "content-length" not in names:
            line.putheader("Content-Length", str(len(body)))
        line.endheaders(body)
        wire = line.sock  # the connection lets go of one that is to be closed
        response = line.getresponse()
        took = time.perf_counter() - began
        if (response.getheader("Content-Type") or "").startswith("text/event-stream"):
            content = self._stream(wire, response, stream_for)
        else:
            content = response.read()
            took = time.perf_counter() - began
            if response.will_close:
                self.close()
        return Answer(response.status, response.getheaders(), content, took)

    def _stream(self, wire, response, seconds):
        content, until = b"", time.perf_counter() + seconds
        try:
            while (left := until - time.perf_counter()) > 0:
                wire.settimeout(left)
                part = response.read1(65536)
                if not part:
                    break
                content += part
        except (OSError, http.client.HTTPException):
            pass
        self.close()
        return content


def exchange(port, data, patience=3):
    """Sends bytes as they are; all that comes until the server closes or is silent."""
    out = b""
    with socket.create_connection(("127.0.0.1", port), timeout=patience) as line:
        try:
            line.sendall(data)
            line.shutdown(socket.SHUT_WR)
            while part := line.recv(65536):
                out += part
        except OSError:
            pass
    return out


def psql(url, statement):
    subprocess.run(
        ["psql", url, "-qXc", statement],
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


class World:
    def __init__(self, pilot, store, options=(), log_format="text"):
        self.pilot, self.log_format = os.path.abspath(pilot), log_format
        self.dir = tempfile.mkdtemp(prefix="pilot-api-")
        self.data_dir = os.path.join(self.dir, "data")
        self.log_path = os.path.join(self.dir, "log")
        self.environment = {k: v for k, v in os.environ.items() if not k.startswith("PILOT_")}
        self.database = self.process = None
        atexit.register(self._clean)
        signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(1))
        if store == "postgres":
            self._make_database()
        self._start(options)

    def _make_database(self):
        self.server_url = os.environ.get("PILOT_TEST_POSTGRES", "")
        if not self.server_url:
            print("skipped: PILOT_TEST_POSTGRES names no PostgreSQL (./dev test sets it)")
            sys.exit(SKIPPED)
        self.database = "pilot_api_" + secrets.token_hex(6)
        psql(self.server_url, "CREATE DATABASE " + self.database)
        parts = urllib.parse.urlsplit(self.server_url)
        self.environment["PILOT_DATABASE_URL"] = parts._replace(path="/" + self.database).geturl()

    def _start(self, options):
        self.log = open(self.log_path, "wb")
        self.process = subprocess.Popen(
            [
                self.pilot,
                "--data-dir",
                self.data_dir,
                "--json",
                "--log-level",
                "debug",
                "--log-format",
                self.log_format,
                "serve",
                "--port",
                "0",
                "--shards",
                "2",
                "--rate-limit",
                "0",
                *options,
            ],
            stdout=subprocess.PIPE,
            stderr=self.log,
            env=self.environment,
        )
        line = self.process.stdout.readline()
        if not line:
            print("the server did not start:\n" + self.log_text()[-2000:])
            sys.exit(1)
        told = json.loads(line)
        self.port = urllib.parse.urlsplit(told["url"]).port
        self.browser_url = told["browser_url"]
        with open(os.path.join(self.data_dir, "server.json"), encoding="utf-8") as file:
            self.operator_token = json.load(file)["token"]

    def client(self, token=None):
        return Client(self.port, token)

    def key(self, user, scopes, name="key", expires=None):
        """Made by the command line, as a person would."""
        command = [
            self.pilot,
            "--data-dir",
            self.data_dir,
            "--json",
            "--user",
            user,
            "keys",
            "create",
            "--name",
            name,
            "--scopes",
            scopes,
        ]
        command += ["--expires", expires] if expires else []
        done = subprocess.run(command, env=self.environment, capture_output=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"keys create: {done.stderr.decode()}")
        return json.loads(done.stdout)

    def log_text(self):
        with open(self.log_path, "rb") as file:
            return file.read().decode("utf-8", "replace")

    def check_log(self, findings):
        """Every line is one line of its format. Returns what was read: texts, or objects."""
        with open(self.log_path, "rb") as file:
            lines = file.read().split(b"\n")
        if lines[-1] != b"":
            findings.add("the log ends in the middle of a line", lines[-1][:300])
        read = []
        for line in lines[:-1]:
            try:
                text = line.decode("utf-8")
                if self.log_format == "text":
                    fine = TEXT_LINE.fullmatch(text) is not None
                    read.append(text)
                else:
                    entry = json.loads(text)
                    fine = isinstance(entry, dict) and set(entry) >= {"ts", "level", "message"}
                    read.append(entry)
                fine = fine and not UNSAFE.search(text)
            except ValueError:
                fine = False
            if not fine:
                findings.add("a log line is not of its format", line[:500])
        return read

    def stop(self, findings):
        """It is alive; SIGTERM ends it with 0; its log is well-formed."""
        try:
            health = self.client().call("GET", "/api/health")
            if health.status != 200:
                findings.add("not healthy at the end", health.text()[:300])
        except (OSError, http.client.HTTPException) as error:
            findings.add("the server is gone", f"{error!r}\n{self.log_text()[-1500:]}")
        self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(20)
        except subprocess.TimeoutExpired:
            code = "none: still there after 20 s"
            self.process.kill()
        if code != 0:
            findings.add("SIGTERM does not end it with 0", f"{code}\n{self.log_text()[-1500:]}")
        self.log.close()
        lines = self.check_log(findings)
        if findings.kinds:
            kept = os.path.join(tempfile.gettempdir(), os.path.basename(self.dir) + ".log")
            shutil.copy(self.log_path, kept)
            print("the server's log: " + kept)
        return lines

    def _clean(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        if self.database:
            try:
                psql(self.server_url, f"DROP DATABASE {self.database} WITH (FORCE)")
            except (subprocess.CalledProcessError, OSError) as error:
                print(f"database {self.database} is still there: {error}")
        shutil.rmtree(self.dir, ignore_errors=True)
