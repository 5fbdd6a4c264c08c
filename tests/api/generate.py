"""Requests for the operations of the document: right ones made from the schemas, and wrong ones
made by spoiling something in a right one. All chance comes from one seed."""

import json
import random
import urllib.parse

import nasty
from samples import PASSWORD, PLANS, set_step


class Dice:
    def __init__(self, seed, texts, values):
        self.random, self.texts, self.values = random.Random(seed), texts, values

    def pick(self, options):
        return self.random.choice(options)

    def chance(self, percent):
        return self.random.randrange(100) < percent

    def text(self):
        return self.pick(self.texts if self.chance(25) else nasty.TEXTS)

    def value(self):
        kind = self.random.randrange(4)
        if kind == 3:
            return self.text()
        return self.pick([self.values, nasty.NUMBERS, nasty.VALUES][kind])


class Maker:
    def __init__(self, document, known):
        self.document, self.known = document, known
        self.made = 0

    def _id(self, dice, kind):
        pool = self.known.kinds[kind]
        if pool and dice.chance(85):
            return dice.pick(pool)
        return dice.pick(["01a2192c-a78e-755c-87d3-a76ed101f9bd", "none"])

    def _field(self, dice, name):
        """A fitting value for a member or parameter that has a meaning; None if it has none."""
        user, self.made = self.known.user, self.made + 1
        fields = {
            "plan": lambda: self._plan(dice),
            "plan_json": lambda: self._plan(dice),
            "plan_id": lambda: self._id(dice, "plan"),
            "run_id": lambda: self._id(dice, "run"),
            "inputs": lambda: dice.pick(
                [{}, {"n": 5}, {"go": True, "n": 1}, {dice.text(): dice.value()}]
            ),
            "trigger": lambda: dice.pick([{"type": "manual"}, {dice.text(): dice.value()}]),
            "user_id": lambda: user,
            "user": lambda: user,
            "owner": lambda: user,
            "provider": lambda: "logic",
            "action": lambda: "set",
            "action_id": lambda: "set",
            "params": lambda: {"x": 1},
            "parameters": lambda: {"x": 1},
            "connection": lambda: dice.pick(["default", "work"]),
            "connection_values": lambda: {"api_key": "k12345678"},
            "credentials": lambda: {"api_key": "k12345678", "token": "t12345678"},
            "type": lambda: "api_key",
            "credential_type": lambda: "api_key",
            "value": lambda: "k12345678",
            "config": lambda: {},
            "cron_expression": lambda: dice.pick(["0 7 * * 1-5", "*/7 * 1 1 *", "@daily"]),
            "timezone": lambda: dice.pick(["UTC", "Europe/Berlin"]),
            "dialect": lambda: "crontab",
            "dst": lambda: "vixie",
            "misfire_grace_time": lambda: 60,
            "max_instances": lambda: 1,
            "start": lambda: "2026-01-01T00:00:00Z",
            "end": lambda: "2090-01-01T00:00:00Z",
            "jitter": lambda: 5,
            "scopes": lambda: dice.pick(["read,run", ["read"], ["act-as"]]),
            "expires_in": lambda: "30d",
            "expires_at": lambda: "2027-06-01T00:00:00Z",
            "id": lambda: f"{user}.u{self.made}",
            "name": lambda: f"{user}.n{self.made}",
            "email": lambda: "a@example.com",
            "password": lambda: PASSWORD,
            "continue": lambda: not dice.chance(10),
            "limit": lambda: dice.pick([1, 2, 5, 50]),
            "cursor": lambda: self._id(dice, "cursor"),
            "status": lambda: dice.pick(["", "active"]),
            "wait": lambda: dice.pick(["0", "0.05", "0.2"]),
            "last_event_id": lambda: dice.pick(["0", "1", "3"]),
            "token": lambda: "x",
        }
        return fields[name]() if name in fields else None

    def _body_value(self, dice, schema, name=""):
        schema = self.document.resolve(schema)
        if (fit := self._field(dice, name)) is not None:
            return fit
        if "enum" in schema:
            return dice.pick(schema["enum"])
        kind = schema.get("type", "string")
        kind = dice.pick(kind) if isinstance(kind, list) else kind
        if kind == "object":
            required = schema.get("required", [])
            return {
                key: self._body_value(dice, sub, key)
                for key, sub in schema.get("properties", {}).items()
                if key in required or dice.chance(35)
            }
        return {
            "string": "text",
            "integer": 1,
            "number": 0.5,
            "boolean": dice.chance(50),
            "array": [],
            "null": None,
        }[kind]

    @staticmethod
    def _plan(dice):
        plan = dict(dice.pick(PLANS))
        if dice.chance(30):  # odd words, in a place where any words are right
            plan["steps"] = [set_step(**{dice.text(): dice.value()})] + plan["steps"]
        return plan

    def _integration(self, dice, out):
        """Mostly one that is taken; else what the schema gave."""
        if dice.chance(30):
            return out
        self.made += 1
        if dice.chance(30):
            document = "openapi: 3.0.0\npaths: {/a/{id}: {get: {operationId: a}}}"
            return {"name": f"own_{self.made}", "openapi": document}
        return {
            "name": f"own_{self.made}",
            "display_name": dice.pick(["Own", dice.text()]),
            "base_url": dice.pick(["https://127.0.0.1:9/v1", "http://127.0.0.1:9"]),
            "auth_type": dice.pick(["api_key", "oauth"]),
            "oauth_config": dice.pick([None, {"client_id": "c", "client_secret": "s12345678"}]),
            "actions": dice.pick(
                [[], [{"action_id": "x", "endpoint": "/x/{id}", "parameters": {"id": "string"}}]]
            ),
        }

    def body(self, dice, operation):
        """A body as the schema wants it, or None."""
        if operation.body is None or not (operation.body_required or dice.chance(50)):
            return None
        if operation.body.get("$ref", "").endswith("/AnyPlan"):
            plan = self._plan(dice)
            if dice.chance(40):
                plan = {
                    "name": dice.pick(["hello", dice.text()]),
                    "plan_json": plan,
                    "status": dice.pick(["active", "active", "draft", "archived"]),
                }
            return plan["steps"] if "steps" in plan and dice.chance(10) else plan
        out = self._body_value(dice, operation.body)
        if operation.id in ("execute", "execute_plan", "create_run"):
            # Not both, and seldom none.
            keep = dice.pick(["plan", "plan_id"])
            out = {k: v for k, v in out.items() if k not in ("plan", "plan_json", "plan_id")}
            out[keep] = self._field(dice, keep)
        if operation.id == "describe_request":
            out.pop("parameters", None)
            out["params"] = dice.pick([{"prompt": "x"}, {"url": "https://example.com/"}])
        if operation.id in ("create_custom_integration", "update_custom_integration"):
            out = self._integration(dice, out)
        if operation.id == "sign_in" and dice.chance(60):
            out = {"name": self.known.user, "password": PASSWORD}
        if operation.id == "rotate_keyring" and dice.chance(70):
            out.pop("cursor", None)
        return out

    def path_values(self, dice, operation):
        kinds = {
            "/api/plans/": "plan",
            "/api/execution-plans/": "plan",
            "/api/runs/": "run",
            "/api/keys/": "key",
            "/api/users/": "user",
            "/api/keyring/": "ring",
            "/api/custom-integrations/": "integration",
        }
        out = {}
        provider, action = dice.pick(
            [("openai", "chat_completion"), ("http", "get"), ("webhook", "send"), ("logic", "set")]
        )
        for name in operation.names("path"):
            kind = next((k for start, k in kinds.items() if operation.path.startswith(start)), None)
            if name == "id" and kind:
                out[name] = self._id(dice, kind)
            else:
                out[name] = {
                    "provider": "openai",
                    "name": provider,
                    "action": action,
                    "type": dice.pick(["api_key", "token"]),
                }.get(name, "x")
        return out

    def request(self, dice, operation):
        """(method, target, body, headers): right, or spoilt in one or two places."""
        values = self.path_values(dice, operation)
        query = [
            (name, str(self._field(dice, name) or "x"))
            for name in operation.names("query")
            if dice.chance(30) or name == "wait"
        ]
        body = self.body(dice, operation)
        headers = []
        if operation.writes and dice.chance(15):
            headers.append(("Idempotency-Key", f"k-{dice.random.randrange(200)}"))
        raw_path = None
        spoil = (
            []
            if dice.chance(50)
            else [
                dice.pick(["path", "query", "body", "body", "body", "header", "raw", "method"])
                for _ in range(1 + dice.chance(20))
            ]
        )
        if "path" in spoil and values:
            values[dice.pick(list(values))] = dice.text()
        if "query" in spoil:
            query = self._spoilt_query(dice, operation, query)
        if "header" in spoil:
            headers += [dice.pick(nasty.HEADERS)]
        if "body" in spoil or (spoil == ["path"] and not values):
            body = self._spoilt_body(dice, body)
        target = operation.target(values)
        if "raw" in spoil:
            raw_path = target.split("/")
            raw_path[dice.random.randrange(1, len(raw_path))] = dice.pick(nasty.RAW_PARTS)
            target = "/".join(raw_path)
        if query:
            target += "?" + "&".join(
                one if isinstance(one, str) else f"{_quote(one[0])}={_quote(one[1])}"
                for one in query
            )
        method = operation.method
        if "method" in spoil:
            method = dice.pick(["HEAD", "HEAD", "PATCH", "OPTIONS", "PUT", "GET", "DELETE"])
        return method, target[:8100], body, headers

    @staticmethod
    def _spoilt_query(dice, operation, query):
        names = operation.names("query") + ["nothing", "user_id"]
        name = dice.pick(names)
        if name == "wait":  # whatever it says, it must not be long
            text = dice.pick(["-1", "x", "301", "1e400", "NaN", "", "0x1", "inf", "0.01"])
        else:
            text = dice.text()
        if dice.chance(15):
            return query + [(name, text), (name, dice.text())]
        if dice.chance(15):
            return query + [dice.pick(nasty.RAW_PARTS) + "=" + dice.pick(nasty.RAW_PARTS)]
        return [one for one in query if one[0] != name] + [(name, text)]

    def _spoilt_body(self, dice, body):
        if body is None or dice.chance(15):
            return dice.pick(nasty.BODIES)
        body = json.loads(json.dumps(body))
        places = list(_places(body))
        parent, key = dice.pick(places) if places else (None, None)
        how = dice.random.randrange(10) if places else 9
        if how < 4:
            parent[key] = dice.value() if dice.chance(60) else dice.text()
        elif how < 6:
            del parent[key]
        elif how == 6 and isinstance(parent, dict):
            parent[dice.text()] = dice.value()
        elif how == 7 and isinstance(parent, dict):  # a key twice
            text = json.dumps(body)
            at = text.find(json.dumps(key) + ":")
            return (text[:at] + json.dumps(key) + ": 1, " + text[at:]).encode()
        elif how == 8:
            parent[key] = "@@raw@@"
            return (
                json.dumps(body)
                .replace('"@@raw@@"', "@@raw@@", 1)
                .encode()
                .replace(b"@@raw@@", dice.pick(nasty.RAW_VALUES), 1)
            )
        else:
            for _ in range(dice.pick([1, 2, 99, 101])):
                body = {"plan": body} if dice.chance(50) else [body]
        text = json.dumps(body, ensure_ascii=dice.chance(50)).encode("utf-8", "surrogatepass")
        return text[: dice.random.randrange(len(text))] if dice.chance(5) else text


def _quote(text):
    return urllib.parse.quote(text, safe="", errors="surrogatepass")


def _places(value):
    """(container, key) of every value inside."""
    items = (
        value.items()
        if isinstance(value, dict)
        else (enumerate(value) if isinstance(value, list) else ())
    )
    for key, inner in items:
        yield value, key
        yield from _places(inner)
