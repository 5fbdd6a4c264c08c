"""Tenants that own one of everything, each with words that stand nowhere else (canaries), so that
one of them in somebody else's answer is found."""

import json
import re
import secrets

SCOPES = ["read", "run", "write", "credentials", "admin", "act-as"]
ALL = ",".join(SCOPES)
PASSWORD = "correct horse battery"
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")


def plain(text, *values):
    """`text` without what differs from one request to the next, and without `values`."""
    for value in values:
        if value:
            text = text.replace(value, "<id>")
            text = text.replace(json.dumps(value)[1:-1], "<id>")
            text = text.replace(json.dumps(value, ensure_ascii=False)[1:-1], "<id>")
    text = TIME.sub("<time>", UUID.sub("<uuid>", text))
    text = re.sub(r'"request_id":"[^"]*"', '"request_id":"<uuid>"', text)
    text = re.sub(r'"latency_ms":\d+', '"latency_ms":0', text)
    text = re.sub(r'"key":"pk_[^"]*"', '"key":"<key>"', text)
    text = re.sub(r'"version":\d+', '"version":0', text)
    return re.sub(r'"prefix":"pk_[^"]*"', '"prefix":"<prefix>"', text)


def random_like(value):
    """Another value of the same look: the same time in a UUID, the same length otherwise."""
    if UUID.fullmatch(value):
        tail = secrets.token_hex(9)
        return f"{value[:14]}7{tail[:3]}-a{tail[3:6]}-{tail[6:]}"
    head, dot, _ = value.rpartition(".")
    rest = len(value) - len(head) - len(dot)
    return head + dot + secrets.token_hex(rest)[:rest]


