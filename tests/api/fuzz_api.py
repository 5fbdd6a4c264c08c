"""The API fuzzer: requests for every operation of /api/openapi.json, right and wrong ones. Never a
5xx but a deliberate 503, every answer as the document says, nothing of the inside in it, and in
time. See docs/testing.md."""

import http.client
import os
import random
import sys
import threading
import time

import document as api_document
import generate
import nasty
from samples import PASSWORD, Known, unthought_of
from world import Findings, World, arguments, exchange

SCOPES = "read,run,write,credentials,admin,act-as"


class Session:
    """A browser's: cookie and CSRF token. Signs in again when it was signed out."""

    def __init__(self, world):
        self.client, self.name = world.client(), "fuzz"
        self.headers, self.next_try = [], 0.0

    def headers_now(self):
        if not self.headers and time.monotonic() > self.next_try:
            self.next_try = time.monotonic() + 7
            answer = self.client.call(
                "POST", "/api/session", {"name": self.name, "password": PASSWORD}
            )
            if answer.status == 201:
                cookie = answer.header("Set-Cookie").split(";")[0]
                self.headers = [("Cookie", cookie), ("X-CSRF-Token", answer.json()["csrf_token"])]
        return self.headers

    def heard(self, answer):
        if answer.status == 401 or "Max-Age=0" in (answer.header("Set-Cookie") or ""):
            self.headers = []


class Fuzzer:
    """What all its connections share. Counts may be a little off; nothing hangs on them."""

    def __init__(self, world, findings, verbose):
        self.world, self.findings, self.verbose = world, findings, verbose
        self.tokens = {
            "all": world.key("fuzz", SCOPES)["key"],
            "read": world.key("fuzz", "read")["key"],
            "other": world.key("fuzz-other", SCOPES)["key"],
            "operator": world.operator_token,
            "wrong": "pk_" + "A" * 43,
            "nobody": "",
        }
        self.document = api_document.fetch(world.client(self.tokens["all"]))
        self.known = Known("fuzz")
        self.maker = generate.Maker(self.document, self.known)
        operator = world.client(world.operator_token)
        changed = operator.call("PUT", "/api/users/fuzz", {"password": PASSWORD})
        assert changed.status == 200, changed.text()
        ring = operator.call("GET", "/api/keyring").json()
        self.first_ring_key = ring["keys"][0]["id"]
        self.statuses, self.succeeded, self.sent, self.slowest = {}, set(), 0, 0.0

    def count(self, status):
        self.sent += 1
        self.statuses[status] = self.statuses.get(status, 0) + 1

    def refresh(self):
        """What else is there to be named; keys of the ring but for the first one ever."""
        keys = self.world.client(self.world.operator_token).call("GET", "/api/keyring").json()
        for key in keys["keys"]:
            if key["id"] != self.first_ring_key:
                self.known.add("ring", key["id"])

    def raw(self):
        """Requests of bytes that no client would send."""
        plan = (self.known.kinds["plan"] or ["none"])[0]
        for data in nasty.raw_requests(self.tokens["all"], plan):
            began = time.monotonic()
            try:
                came = exchange(self.world.port, data)
            except OSError as error:
                self.findings.add(f"raw: {error}", repr(data[:500]))
                continue
            if time.monotonic() - began > 2:
                self.findings.add("raw: no end after 2 s", repr(data[:500]))
            self._judge_raw(data, came)

    def _judge_raw(self, data, came):
        example = f"{data[:500]!r}\n  -> {came[:700]!r}"
        if not came:
            cut = b"Content-Length: 10\r\n" in data  # whose body never comes
            if data.strip() and b"HTTP/1" in data[:9000] and not cut:
                self.findings.add("raw: closed without an answer", example)
            return
        head, _, body = came.partition(b"\r\n\r\n")
        words = head.split(b" ", 2)
        if len(words) < 3 or words[0] not in (b"HTTP/1.1", b"HTTP/1.0") or not words[1].isdigit():
            self.findings.add("raw: the answer is no HTTP", example)
            return
        status = int(words[1])
        self.count(status)
        if status >= 500:
            self.findings.add(f"raw: status {status}", example)
        # Of bytes that came back in a header there would be a line of its own.
        if b"X-Forged" in head and not head.split(b"X-Forged")[0].endswith((b"\\r\\n", b" ")):
            self.findings.add("raw: a header was forged", example)
        if status >= 400 and not body.startswith(b'{"type":"about:blank"'):
            self.findings.add(f"raw: {status} without a problem", example)
        sent = data.decode("latin-1")
        if status >= 400 and (leak := api_document.leaked(body.decode("utf-8", "replace"), sent)):
            self.findings.add(f"raw: {status} leaks {leak!r}", example)


