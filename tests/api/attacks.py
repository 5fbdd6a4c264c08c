"""Attacks on a running server: SQL in every parameter (promise E7), paths that climb (O1), what
those hear who are not known (O5), and forged lines of the log (O6). See docs/testing.md."""

import os
import re
import sys
import time

import document as api_document
import log_forging
import nasty
import slots
from tenants import Tenant, plain
from world import Findings, World, arguments

# What a letter or digit of a payload becomes in its harmless twin.
TWIN = {
    **{c: "q" for c in "abcdefghijklmnopqrstuvwxyz"},
    **{c: "7" for c in "0123456789"},
    **{c: "Q" for c in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"},
}
PAIRS = [
    ("' OR '1'='1", "' OR '1'='2"),
    ("' AND '1'='1", "' AND '1'='2"),
    (" OR 1=1", " OR 1=2"),
    ("') OR ('1'='1", "') OR ('1'='2"),
    ("'||'", "'|x'"),
    ("%", "#"),
    ("_", "-"),
    ("' --", "' -q"),
    ("\\' OR 1=1 --", "\\' OR 1=2 --"),
]
PLAN_MEMBERS = [
    "name",
    "status",
    "original_prompt",
    "plain_english_steps",
    "trigger",
    "description",
]
FILES = re.compile(rb"root:[x*]:0:|\[boot loader\]|SQLite format 3|BEGIN [A-Z ]*PRIVATE KEY")


NAMES = ("name", "display_name")


class Attacks:
    def __init__(self, world, findings, full):
        self.world, self.findings, self.asked, self.full = world, findings, 0, full
        self.place = 0
        self.tenant = Tenant(world, "acme")
        self.client = self.tenant.client
        self.document = api_document.fetch(self.client)
        with open(os.path.join(world.data_dir, "pilot.key"), encoding="utf-8") as file:
            self.secrets = [world.operator_token] + [
                word for word in re.split(r"[\s,]+", file.read()) if len(word) >= 40
            ]
        self.files = self._files()

    def _files(self):
        """Names below the data directory; those of SQLite beside its file come and go."""
        return sorted(
            name
            for _, folders, files in os.walk(self.world.dir)
            for name in folders + files
            if not name.endswith(("-wal", "-shm", "-journal"))
        )

    def ask(self, request, token=None, limit=1.0):
        method, target, body, headers = request
        told = f"{method} {target[:600]} {body!r:.600} {headers!r:.300}"
        answer = self.client.call(method, target, body, headers, token=token)
        if answer.took > limit:  # once more: the machine may have been busy
            answer = self.client.call(method, target, body, headers, token=token)
        self.asked += 1
        if answer.took > limit:
            self.findings.add("an answer takes long", f"{answer.took:.1f} s: {told}")
        for fault in self.document.faults(
            method, target, answer, api_document.text_of(target, body, headers)
        ):
            self.findings.add(fault, f"{told}\n  -> {answer.status} {answer.text()[:500]}")
        if FILES.search(answer.body) or any(one in answer.text() for one in self.secrets):
            self.findings.add(
                "a file or a secret in an answer", f"{told}\n  -> {answer.text()[:500]}"
            )
        return answer

    # E7
    def places(self, operation):
        """Each parameter: a function from its value to a request."""
        out = []
        values = self.tenant.ids
        for name in operation.names("path"):
            out.append(
                (
                    f"path {name}",
                    lambda v, n=name: slots.build(
                        operation, values, slot=slots.Slot("path", n, ""), value=v
                    ),
                )
            )
        for name in operation.names("query"):
            out.append(
                (
                    f"query {name}",
                    lambda v, n=name: slots.build(
                        operation, values, slot=slots.Slot("query", n, ""), value=v
                    ),
                )
            )
        schema = self.document.resolve(operation.body or {})
        members = list(schema.get("properties", {})) or (PLAN_MEMBERS if operation.body else [])
        for name in members:
            if name not in ("plan", "plan_json"):
                out.append(
                    (
                        f"body {name}",
                        lambda v, n=name: slots.build(
                            operation, values, slot=slots.Slot("body", n, ""), value=v
                        ),
                    )
                )
        return out

    def sql(self):
        # First what removes: there is nothing yet that is called like a payload.
        for operation in sorted(self.document.operations, key=lambda one: one.method != "DELETE"):
            if operation.id in ("sign_in", "front_page"):
                continue
            for place, build in self.places(operation):
                if "wait" in place and "path" not in place:
                    continue  # digits in it are seconds
                self.place += 1
                few = nasty.SQL if self.full else nasty.SQL[self.place % 4 :: 4]
                for payload in few:
                    twin = "".join(TWIN.get(c, c) for c in payload)
                    self._same(operation, place, build, payload, twin)
                mine = self._mine(place, operation)
                for true, false in PAIRS:
                    self._same(operation, place, build, mine + true, mine + false)
        self._sql_in_headers()
        self._sign_in()

    def _mine(self, place, operation):
        """What the payload is hung on: an id that is there, so that a condition would decide."""
        name = place.split()[1]
        if place.startswith("path") and name == "id":
            return self.tenant.ids.get(slots.path_kind(operation, name), "x")
        return {
            "plan_id": self.tenant.ids["plan"],
            "run_id": self.tenant.ids["done"],
            "user_id": "acme",
            "connection": "default",
            "status": "success",
        }.get(name, "x")

    def _same(self, operation, place, build, payload, twin):
        # A name is checked and unique: of twins one is refused by its letters, or the second by the
        # first. update_custom_integration takes the same members.
        if operation.id == "create_custom_integration" or (
            operation.id == "update_custom_integration" and place.split()[-1] in NAMES
        ):
            return
        seen = []
        for value in (payload, twin):
            answer = self.ask(build(value))
            body = answer.json() if isinstance(answer.json(), dict) else {}
            if answer.status >= 400:
                seen.append((answer.status, answer.code, body.get("pointer")))
            else:
                # How long a list is tells most; what a row holds besides is the value itself.
                rows = [len(part) for part in body.values() if isinstance(part, list)]
                seen.append((answer.status, sorted(body), rows if operation.method == "GET" else 0))
            if answer.status < 300 and place.startswith("path"):
                self.findings.add(f"{operation.id}: an id with SQL in it is there ({place})", value)
        if seen[0] != seen[1]:
            self.findings.add(
                f"{operation.id}: SQL changes the answer ({place})",
                f"{payload!r}: {seen[0]}\n  {twin!r}: {seen[1]}",
            )

    def _sql_in_headers(self):
        run = {"plan": {"name": "x", "steps": [slots.SET]}}
        for payload in nasty.SQL:
            value = payload.replace("\n", " ")
            for name, request in (
                ("Idempotency-Key", ("POST", "/api/runs", run)),
                ("X-Request-Id", ("GET", "/api/plans?limit=1", None)),
                ("User-Agent", ("GET", "/api/plans?limit=1", None)),
                ("Last-Event-ID", ("GET", f"/api/runs/{self.tenant.ids['done']}/events", None)),
                ("Referer", ("GET", "/api/session", None)),
                ("Accept-Language", ("GET", "/api/session", None)),
                ("X-Forwarded-For", ("GET", "/api/session", None)),
            ):
                answer = self.ask((*request, [(name, value)]))
                if answer.status >= 400 and answer.code not in ("invalid_header", "invalid_value"):
                    self.findings.add(f"SQL in {name}: {answer.status} {answer.code}", value)
            for headers in (
                [("Authorization", "Bearer " + value)],
                [("Authorization", f"Bearer {self.tenant.key}{value}")],
                [("Cookie", "pilot_session=" + value.replace(";", ""))],
                [("Cookie", self.tenant.cookie + value.replace(";", ""))],
            ):
                answer = self.ask(("GET", "/api/session", None, headers), token="")
                if answer.status != 401:
                    self.findings.add(f"SQL as {headers[0][0]}: {answer.status}", value)

    def _sign_in(self):
        """Few: past ten tries the answer is 429."""
        for name, password in (
            ("acme' --", "x"),
            ("' OR '1'='1", "' OR '1'='1"),
            ("acme", "' OR ''='"),
            ("acme' AND pg_sleep(5)::text='", "x"),
            ("%", "%"),
            ("acm_", "x"),
        ):
            answer = self.ask(
                ("POST", "/api/session", {"name": name, "password": password}, []),
                token="",
                limit=2,
            )
            if answer.status not in (401, 429):
                self.findings.add("signed in by SQL", f"{name} {password}: {answer.status}")

    # O1
    def traversal(self):
        for operation in self.document.operations:
            if not operation.path.startswith("/api") or operation.id == "sign_in":
                continue
            whole = slots.build(
                operation,
                {"plan": "p", "run": "r", "key": "k", "user": "u", "type": "t", "ring": "k"},
            )
            parts = whole[1].split("?")[0].split("/")
            for at in range(1, len(parts)):
                for payload in nasty.TRAVERSAL + nasty.RAW_PARTS:
                    for spelt in {
                        api_document.encode(payload),
                        payload if payload.isascii() else "x",
                    }:
                        if re.search(r"[\x00-\x20\\]", spelt):
                            continue  # no request line; tests of the raw bytes have those
                        path = "/".join(parts[:at] + [spelt] + parts[at + 1 :])
                        self._climb(operation, (whole[0], path, whole[2], []))
        for payload in nasty.TRAVERSAL:
            for request in (
                (
                    "POST",
                    "/api/provider-credentials/openai",
                    {"connection": payload, "type": "api_key", "value": "v12345678"},
                    [],
                ),
                ("POST", "/api/plans", {"name": payload, "steps": [slots.SET]}, []),
                ("POST", "/api/runs", {"plan_id": payload}, []),
                ("POST", "/api/execute-step?wait=2", {"provider": payload, "action": "x"}, []),
                ("POST", "/api/execute-step?wait=2", {"provider": "logic", "action": payload}, []),
                ("POST", "/api/plans/validate", {"steps": [{**slots.SET, "id": payload}]}, []),
                (
                    "POST",
                    f"/api/plans/{self.tenant.ids['plan']}/schedule",
                    {"cron_expression": "0 7 * * *", "timezone": payload},
                    [],
                ),
            ):
                answer = self.ask(request, limit=3)
                if "timezone" in (request[2] or {}) and answer.status != 422:
                    self.findings.add(
                        "a path is taken for a time zone", f"{payload}: {answer.status}"
                    )
        if self._files() != self.files:
            self.findings.add(
                "files have come or gone in the data directory",
                f"{self.files}\n  now {self._files()}",
            )

    def _climb(self, operation, request):
        answer = self.ask(request)
        # A part that is left out or doubled may lead to another route that is there.
        same = self.document.find(request[0], request[1])
        if answer.status < 300 and (same is None or ".." in request[1]):
            self.findings.add(
                f"{operation.id}: a path that climbs leads somewhere",
                f"{request[:2]} -> {answer.status} {answer.text()[:300]}",
            )

    # O5
    def strangers(self):
        told = {
            "/healthz": None,
            "/readyz": None,
            "/": None,
            "/api/health": {"status", "version", "database", "timestamp"},
        }
        words = list(self.tenant.canaries.values()) + ["acme", self.tenant.key[:8]]
        for method in ("GET", "HEAD"):
            for token in ("", "pk_" + "A" * 43, self.tenant.key[:-1]):
                for path in (
                    *told,
                    "/api/monitoring/status",
                    "/metrics",
                    "/api/metrics",
                    "/debug",
                    "/api/openapi.json",
                    "/api/nodes",
                    "/status",
                    "/api/version",
                    "/version",
                    "/api/unknown",
                    "/server-status",
                    "/api/plans",
                    "/favicon.ico",
                ):
                    answer = self.ask((method, path, None, []), token=token)
                    self._judge_stranger(path, answer, told, words)
        shapes = {
            plain(self.client.call("GET", path, token="").text())
            for path in (
                "/metrics",
                "/api/plans",
                "/api/unknown",
                "/api/monitoring/status",
                f"/api/plans/{self.tenant.ids['plan']}",
            )
        }
        if len(shapes) != 1:
            self.findings.add("who is not known learns which paths there are", str(shapes))

    def _judge_stranger(self, path, answer, told, words):
        if (answer.status == 200) != (path in told):
            self.findings.add(f"{path} answers {answer.status} to a stranger", answer.text()[:300])
        if any(word in answer.text() for word in words):
            self.findings.add(f"{path} names a tenant to a stranger", answer.text()[:300])
        for name in ("Server", "X-Powered-By", "Via", "X-Version"):
            if answer.header(name):
                self.findings.add(f"the header {name}", answer.header(name))
        version = re.search(r"\d+\.\d+\.\d+", answer.text())
        if version and path != "/api/health":
            self.findings.add(f"{path} tells a version to a stranger", answer.text()[:300])
        body = answer.json()
        if path == "/api/health" and isinstance(body, dict):
            more = set(body) - told[path]
            more |= set(body["database"]) - {"kind", "status", "schema_version", "bytes"}
            if more:
                self.findings.add("/api/health tells more than docs/api.md says", str(more))


def main():
    parser = arguments(__doc__)
    parser.add_argument("--only", choices=["sql", "traversal", "strangers", "log"])
    parser.add_argument("--full", action="store_true", help="all SQL in all places, not a quarter")
    options = parser.parse_args()
    print(f"attacks: store {options.store}", flush=True)
    began, findings, asked = time.monotonic(), Findings(), 0
    if options.only != "log":
        test = Attacks(World(options.pilot, options.store), findings, options.full)
        for part in (test.sql, test.traversal, test.strangers):
            if options.only in (None, part.__name__):
                part()
                if options.verbose:
                    print(
                        f"{part.__name__}: {time.monotonic() - began:.1f} s, {test.asked} requests"
                    )
        asked = test.asked
        test.world.stop(findings)
    if options.only in (None, "log"):
        for log_format in ("text", "json"):
            asked += log_forging.check(
                World(options.pilot, options.store, log_format=log_format), findings
            )
    print(f"{asked} requests in {time.monotonic() - began:.0f} s")
    return findings.report()


if __name__ == "__main__":
    sys.exit(main())
