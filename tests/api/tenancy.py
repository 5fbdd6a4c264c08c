"""Tenancy, from the OpenAPI document: every operation, every scope, every kind of key, with one's
own things, somebody else's and none at all (promises T1, T2, T3, T8). What belongs to another
tenant is answered as what does not exist. See docs/testing.md."""

import json
import statistics
import sys
import time
from urllib.parse import urlencode

import act_as
import document as api_document
import slots
import spellings
from tenants import SCOPES, Tenant, plain, random_like
from world import Findings, World, arguments

REPEATS = 9


class Tenancy:
    def __init__(self, world, findings):
        self.world, self.findings = world, findings
        self.mine, self.theirs = Tenant(world, "acme"), Tenant(world, "beta")
        self.document = api_document.fetch(self.mine.client)
        self.client = world.client()
        self.asked, self.worked = 0, set()
        self.their_cursors = self.theirs.cursors(self.document)
        self._make_keys()
        self.used_keys = self.use_their_keys()
        self.before = self.theirs.everything()
        for what, word in self.theirs.canaries.items():
            if word not in self.before and what not in ("secret", "mail", "idem", "audit", "waits"):
                findings.add(f"its owner does not see the canary of {what}: the test is blind", "")

    def _make_keys(self):
        """{state: {scopes: key}}. No key is without scopes; act-as opens nothing by itself."""
        refused = self.mine.client.call("POST", "/api/keys", {"name": "none", "scopes": []})
        if refused.status != 422:
            self.findings.add("a key without scopes can be made", refused.text())
        sets = {scope: [scope] for scope in SCOPES} | {"all": SCOPES}
        self.sets, self.keys = sets, {"valid": {}, "expired": {}, "revoked": {}}
        for name, scopes in sets.items():
            for state in self.keys:
                body = {"name": f"{state} {name}", "scopes": scopes}
                if state == "expired":
                    body["expires_in"] = "1s"
                made = self.mine.must("POST", "/api/keys", body)
                self.keys[state][name] = made["key"]
                if state == "revoked":
                    self.mine.must("DELETE", f"/api/keys/{made['id']}")
        time.sleep(1.1)  # till the last one has expired
        valid = self.keys["valid"]["all"]
        self.keys["malformed"] = {
            "short": valid[:-1],
            "long": valid + "A",
            "case": valid.swapcase(),
            "word": "x",
            "unknown": "pk_" + "A" * 43,
            "theirs cut": self.theirs.key[:-1] + " ",
        }
        self.keys["none"] = {"none": ""}

    def ask(self, request, key, client=None):
        method, target, body, headers = request
        answer = (client or self.client).call(method, target, body, headers, token=key)
        self.asked += 1
        told = f"{method} {target} {json.dumps(body)} {headers}"
        for fault in self.document.faults(
            method, target, answer, api_document.text_of(target, body, headers)
        ):
            self.findings.add(fault, f"{told}\n  -> {answer.status} {answer.text()[:500]}")
        for what in self.theirs.words_in(answer, told):
            self.findings.add(
                f"{method} {target.split('?')[0]} tells the other tenant's {what}",
                f"{told}\n  -> {answer.text()[:500]}",
            )
        return answer

    @staticmethod
    def values_of(tenant, operation, fresh):
        """Ids of a tenant's things for a path; fresh ones for what may end them."""
        values = dict(tenant.ids)
        if fresh:
            for name in operation.names("path"):
                kind = slots.path_kind(operation, name)
                if kind in ("plan", "run", "key", "user", "type", "integration"):
                    values[kind] = tenant.fresh(kind)
            if operation.id == "remove_connection":
                tenant.fresh("connection")
        return values

    # T3: who may what.
    def scopes(self):
        for operation in self.document.operations:
            for name, scopes in self.sets.items():
                if operation.id in ("sign_in", "front_page"):
                    continue
                allowed = operation.scope is None or operation.scope in scopes
                values = self.values_of(self.mine, operation, allowed and operation.writes)
                request = slots.build(operation, values, scopes=scopes)
                self._judge_scope(operation, name, allowed, request)
            for state in ("expired", "revoked", "malformed", "none"):
                for name, key in self.keys[state].items():
                    self._judge_key(operation, f"{state} {name}", key)

    def _judge_scope(self, operation, name, allowed, request):
        answer = self.ask(request, self.keys["valid"][name])
        told = f"{request}\n  -> {answer.status} {answer.text()[:400]}"
        if answer.status == 401:
            self.findings.add(f"{operation.id}: 401 for a valid key", told)
        if not allowed and (answer.status, answer.code) != (403, "missing_scope"):
            self.findings.add(
                f"{operation.id} answers {answer.status} {answer.code} to a key that "
                f"has {name} only; it wants {operation.scope}",
                told,
            )
        if allowed and answer.code == "missing_scope":
            self.findings.add(f"{operation.id} refuses a key with {name}", told)
        if answer.status < 300:
            self.worked.add(operation.id)

    def _judge_key(self, operation, name, key):
        """The same 401 for every key that is no good, and whatever is asked for."""
        if not operation.secured:
            return
        seen = {}
        for whose, values in (("own", self.mine.ids), ("their", self.theirs.ids), ("no", {})):
            request = slots.build(operation, values)
            answer = self.ask(request, key)
            seen[whose] = self.shape(answer, request, None)
            if (answer.status, answer.code) != (401, "unauthenticated"):
                self.findings.add(
                    f"{operation.id}: {answer.status} {answer.code} for a key that is " f"{name}",
                    f"{request}\n  -> {answer.text()[:400]}",
                )
        if len(set(seen.values())) > 1:
            self.findings.add(f"{operation.id} tells apart by id who has no valid key", str(seen))

    @staticmethod
    def shape(answer, request, value):
        """All of an answer that may tell something."""
        headers = sorted(
            (
                name,
                plain(text, value)
                if name not in ("Date", "X-Request-Id", "Content-Length")
                else "",
            )
            for name, text in answer.headers
        )
        return answer.status, plain(answer.text(), value), str(headers)

    # T1: each place that names something, with theirs and with what does not exist.
    def foreign(self):
        del self.theirs.canaries["conn"]  # from here on it stands in plans of mine, put there by me
        for operation in self.document.operations:
            for slot in slots.slots_of(self.document, operation):
                if operation.id == "sign_in":
                    continue
                for name, scopes in self.sets.items():
                    self._compare(operation, slot, name, scopes)

    def _pair(self, operation, slot):
        if slot.kind == "cursor":
            theirs = self.their_cursors.get(operation.id)
            return (theirs, None) if theirs else None
        theirs = self.theirs.ids[slot.kind]
        return theirs, random_like(theirs)

    def _compare(self, operation, slot, name, scopes):
        pair = self._pair(operation, slot)
        if pair is None:
            return
        theirs, nobodys = pair
        key = self.keys["valid"][name]
        seen = []
        for value in [theirs] + ([nobodys] if nobodys else []):
            request = slots.build(operation, self.mine.ids, slot=slot, value=value, scopes=scopes)
            answer = self.ask(request, key)
            seen.append(self.shape(answer, request, value))
            if slot.place == "path" and answer.status < 300:
                self.findings.add(
                    f"{operation.id} works on what is not mine ({slot})",
                    f"{request} -> {answer.text()[:300]}",
                )
            if operation.id == "set_credentials" and slot.name == "connection":  # mine by now
                self.mine.client.call("DELETE", request[1] + "?" + urlencode({"connection": value}))
        if len(seen) == 2 and seen[0] != seen[1]:
            self.findings.add(
                f"{operation.id} tells theirs from none ({slot}, scope {name})",
                f"theirs: {seen[0]}\n  none:   {seen[1]}",
            )

    # T7: nor by the time that it takes.
    def timing(self):
        for operation in self.document.operations:
            for slot in slots.slots_of(self.document, operation):
                if operation.id == "sign_in" or slot.place == "step":
                    continue
                pair = self._pair(operation, slot)
                if pair is None or pair[1] is None:
                    continue
                for repeats in (REPEATS, 5 * REPEATS):  # once more if the machine was busy
                    theirs, none = self._medians(operation, slot, pair, repeats)
                    if abs(theirs - none) < 0.005 or max(theirs, none) < 3 * min(theirs, none):
                        break
                else:
                    self.findings.add(
                        f"{operation.id} takes another time for theirs ({slot})",
                        f"{theirs * 1000:.1f} ms, for none {none * 1000:.1f} ms",
                    )

    def _medians(self, operation, slot, pair, repeats):
        times = ([], [])
        for _ in range(repeats):
            for value, into in zip(pair, times):
                request = slots.build(
                    operation, self.mine.ids, slot=slot, value=value, scopes=SCOPES
                )
                into.append(self.ask(request, self.mine.key).took)
        return statistics.median(times[0]), statistics.median(times[1])

    def use_their_keys(self):
        """The other tenant sends each write with an Idempotency-Key. Returns what was sent."""
        out = []
        for operation in self.document.operations:
            if operation.secured and operation.writes and operation.id != "sign_out":
                request = slots.build(operation, self.values_of(self.theirs, operation, True))
                key = [("Idempotency-Key", f"order-{operation.id}")]
                answer = self.theirs.client.call(*request[:3], key)
                if answer.status < 500:
                    out.append((operation, key))
        self.theirs.fresh("connection")
        return out

    def idempotency(self):
        """The same request with a key that somebody else has used is a request of its own."""
        for operation, key in self.used_keys:
            request = slots.build(operation, self.values_of(self.mine, operation, True))
            answer = self.ask((*request[:3], key), self.mine.key)
            if answer.header("Idempotent-Replayed") or "idempotency" in (answer.code or ""):
                self.findings.add(
                    f"{operation.id}: another tenant's Idempotency-Key",
                    f"{request} -> {answer.status} {answer.text()[:300]}",
                )

    def unchanged(self):
        """Whatever was tried, the other tenant's things are as they were."""
        after = self.theirs.everything()
        if after != self.before:
            lines = [
                f"{b[:600]}\n  now: {a[:600]}"
                for b, a in zip(self.before.split("\n"), after.split("\n"))
                if a != b
            ]
            self.findings.add("the other tenant's things have changed", "\n  ".join(lines))
        strange = [
            row for row in self.theirs.audit() if row["caller_id"] not in self.theirs.callers
        ]
        if strange:
            self.findings.add("the other tenant's audit log tells of others", str(strange[:3]))
        never = [one.id for one in self.document.operations if one.id not in self.worked]
        if set(never) != {
            "front_page",
            "sign_in",
            "sign_out",
            "change_password",
            "test_connection",  # these need a provider that answers
            "oauth_start",
            "oauth_callback",
            "get_keyring",
            "rotate_keyring",
            "drop_key",
            "list_nodes",
        }:
            self.findings.add(
                "what was seen to work with one's own things is not what should", f"never: {never}"
            )


def main():
    options = arguments(__doc__).parse_args()
    print(f"tenancy: store {options.store}", flush=True)
    began, findings = time.monotonic(), Findings()
    world = World(options.pilot, options.store)
    test = Tenancy(world, findings)
    for part in (
        test.scopes,
        test.foreign,
        spellings.Spellings(test).ids,
        spellings.Spellings(test).cursors,
        test.idempotency,
        test.timing,
    ):
        part()
        if options.verbose:
            print(f"{part.__name__}: {time.monotonic() - began:.1f} s, {test.asked} requests")
    asked = act_as.check(world, test.document, test.theirs, findings)
    test.unchanged()
    world.stop(findings)
    print(f"{test.asked + asked} requests in {time.monotonic() - began:.0f} s")
    return findings.report()


if __name__ == "__main__":
    sys.exit(main())
