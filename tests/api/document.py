"""The server's own OpenAPI document: what can be asked, and whether an answer is as it says."""

import json
import re
import urllib.parse

from jsonschema import Draft202012Validator, FormatChecker, RefResolver

FORMATS = FormatChecker(formats=[])
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z")

# Never in an answer to a caller, unless the caller sent it.
LEAKS = re.compile(
    r"sqlite|postgres|psql|libpq|\bpq:|SQLSTATE|\bSELECT\b|INSERT INTO|UPDATE \w+ SET|"
    r"DELETE FROM|\bWHERE\b|syntax error|constraint|duplicate key value|relation \"|column \"|"
    r"\.(?:cc|h|cpp):\d+|std::|boost::|terminate called|Traceback|stack trace|assertion|"
    r"pilot-api-|/home/|/work/|/usr/|/tmp/|pilot\.(?:db|key)\b|\bwhat\(\):",
    re.IGNORECASE,
)


@FORMATS.checks("date-time")
def _is_time(value):
    return not isinstance(value, str) or TIME.fullmatch(value) is not None


def _unique(pairs):
    keys = [key for key, _ in pairs]
    if len(set(keys)) != len(keys):
        raise ValueError("a key twice")
    return dict(pairs)


def _refuse_constant(name):
    raise ValueError(name + " is no JSON")


def parse(body):
    """Strict JSON: UTF-8, no key twice, no NaN."""
    return json.loads(
        body.decode("utf-8"), object_pairs_hook=_unique, parse_constant=_refuse_constant
    )


def strict(schema):
    """A schema that lists members takes no others: what is answered must be told."""
    if isinstance(schema, list):
        return [strict(entry) for entry in schema]
    if not isinstance(schema, dict):
        return schema
    out = {key: strict(value) for key, value in schema.items()}
    if out.get("type") == "object" and isinstance(out.get("properties"), dict):
        out.setdefault("additionalProperties", False)
    return out


class Operation:
    def __init__(self, document, method, path, told):
        self.id, self.method, self.path = told["operationId"], method.upper(), path
        self.segments = path[1:].split("/")
        self.parameters = [document.resolve(one) for one in told.get("parameters", [])]
        self.scope = told.get("x-scope")
        self.secured = bool(told["security"])
        self.answers = told["responses"]
        body = told.get("requestBody")
        self.body = body["content"]["application/json"]["schema"] if body else None
        self.body_required = bool(body and body["required"])

    def names(self, place):
        return [one["name"] for one in self.parameters if one["in"] == place]

    def target(self, values, query=()):
        """`values`: of the path's parameters, encoded here. `query`: pairs, encoded here."""
        path = "/" + "/".join(
            urllib.parse.quote(values[s[1:-1]], safe="") if s.startswith("{") else s
            for s in self.segments
        )
        return path + ("?" + urllib.parse.urlencode(list(query)) if query else "")

    @property
    def writes(self):
        return self.method not in ("GET", "HEAD")