class Tenant:
    def __init__(self, world, user):
        self.world, self.user = world, user
        self.canaries = {}
        operator = world.client(world.operator_token)
        self.key = world.key(user, ALL, name=self.canary("key"))["key"]
        self.client = world.client(self.key)
        answer = operator.call(
            "PUT",
            f"/api/users/{user}",
            {"password": PASSWORD, "email": self.canary("mail") + "@example.com"},
        )
        assert answer.status == 200, answer.text()
        self._make()

    def canary(self, what):
        self.canaries.setdefault(what, f"cnr{what}{secrets.token_hex(6)}")
        return self.canaries[what]

    def must(self, method, target, body=None, headers=()):
        answer = self.client.call(method, target, body, headers)
        assert answer.status < 300, f"{method} {target}: {answer.status} {answer.text()}"
        return answer.json()

    def plan(self, name=None):
        return {
            "name": name or self.canary("plan"),
            "original_prompt": self.canary("prompt"),
            "plan_json": {
                "steps": [
                    {"provider": "logic", "action": "set", "params": {"x": self.canary("output")}}
                ]
            },
        }

    def _make(self):
        self.ids = {
            "plan": self.fresh("plan"),
            "run": self.fresh("run"),
            "key": self.fresh("key"),
            "user": self.fresh("user"),
            "integration": self.fresh("integration"),
            "connection": self.canary("conn"),
            "type": self.canary("type"),
            "tenant": self.user,
        }
        plan = self.ids["plan"]
        self.must("PUT", f"/api/plans/{plan}", {"name": self.canary("version")})
        self.must(
            "POST",
            f"/api/plans/{plan}/schedule",
            {"cron_expression": "0 7 1 1 *", "inputs": {"s": self.canary("schedule")}},
        )
        for inputs in ({}, {"i": self.canary("input")}):
            self.ids["done"] = self.must(
                "POST", "/api/execute", {"plan_id": plan, "inputs": inputs}
            )["run_id"]
        self.must(
            "POST",
            "/api/execute",
            {
                "plan": {
                    "name": self.canary("failed"),
                    "steps": [
                        {
                            "provider": "logic",
                            "action": "fail",
                            "params": {"message": self.canary("error")},
                        }
                    ],
                }
            },
        )
        self._set_credentials()
        session = self.world.client().call(
            "POST", "/api/session", {"name": self.user, "password": PASSWORD}
        )
        assert session.status == 201, session.text()
        self.cookie = session.header("Set-Cookie").split(";")[0]
        who = self.world.client().call("GET", "/api/session", headers=[("Cookie", self.cookie)])
        self.callers = {who.json()["id"], self.must("GET", "/api/session")["id"]}
        self.client.call(
            "GET",
            "/api/plans?user_id=nobody",  # refused: a row of the audit log
            headers=[("X-Request-Id", self.canary("audit"))],
        )

    def _set_credentials(self):
        for connection in ("default", self.ids["connection"]):
            self.must(
                "POST",
                "/api/provider-credentials/custom_api",
                {
                    "connection": connection,
                    "credentials": {
                        self.ids["type"]: self.canary("secret"),
                        "api_key": self.canary("secret"),
                        "base_url": "http://127.0.0.1:1",
                    },
                },
            )

    def fresh(self, kind):
        """A new thing of that kind; its id."""
        if kind == "plan":
            return self.must("POST", "/api/plans", self.plan())["id"]
        if kind == "run":  # it waits, so that it can be cancelled and followed
            return self.must(
                "POST",
                "/api/runs",
                {
                    "plan": {
                        "name": self.canary("waiting"),
                        "steps": [
                            {
                                "provider": "logic",
                                "action": "set",
                                "params": {"x": self.canary("first")},
                            },
                            {"provider": "logic", "action": "wait", "params": {"duration": "20d"}},
                        ],
                    },
                    "inputs": {"w": self.canary("waits")},
                },
            )["run_id"]
        if kind == "key":
            return self.must("POST", "/api/keys", {"name": self.canary("spare"), "scopes": "read"})[
                "id"
            ]
        if kind == "user":
            return self.must(
                "POST",
                "/api/users",
                {"id": f"{self.user}.{self.canary('sub')}{secrets.token_hex(3)}"},
            )["user"]["id"]
        if kind == "integration":
            made = self.must(
                "POST",
                "/api/custom-integrations",
                {
                    "name": f"own_{secrets.token_hex(6)}",
                    "display_name": self.canary("integration"),
                    "base_url": "https://127.0.0.1:9",
                    "actions": [{"action_id": "x", "endpoint": "/" + self.canary("endpoint")}],
                },
            )["id"]
            self.must(
                "POST",
                f"/api/custom-integrations/{made}/credentials",
                {"type": "api_key", "value": self.canary("secret")},
            )
            return made
        if kind in ("connection", "type"):
            self._set_credentials()
        return self.ids[kind]

    def everything(self):
        """What the tenant sees, as one text; what goes on by itself is left out."""
        plan, run, done = self.ids["plan"], self.ids["run"], self.ids["done"]
        parts = []
        for target in [
            f"/api/plans/{plan}",
            f"/api/plans/{plan}/versions",
            f"/api/plans/{plan}/schedule",
            f"/api/runs/{run}",
            f"/api/runs/{done}",
            "/api/plans?limit=500",
            "/api/runs?limit=500",
            "/api/execution-logs?limit=500",
            "/api/scheduler/jobs?limit=500",
            "/api/provider-credentials",
            "/api/custom-integrations?limit=500",
            "/api/keys?limit=500",
            "/api/users?limit=500",
        ]:
            answer = self.client.call("GET", target)
            parts.append(f"{target} {answer.status} {answer.text()}")
        text = "\n".join(parts)
        return re.sub(r'"(last_used_at|upcoming)":("[^"]*"|null|\[[^]]*\])', "", text)

    def audit(self):
        return self.must("GET", "/api/audit?limit=500")["entries"]

    def cursors(self, document):
        """next_cursor of each list that has more than one page."""
        out = {}
        for operation in document.operations:
            if "cursor" in operation.names("query"):
                answer = self.client.call("GET", operation.path + "?limit=1")
                body = answer.json() if answer.status == 200 else {}
                if body.get("next_cursor"):
                    out[operation.id] = body["next_cursor"]
        return out

    def words_in(self, answer, sent=""):
        """Canaries that an answer holds although the request did not."""
        text = answer.text() + " " + repr(answer.headers)
        return [what for what, word in self.canaries.items() if word in text and word not in sent]