class Caller:
    """One connection that asks one thing after the other."""

    def __init__(self, fuzzer, dice):
        self.fuzzer, self.dice = fuzzer, dice
        self.client, self.session = fuzzer.world.client(), Session(fuzzer.world)

    def who(self, operation):
        """Mostly whoever may do everything; of what is the operator's, the operator."""
        if operation.id in ("get_keyring", "rotate_keyring", "drop_key", "list_nodes"):
            return self.dice.pick(["operator", "operator", "all"])
        return self.dice.pick(
            ["all"] * 40 + ["operator", "session", "session", "read", "other", "wrong", "nobody"]
        )

    def run(self, count, until):
        for _ in range(count):
            if time.monotonic() > until or len(self.fuzzer.findings.kinds) > 30:
                return
            operation = self.dice.pick(self.fuzzer.document.operations)
            while operation.id == "sign_in" and self.dice.chance(
                80
            ):  # it takes ten, then it is 429
                operation = self.dice.pick(self.fuzzer.document.operations)
            method, target, body, headers = self.fuzzer.maker.request(self.dice, operation)
            caller = self.who(operation)
            if caller == "session":
                headers = headers + self.session.headers_now()
            self.send(method, target, body, headers, caller)

    def send(self, method, target, body, headers, caller, again=True):
        fuzzer = self.fuzzer
        told = f"{caller}: {method} {target[:500]} {headers!r:.500} {body!r:.700}"
        token = "" if caller == "session" else fuzzer.tokens[caller]
        try:
            answer = self.client.call(method, target, body, headers, token=token)
        except (OSError, http.client.HTTPException) as error:
            fuzzer.findings.add(f"no answer: {type(error).__name__} {error}", told)
            return
        if fuzzer.verbose:
            print(answer.status, told)
        if caller == "session":
            self.session.heard(answer)
        operation = fuzzer.document.find(method, target)
        fuzzer.count(answer.status)
        if answer.status < 300 and operation:
            fuzzer.succeeded.add(operation.id)
            fuzzer.known.learn(operation, answer)
        sent = api_document.text_of(target, body, headers)
        for fault in fuzzer.document.faults(method, target, answer, sent):
            fuzzer.findings.add(fault, f"{told}\n  -> {answer.status} {answer.text()[:700]}")
        fuzzer.slowest = max(fuzzer.slowest, answer.took)
        if answer.took > 2 and again:  # the machine may have been busy with something else
            self.send(method, target, body, headers, caller, again=False)
        elif answer.took > 2:
            fuzzer.findings.add(
                "an answer took more than 2 s, twice", f"{answer.took:.1f} s: {told}"
            )


def run(fuzzer, options, seed):
    texts, values = unthought_of(seed)
    until = time.monotonic() + options.seconds
    callers = [
        Caller(fuzzer, generate.Dice(seed + number, texts, values))
        for number in range(options.connections)
    ]
    rounds = max(1, options.requests // 2000)
    for _ in range(rounds):
        share = options.requests // rounds // len(callers)
        threads = [threading.Thread(target=caller.run, args=(share, until)) for caller in callers]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        fuzzer.refresh()
    fuzzer.raw()


def main():
    parser = arguments(__doc__)
    parser.add_argument(
        "--requests", type=int, default=int(os.environ.get("PILOT_FUZZ_REQUESTS") or 3000)
    )
    parser.add_argument("--connections", type=int, default=3, help="1 repeats a seed exactly")
    parser.add_argument("--seconds", type=int, default=500, help="ends then at the latest")
    options = parser.parse_args()
    seed = options.seed if options.seed is not None else random.SystemRandom().randrange(2**32)
    print(
        f"fuzz_api: store {options.store}, {options.requests} requests, --seed {seed}", flush=True
    )
    findings = Findings()
    fuzzer = Fuzzer(World(options.pilot, options.store), findings, options.verbose)
    began = time.monotonic()
    run(fuzzer, options, seed)
    if fuzzer.world.client(fuzzer.tokens["all"]).call("GET", "/api/session").status != 200:
        findings.add("the fuzzer has locked itself out: it tests little", "")
    never = sorted(set(fuzzer.document.by_id) - fuzzer.succeeded)
    print(
        f"{fuzzer.sent} requests in {time.monotonic() - began:.0f} s, slowest "
        f"{fuzzer.slowest:.2f} s; statuses {dict(sorted(fuzzer.statuses.items()))}; never worked: "
        f"{', '.join(never) or 'none'}"
    )
    # What needs a vendor, a browser or a key file can work elsewhere only.
    cannot = {
        "change_password",
        "drop_key",
        "oauth_callback",
        "oauth_start",
        "sign_out",
        "test_connection",
        "test_custom_integration",
    }
    if options.requests >= 3000 and len(set(never) - cannot) > 5:
        findings.add("operations that were never seen to work: the fuzzer tests little", never)
    fuzzer.world.stop(findings)
    return findings.report()


if __name__ == "__main__":
    sys.exit(main())