class Document:
    def __init__(self, told):
        self.told = told
        self.schemas = told["components"]["schemas"]
        self.operations = [
            Operation(self, method, path, one)
            for path, methods in told["paths"].items()
            for method, one in methods.items()
        ]
        self.by_id = {one.id: one for one in self.operations}
        whole = {"components": {"schemas": strict(self.schemas)}}
        self._resolver = RefResolver("", whole)
        self._validators = {}

    def resolve(self, schema):
        while isinstance(schema, dict) and "$ref" in schema:
            here = self.told
            for part in schema["$ref"][2:].split("/"):
                here = here[part]
            schema = here
        return schema

    def find(self, method, target):
        """The operation that answers; None when nothing does (404, 405)."""
        path = target.split("?", 1)[0]
        segments = [urllib.parse.unquote(part) for part in path[1:].split("/")]
        best = None
        for one in self.operations:
            if one.method != ("GET" if method == "HEAD" else method):
                continue
            if len(one.segments) != len(segments):
                continue
            fits = all(
                part == told or (told.startswith("{") and part != "")
                for told, part in zip(one.segments, segments)
            )
            order = [told.startswith("{") for told in one.segments]
            if fits and (best is None or order < best[0]):
                best = (order, one)
        return best[1] if best else None

    def _schema_faults(self, schema, value):
        key = json.dumps(schema, sort_keys=True)
        if key not in self._validators:
            self._validators[key] = Draft202012Validator(
                strict(schema), resolver=self._resolver, format_checker=FORMATS
            )
        for error in self._validators[key].iter_errors(value):
            where = "/".join(
                "*" if isinstance(part, int) else str(part) for part in error.absolute_path
            )
            return [f"does not fit its schema: {error.validator} at /{where}"]
        return []

    def faults(self, method, target, answer, sent=""):
        """What is wrong with an answer, in words that are the same for the same fault. `sent`: all
        text of the request, which may come back."""
        operation = self.find(method, target)
        name = operation.id if operation else "no operation"
        out = [f"{name}: {fault}" for fault in self._content_faults(operation, method, answer)]
        out += [f"{name}: {fault}" for fault in self._rule_faults(answer, sent)]
        return out

    def _content_faults(self, operation, method, answer):
        status = str(answer.status)
        answers = (
            operation.answers
            if operation
            else {
                "4XX": {
                    "content": {
                        "application/problem+json": {
                            "schema": {"$ref": "#/components/schemas/Problem"}
                        }
                    }
                }
            }
        )
        told = answers.get(status) or (answers.get(status[0] + "XX") if status[0] in "45" else None)
        if told is None:
            return [f"status {status} is not in the document"]
        if method == "HEAD":
            return ["a body for HEAD"] if answer.body else []
        content = told.get("content")
        if content is None:
            return ["a body that is not in the document"] if answer.body else []
        kind = (answer.header("Content-Type") or "").split(";")[0]
        if kind not in content:
            return [f"{status} with content type {kind!r}"]
        if not kind.endswith("json"):
            return []
        try:
            value = parse(answer.body)
        except ValueError as error:
            return [f"{status} with a body that is no JSON: {error}"]
        faults = self._schema_faults(content[kind]["schema"], value)
        return [f"{status} {fault}" for fault in faults]

    def _rule_faults(self, answer, sent):
        out = []
        if answer.status >= 500 and (answer.status != 503 or not answer.header("Retry-After")):
            out.append(f"status {answer.status}")
        request_id = answer.header("X-Request-Id") or ""
        if not re.fullmatch(r"[A-Za-z0-9._-]{1,64}", request_id):
            out.append(f"X-Request-Id is {request_id!r}")
        if answer.header("X-Content-Type-Options") != "nosniff":
            out.append("no X-Content-Type-Options: nosniff")
        wait = answer.header("Retry-After")
        if wait is not None and not (wait.isdigit() and 1 <= int(wait) <= 60):
            out.append(f"Retry-After is {wait!r}")
        if (answer.header("Content-Type") or "").startswith("application/problem+json"):
            out += self._problem_faults(answer, request_id)
            if leak := leaked(answer.text(), sent):
                out.append(f"{answer.status} leaks {leak!r}")
        return out

    @staticmethod
    def _problem_faults(answer, request_id):
        problem = answer.json()
        if not isinstance(problem, dict):
            return ["a problem that is no object"] if answer.body else []
        out = []
        if problem.get("status") != answer.status:
            out.append("a problem with another status than its answer")
        if not re.fullmatch(r"[a-z][a-z0-9_]*", str(problem.get("code", ""))):
            out.append(f"a problem with the code {problem.get('code')!r}")
        if not problem.get("detail") or problem.get("error") != problem["detail"]:
            out.append("a problem whose detail and error differ, or are empty")
        if problem.get("request_id") != request_id:
            out.append(f"a problem ({answer.status}) without the request's id")
        if (
            answer.status == 401
            and problem.get("code") == "unauthenticated"
            and not answer.header("WWW-Authenticate")
        ):
            out.append("a 401 without WWW-Authenticate")
        return out


def leaked(text, sent=""):
    """The first word in `text` that tells of the inside and was not in the request."""
    for match in LEAKS.finditer(text):
        if match.group(0).lower() not in sent.lower():
            return match.group(0)
    return None


def text_of(target, body, headers):
    """All that was sent, in the spellings in which it may come back."""
    raw = body if isinstance(body, bytes) else repr(body).encode()
    text = raw.decode("utf-8", "replace")
    return " ".join(
        [
            target,
            urllib.parse.unquote_plus(target),
            text,
            repr(headers),
            text.encode("ascii", "replace").decode().replace("\\\\", "\\"),
        ]
    )


def fetch(client):
    return Document(parse(client.call("GET", "/api/openapi.json").body))


def encode(text):
    return urllib.parse.quote(text, safe="")
