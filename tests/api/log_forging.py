"""Forged lines of the log (promise O6): texts that would end a line, begin another, or break out of
their quotes, in everything that a caller can send. Each line stays one line of its format."""

import re
from urllib.parse import quote

import slots
from tenants import ALL, PASSWORD
from world import exchange

FORGED = [
    "x\r\n2026-01-01T00:00:00.000Z error FORGED",
    "x\n2026-01-01T00:00:00.000Z info FORGED a=1",
    "x\r2026-01-01T00:00:00.000Z info FORGED",
    "x\u00852026-01-01T00:00:00.000Z info FORGED",
    "x\u20282026-01-01T00:00:00.000Z info FORGED",
    "x\u2029FORGED",
    "x\x0b\x0cFORGED",
    "x\x00FORGED",
    'x\n{"ts":"2026-01-01T00:00:00.000Z","level":"error","message":"FORGED"}',
    'x","level":"error","message":"FORGED',
    'x"},{"message":"FORGED',
    'x\\","message":"FORGED',
    'x" level=error message=FORGED forged="',
    "x level=error status=200 forged=FORGED",
    "x\\",
    'x\\" forged="FORGED',
    "\x1b[2J\x1b[1;31mFORGED\x1b[0m",
    "\x1b]0;FORGED\x07",
    "\u009b31mFORGED",
    "\x08\x08\x08FORGED",
    "\u202eDEGROF",
    "\u2066FORGED\u2069",
    "\x7fFORGED",
    "%0d%0aFORGED",
    "%n%s%s FORGED",
    "{} {0} FORGED",
    "${jndi:ldap://127.0.0.1/FORGED}",
    "\U0001f600FORGED",
    "FORGED" * 200,
]
# What one line may say beside its message.
FIELDS = {"method", "route", "status", "ms", "request_id", "user", "caller", "address"}
PAIR = re.compile(r' ([a-z_]+)=("(?:[^"\\]|\\.)*"|[^ "=]*)')


