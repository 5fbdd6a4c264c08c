"""Almost my id, almost my name, and cursors that no list gave (promise T2): ids are compared
exactly, and a cursor is a position, not a permission."""

import base64
import json
from urllib.parse import urlencode

import slots


class Spellings:
    """`test`: the tenancy test, whose tenants and whose way to ask are used."""

    def __init__(self, test):
        self.ask, self.findings, self.document = test.ask, test.findings, test.document
        self.mine, self.theirs, self.client = test.mine, test.theirs, test.client
        self.their_cursors = test.their_cursors

    def ids(self):
        for operation in self.document.operations:
            for slot in slots.slots_of(self.document, operation):
                if slot.place == "path" and slot.kind != "type":
                    for value in odd(self.mine.ids[slot.kind], self.theirs.ids[slot.kind]):
                        request = slots.build(operation, {}, slot=slot, value=value)
                        answer = self.ask(request, self.mine.key)
                        if answer.status not in (400, 403, 404, 405, 422):
                            self.findings.add(
                                f"{operation.id} takes an id that is none",
                                f"{request} -> {answer.status}",
                            )
        users = odd("acme", "beta") + ["acme.", "acme.x", "acm", "acme,beta", "beta", "local", ""]
        for user in users:
            for request in (
                ("GET", "/api/plans?" + urlencode({"user_id": user}), None, []),
                ("POST", "/api/runs", self._run_for(user), []),
            ):
                answer = self.ask(request, self.mine.key)
                if answer.status not in (400, 403):
                    self.findings.add(
                        "a user_id that is not exactly mine is taken",
                        f"{request} -> {answer.status} {answer.text()[:200]}",
                    )
        self._spelt_twice()

    @staticmethod
    def _run_for(user):
        return {"plan": {"name": "x", "steps": [slots.SET]}, "user_id": user}

    def _spelt_twice(self):
        for query in (
            "user_id=acme&user_id=beta",
            "user_id=beta&user_id=acme",
            "user_id=acme&user%5fid=beta",
            "user_id=acme&USER_ID=beta",
            "user_id[]=beta",
            "user_id%5b%5d=beta",
            "user_id=acme;user_id=beta",
            "user=beta",
            "userId=beta",
            "tenant=beta",
            "owner=beta",
        ):
            answer = self.ask(("GET", "/api/plans?" + query, None, []), self.mine.key)
            if answer.status == 200 and '"user_id":"beta"' in answer.text():
                self.findings.add("another tenant's rows", f"{query} -> {answer.text()[:300]}")
        run = json.dumps(self._run_for("acme"))
        for member in (["beta"], ["acme"], {"$ne": 1}, None, 0, True, "", {"acme": 1}):
            answer = self.ask(("POST", "/api/runs", self._run_for(member), []), self.mine.key)
            if (answer.status, answer.code) != (403, "user_mismatch"):
                self.findings.add(
                    "a user_id that is no text is taken",
                    f"{member!r} -> {answer.status} {answer.text()[:200]}",
                )
        for text in (
            '"user_id": "acme", "user_id": "beta"',
            '"user_id": "beta", "user_id": "acme"',
            '"\\u0075ser_id": "beta"',
            '"user_id": "acme", "user_\\u0069d": "beta"',
            '"user_id": "\\u0062eta"',
        ):
            body = run.replace('"user_id": "acme"', text).encode()
            answer = self.client.call("POST", "/api/runs", body, token=self.mine.key)
            if answer.status not in (400, 403):
                self.findings.add("a user_id in disguise is taken", f"{text} -> {answer.status}")
        plan = self.mine.ids["plan"]
        for request in (
            ("POST", f"/api/plans/{plan}/validate", {"user_id": "beta"}, []),
            ("PUT", f"/api/plans/{plan}?user_id=acme", {"name": "x", "user_id": "beta"}, []),
            ("POST", "/api/runs?user_id=beta", self._run_for("acme"), []),
        ):
            answer = self.ask(request, self.mine.key)
            if (answer.status, answer.code) != (403, "user_mismatch"):
                self.findings.add("path mine, user_id yours", f"{request} -> {answer.status}")

    # Cursors are positions, nobody's property: whatever is in one, rows are one's own.
    def cursors(self):
        forged = []
        for cursor in self.their_cursors.values():
            text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
            forged += [cursor, cursor[:-3], cursor + "A"]
            for raw in (
                text + "'",
                text.replace("i", "j", 1),
                "ibeta",
                "ibeta.",
                "i",
                "a1:beta",
                "i" + self.theirs.ids["plan"],
                f"a1:{self.theirs.ids['run']}",
                text + "\x00",
                f"f9999999999999999:{self.theirs.ids['plan']}",
                "a-1:x",
                "i" + "~" * 200,
            ):
                forged.append(base64.urlsafe_b64encode(raw.encode()).decode())
        for operation in self.document.operations:
            if "cursor" in operation.names("query"):
                for cursor in forged:
                    target = operation.path + "?" + urlencode({"cursor": cursor})
                    answer = self.ask(("GET", target, None, []), self.mine.key)
                    if answer.status not in (200, 400) or '"beta' in answer.text():
                        self.findings.add(
                            f"{operation.id} with a forged cursor",
                            f"{target} -> {answer.status} {answer.text()[:300]}",
                        )


def odd(mine, theirs):
    """Ids that look like mine or theirs, or stand for everything elsewhere."""
    return [
        mine.upper() if mine != mine.upper() else mine.title(),
        mine + " ",
        " " + mine,
        mine + "\t",
        mine[:-1],
        mine + "x",
        mine[:-1] + "%",
        mine + "\u200b",
        mine + "\u00a0",
        mine[:-1] + chr(0xFEE0 + ord(mine[-1])),
        mine.replace("a", "\u0430"),
        mine + "'",
        mine + "/",
        "{" + mine + "}",
        f"{mine},{theirs}",
        f"{mine}/../{theirs}",
        theirs.upper(),
        theirs + " ",
        theirs[:-1] + "_",
        "*",
        "~",
        "%",
        "_",
        "null",
        "undefined",
        "None",
        "0",
        "-1",
        "[]",
        "..",
        "true",
    ]
