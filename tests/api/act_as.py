"""Acting for another user (promise T8), and what a caller's user hangs on: a third tenant with
users of its own."""

import json
from urllib.parse import urlencode

import slots
from tenants import ALL, PASSWORD, plain

PLAN = {"name": "x", "steps": [slots.SET]}


class ActAs:
    def __init__(self, world, document, theirs, findings):
        self.world, self.document, self.theirs, self.findings = world, document, theirs, findings
        self.client, self.asked = world.client(), 0
        self.corp = world.key("corp", ALL)["key"]
        self.plain = world.key("corp", ALL.replace(",act-as", ""))["key"]
        self.only = world.key("corp", "act-as")["key"]
        for kid in ("corp.kid", "corp.gone"):
            self.call("POST", "/api/users", self.corp, {"id": kid})
        self.kid = self.call(
            "POST", "/api/keys", self.corp, {"name": "kid", "scopes": ALL, "user": "corp.kid"}
        ).json()["key"]
        self.call("POST", "/api/users", self.kid, {"id": "corp.kid.x"})
        self.plan = self.call("POST", "/api/plans", self.kid, {**PLAN, "name": "kids own"}).json()
        self.call("POST", "/api/plans", self.corp, {**PLAN, "name": "corps own"})

    def call(self, method, target, key, body=None, headers=()):
        answer = self.client.call(method, target, body, headers, token=key)
        self.asked += 1
        for what in self.theirs.words_in(answer, target + json.dumps(body)):
            self.findings.add(
                f"{method} {target} tells another tenant's {what}", answer.text()[:400]
            )
        return answer

    def expect(self, what, answer, status, code=None):
        if answer.status != status or (code and answer.code != code):
            self.findings.add(f"act-as: {what}", f"{answer.status} {answer.text()[:400]}")

    def whom(self):
        kids = f"/api/plans/{self.plan['id']}?user_id=corp.kid"
        self.expect("cannot act for its own user", self.call("GET", kids, self.corp), 200)
        for key, name in (
            (self.plain, "without the scope"),
            (self.only, "with nothing but it"),
            (self.theirs.key, "of another tenant"),
        ):
            code = "missing_scope" if name == "with nothing but it" else "user_mismatch"
            self.expect(f"a key {name} acts for corp.kid", self.call("GET", kids, key), 403, code)
        self.expect(
            "a user's thing is its owner's without saying for whom",
            self.call("GET", kids.split("?")[0], self.corp),
            404,
        )
        for key, user, what in (
            (self.corp, "corp.kid.x", "a user's user"),
            (self.kid, "corp", "one's owner"),
            (self.kid, "corp.gone", "a sister"),
            (self.corp, "beta", "another tenant"),
            (self.corp, "local", "the operator"),
            (self.corp, "nobody-there", "nobody"),
            (self.corp, "", "an empty name"),
            (self.corp, "CORP.KID", "a name in capitals"),
            (self.corp, "corp.kid ", "a name with a space"),
        ):
            for method, target, body in (
                ("GET", "/api/plans", None),
                ("POST", "/api/runs", {"plan": PLAN}),
                ("GET", "/api/audit", None),
                ("POST", "/api/keys", {"name": "x", "scopes": "read"}),
            ):
                where = urlencode({"user_id": user})
                self.expect(
                    f"{method} {target} acts for {what}",
                    self.call(method, f"{target}?{where}", key, body),
                    403,
                    "user_mismatch",
                )
                if body:
                    self.expect(
                        f"{method} {target} acts for {what} by the body",
                        self.call(method, target, key, {**body, "user_id": user}),
                        403,
                        "user_mismatch",
                    )
        self._same_refusal()

    def _same_refusal(self):
        """Whether somebody is there shows nowhere."""
        for method, target, body, name in (
            ("GET", "/api/plans?user_id={}", None, None),
            ("POST", "/api/runs", {"plan": PLAN}, "user_id"),
            ("POST", "/api/keys", {"name": "x", "scopes": "read"}, "user"),
            ("POST", "/api/users", {}, "owner"),
            ("POST", "/api/users", {}, "id"),
            ("POST", "/api/users", {}, "name"),
            ("PUT", "/api/users/{}", {"disabled": True}, None),
            ("DELETE", "/api/users/{}", None, None),
        ):
            seen = set()
            for user in ("beta", "acme", "local", "beta.x", "qqqq", "zzzz.y"):
                sent = {**body, name: user} if name else body
                answer = self.call(method, target.format(user), self.corp, sent)
                seen.add((answer.status, plain(answer.text(), user)))
            if len(seen) != 1:
                self.findings.add(f"{method} {target} {name or ''} tells who is there", str(seen))

    def headers(self):
        """Only Authorization says who is calling."""
        own = self.call("GET", "/api/plans", self.corp).body
        for name in (
            "X-User-Id",
            "X-Pilot-User",
            "X-User",
            "X-Act-As",
            "Act-As",
            "X-Remote-User",
            "Remote-User",
            "X-Forwarded-User",
            "User",
            "From",
            "user_id",
            "X-Tenant",
            "X-Tenant-Id",
            "X-On-Behalf-Of",
            "X-Original-User",
        ):
            for user in ("corp.kid", "beta", "local"):
                answer = self.call("GET", "/api/plans", self.corp, headers=[(name, user)])
                if answer.body != own:
                    self.findings.add(f"the header {name} changes an answer", answer.text()[:300])
        for cookie in (
            "user_id=beta",
            "pilot_session=beta",
            f"pilot_session={self.corp}",
            self.theirs.cookie,
        ):
            answer = self.call("GET", "/api/plans", self.corp, headers=[("Cookie", cookie)])
            if answer.body != own:
                self.findings.add("a cookie beside a key changes an answer", answer.text()[:300])
        for value in (
            f"Bearer {self.corp}, Bearer {self.theirs.key}",
            f"Bearer  {self.corp} x",
            f"Token {self.corp}",
            f"Basic {self.corp}",
            self.corp,
            "Bearer",
        ):
            answer = self.call("GET", "/api/plans", None, headers=[("Authorization", value)])
            self.expect("an Authorization that is none", answer, 401, "unauthenticated")
        for headers in (
            [("Cookie", self.theirs.cookie)],
            [("Cookie", self.theirs.cookie), ("X-CSRF-Token", "x")],
        ):
            answer = self.call("POST", "/api/runs", "", {"plan": PLAN}, headers)
            self.expect("a session writes without its token", answer, 403, "bad_csrf_token")

    def nested(self):
        """A user_id inside of something is data."""
        for body in (
            {"plan": {**PLAN, "user_id": "beta"}},
            {"plan": PLAN, "inputs": {"user_id": "beta"}},
            {"plan": PLAN, "trigger": {"type": "manual", "user_id": "beta"}},
            {"plan": {"name": "x", "steps": [{**slots.SET, "user_id": "beta"}]}},
        ):
            answer = self.call("POST", "/api/runs", self.corp, body)
            if (
                answer.status == 202
                and answer.json()["user_id"] != "corp"
                or answer.status not in (202, 422)
            ):
                self.findings.add("a nested user_id decides whose the run is", answer.text()[:400])
        saved = self.call(
            "POST",
            "/api/plans",
            self.corp,
            {"name": "x", "plan_json": {**PLAN, "user_id": "corp.kid"}},
        )
        if saved.status == 201 and saved.json()["plan"]["user_id"] != "corp":
            self.findings.add("a nested user_id decides whose the plan is", saved.text()[:400])

    def ends(self):
        """Disabled and removed users: nobody, and never the operator instead."""
        self.expect(
            "disable", self.call("PUT", "/api/users/corp.kid", self.corp, {"disabled": True}), 200
        )
        self.expect("a disabled user's key works", self.call("GET", "/api/plans", self.kid), 401)
        self.expect(
            "acting for a disabled user",
            self.call("GET", "/api/plans?user_id=corp.kid", self.corp),
            403,
            "user_mismatch",
        )
        gone = self.call(
            "POST", "/api/keys", self.corp, {"name": "g", "scopes": ALL, "user": "corp.gone"}
        ).json()["key"]
        self.expect("a user's key", self.call("GET", "/api/session", gone), 200)
        self.expect("remove", self.call("DELETE", "/api/users/corp.gone", self.corp), 200)
        self.expect("a removed user's key works", self.call("GET", "/api/session", gone), 401)
        self.expect(
            "acting for a removed user",
            self.call("GET", "/api/plans?user_id=corp.gone", self.corp),
            403,
            "user_mismatch",
        )
        again = self.call("POST", "/api/users", self.corp, {"id": "corp.gone"})
        if again.status < 400:
            self.findings.add("a removed user's id can be taken again", again.text()[:300])

    def sign_in(self):
        """The same answer for a wrong name and a wrong password; ten tries in all, so few here."""
        seen = set()
        for name in ("beta", "nobody-there", "beta", "beta "):
            answer = self.call(
                "POST", "/api/session", "", {"name": name, "password": PASSWORD + "!"}
            )
            seen.add((answer.status, plain(answer.text(), name)))
        if seen and len(seen) != 1 or next(iter(seen))[0] not in (401, 429):
            self.findings.add("signing in tells who is there", str(seen))


def check(world, document, theirs, findings):
    test = ActAs(world, document, theirs, findings)
    for part in (test.whom, test.headers, test.nested, test.sign_in, test.ends):
        part()
    return test.asked