class LogForging:
    def __init__(self, world, findings):
        self.world, self.findings, self.asked = world, findings, 0
        self.key = world.key("acme", ALL)["key"]
        self.client = world.client(self.key)
        self.users = 0

    def call(self, method, target, body=None, headers=(), token=None):
        self.asked += 1
        answer = self.client.call(method, target, body, headers, token=token)
        if answer.status >= 500:
            self.findings.add(
                f"log forging: {method} {target[:60]} {answer.status}", str(body)[:300]
            )
        return answer

    def bodies(self, text):
        plan = {
            "name": text,
            "original_prompt": text,
            "plan_json": {
                "steps": [
                    {
                        "provider": "logic",
                        "action": "fail",
                        "params": {"message": text, "code": "forged"},
                    }
                ]
            },
        }
        made = self.call("POST", "/api/plans", plan)
        if made.status == 201:
            self.call("POST", "/api/runs", {"plan_id": made.json()["id"], "inputs": {text: text}})
            self.call(
                "POST",
                f"/api/plans/{made.json()['id']}/schedule",
                {"cron_expression": "* * * * *", "inputs": {"x": text}},
            )
        self.call("POST", "/api/execute?wait=2", {"plan": {"name": text, "steps": [slots.SET]}})
        for body in (
            {"plan_id": text},
            {text: text},
            {"plan": {"steps": [{"id": text, **slots.SET}]}},
            {"plan": {"steps": [{"provider": text, "action": text}]}},
        ):
            self.call("POST", "/api/runs", body)
        self.call(
            "POST",
            "/api/execute-step?wait=2",
            {"provider": "http", "action": "get", "params": {"url": "http://127.0.0.1:1/" + text}},
        )
        self.call("POST", "/api/execute-step?wait=2", {**slots.SET, "connection": text})
        self.call("POST", "/api/keys", {"name": text, "scopes": "read"})
        self.call("POST", "/api/keys", {"name": "x", "scopes": text, "expires_in": text})
        for name in ("connection", "type", "value"):
            body = {"connection": "c", "type": "api_key", "value": "v12345678", name: text}
            self.call("POST", "/api/provider-credentials/openai", body)
        self.call("POST", "/api/keyring/rotate", {"cursor": text}, token=self.world.operator_token)
        self.call("POST", "/api/session", {"name": text, "password": PASSWORD}, token="")

    def addresses(self, text):
        part = quote(text)[:6000]
        for path in (
            f"/api/plans/{part}",
            f"/api/runs/{part}",
            f"/api/runs/{part}/events",
            f"/{part}",
            f"/api/providers/{part}",
            f"/api/plans?status={part}",
            f"/api/plans?{part}=1",
            f"/api/plans?cursor={part}",
            f"/api/runs?plan_id={part}",
            f"/?token={part}",
            f"/api/plans?user_id={part}",
        ):
            self.call("GET", path)
        for path in (
            f"/api/keyring/{part}",
            f"/api/users/{part}",
            f"/api/keys/{part}",
            f"/api/provider-credentials/openai/{part}?connection={part}",
        ):
            self.call("DELETE", path, token=self.world.operator_token)

    def headers(self, text):
        """As bytes: no client would send them."""
        value = text.encode("utf-8", "surrogatepass")
        for name in (
            b"User-Agent",
            b"X-Request-Id",
            b"Referer",
            b"X-Forwarded-For",
            b"Cookie",
            b"Idempotency-Key",
            b"Last-Event-ID",
            b"Host",
            b"Origin",
            b"Authorization",
        ):
            self.asked += 1
            exchange(
                self.world.port,
                b"GET /api/plans HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer "
                + self.key.encode()
                + b"\r\n"
                + name
                + b": "
                + value
                + b"\r\n\r\n",
            )
        for line in (
            value + b" /api/plans HTTP/1.1",
            b"GET /" + value + b" HTTP/1.1",
            b"GET /api/plans " + value,
            b"GET /api/plans?x=\xff\xfe" + value + b" HTTP/1.1",
        ):
            self.asked += 1
            exchange(self.world.port, line + b"\r\nHost: x\r\n\r\n")

    def user(self, text):
        """Its id stands in the lines of its requests, if there may be such a user."""
        name = f"{text[:150]}{self.users}"
        self.users += 1
        made = self.call("POST", "/api/users", {"id": name}, token=self.world.operator_token)
        if made.status != 201:
            return
        key = self.call(
            "POST",
            "/api/keys",
            {"name": "k", "scopes": ALL, "user": name},
            token=self.world.operator_token,
        )
        if key.status == 201:
            answer = self.call("GET", "/api/session", token=key.json()["key"])
            if answer.status != 200 or answer.json()["user"] != name:
                self.findings.add("a user with an odd id is somebody else", answer.text()[:300])

    def judge(self, lines):
        """Well-formed they are (World.stop has looked); do they say only what the server means?"""
        held = 0
        for line in lines:
            held += "FORGED" in str(line)
            if isinstance(line, str):
                self._judge_text(line)
            else:
                self._judge_object(line)
        if held < 3:
            self.findings.add("hardly anything forged came into the log: the test is blind", held)

    def _judge_text(self, line):
        _, _, rest = line.split(" ", 2)
        if rest.startswith("FORGED"):
            self.findings.add("a forged line in the log", line[:500])
        if rest.startswith("request "):
            names = [name for name, _ in PAIR.findall(rest[7:])]
            if PAIR.sub("", rest[7:]) != "" or len(names) != len(set(names)) or set(names) - FIELDS:
                self.findings.add("forged fields in a line of the log", line[:500])

    def _judge_object(self, entry):
        more = set(entry) - FIELDS - {"ts", "level", "message"}
        if (
            more
            or str(entry["message"]).startswith("FORGED")
            or entry["ts"].startswith("2026-01-01")
        ):
            self.findings.add("a forged entry in the log", str(entry)[:500])


def check(world, findings):
    test = LogForging(world, findings)
    for text in FORGED:
        for part in (test.bodies, test.addresses, test.headers, test.user):
            part(text)
    test.judge(world.stop(findings))
    return test.asked
