"""Cuts a document to the operations that are asked for, so that a validator starts on it quickly.

References are put in where they stand, to a depth that keeps the result small; deeper, and where a
schema holds itself, anything is allowed. What does not judge a request goes: answers, examples,
words, and discriminators (they need the references).
"""
import json
import re
import urllib.parse

FORM = "application/x-www-form-urlencoded"
ODD_ESCAPE = re.compile(r"\\[^dDwWsSbBnrtvfcxupPk0-9^$\\.*+?()\[\]{}|/-]")  # refused in /.../u
TOO_BIG = 3_000_000   # characters of one document: the validator starts on it within seconds
DEPTHS = (12, 9, 7, 6, 5, 4, 3, 2)
LISTS_OF_NAMES = ("properties", "patternProperties", "headers", "content", "encoding")
WORDS = ("description", "summary", "example", "examples", "externalDocs", "discriminator", "xml",
         "deprecated", "title", "default")


def judges(key):
    """Whether a word of the format has a say on requests."""
    if isinstance(key, str) and key.startswith("x-"):
        return key == "x-nullable"
    return key not in WORDS


def judgeable(schema):
    """Mends what makes Prism judge nothing of the whole body, in silence: it cannot compile it."""
    if "nullable" in schema and "type" not in schema:
        del schema["nullable"]
    if isinstance(schema.get("pattern"), str) and ODD_ESCAPE.search(schema["pattern"]):
        del schema["pattern"]
    if isinstance(schema.get("properties"), dict) and "type" not in schema:
        schema["type"] = "object"  # it says what an object has; a text would do otherwise
    return schema


class Cutter:
    """Copies parts of one document without references."""

    def __init__(self, document, depth):
        self.document = document
        self.depth = depth

    def target(self, reference):
        found = self.document
        for part in reference[2:].split("/"):
            key = urllib.parse.unquote(part.replace("~1", "/").replace("~0", "~"))
            found = found[int(key)] if isinstance(found, list) else found[key]
        return found

    def copy(self, node, open_references=(), names=False):
        """names: the keys of this mapping are names of the vendor, not words of the format."""
        if isinstance(node, list):
            return [self.copy(part, open_references) for part in node]
        if not isinstance(node, dict):
            return node
        reference = node.get("$ref")
        if isinstance(reference, str) and not names:
            if not reference.startswith("#/") or reference in open_references \
                    or len(open_references) >= self.depth:
                return {}
            try:
                inner = self.target(reference)
            except (KeyError, TypeError, ValueError, IndexError):
                return {}
            return self.copy(inner, open_references + (reference,))
        if names:
            return {key: self.copy(value, open_references) for key, value in node.items()}
        copied = {key: self.copy(value, open_references,
                                 key in LISTS_OF_NAMES and isinstance(value, dict))
                  for key, value in node.items() if judges(key)}
        return judgeable(copied)

    def operation(self, node):
        kept = {key: value for key, value in node.items()
                if key not in ("responses", "callbacks", "servers", "operationId", "tags")}
        copied = self.copy(kept)
        copied["responses"] = {"200": {"description": "taken"}}
        return copied


def security(document):
    """The schemes that are told in the document itself; those of other files judge nothing."""
    schemes = document.get("securityDefinitions") or \
        (document.get("components") or {}).get("securitySchemes") or {}
    known = {name: scheme for name, scheme in Cutter(document, 3).copy(schemes, names=True).items()
             if scheme}
    if "swagger" in document:
        return {"securityDefinitions": known}
    return {"components": {"securitySchemes": known}}


def with_known_schemes(requirements, kept):
    known = kept.get("securityDefinitions") or kept.get("components", {}).get("securitySchemes")
    return [one for one in requirements if all(name in (known or {}) for name in one)]


def add_types(operation, types):
    """A content type that the document leaves out gets the schema of the one that it has."""
    content = (operation.get("requestBody") or {}).get("content") or {}
    for sent, written in types.items():
        if written in content and sent not in content:
            content[sent] = content[written]
    if types.get("application/json") == FORM:
        tell_form_as_json(operation)


def tell_form_as_json(operation):
    """Swagger 2 has the fields of a form among the parameters: they become a JSON body's."""
    parameters = operation.get("parameters") or []
    fields = [one for one in parameters if one.get("in") == "formData"]
    if not fields:
        return
    schema = {"type": "object", "required": [one["name"] for one in fields if one.get("required")],
              "properties": {one["name"]: {key: value for key, value in one.items()
                                           if key not in ("name", "in", "required")}
                             for one in fields}}
    if not schema["required"]:
        del schema["required"]
    operation["parameters"] = [one for one in parameters if one not in fields]
    operation["parameters"].append({"in": "body", "name": "body", "schema": schema})
    operation["consumes"] = ["application/json"]


def names_sent(requests):
    """The outermost names of form bodies: "items" of items[0][price]=p1."""
    return {name.split("[")[0] for request in requests
            for name, _ in urllib.parse.parse_qsl(request.body or "", keep_blank_values=True)}


def leave_out_absent(operation, sent):
    """Takes objects out of a form's schema that are neither sent nor required.

    Prism reads an absent deepObject as {}, and then misses what an object of that kind must have.
    """
    schema = ((operation.get("requestBody") or {}).get("content") or {}).get(FORM, {}).get("schema")
    if not isinstance(schema, dict) or "properties" not in schema:
        return
    keep = sent | set(schema.get("required") or [])
    schema["properties"] = {name: inner for name, inner in schema["properties"].items()
                            if name in keep}
    form = operation["requestBody"]["content"][FORM]
    form["encoding"] = {name: how for name, how in (form.get("encoding") or {}).items()
                        if name in keep}


def leave_out_absent_headers(node, requests):
    """Takes out optional headers that are lists and not sent: Prism ends itself on those."""
    sent = {name.lower() for request in requests for name in request.headers}
    node["parameters"] = [
        one for one in node.get("parameters") or []
        if one.get("in") != "header" or one.get("required") or one.get("name", "").lower() in sent
        or (one.get("schema") or one).get("type") != "array"]


def cut_once(document, wanted, depth):
    """wanted: (documents.Operation, its requests, their documents.Place)."""
    cutter = Cutter(document, depth)
    kept = {key: document[key] for key in ("swagger", "openapi", "consumes", "produces", "security")
            if key in document}
    kept["info"] = {"title": "cut", "version": "1"}
    kept.update(security(document))
    if "security" in kept:
        kept["security"] = with_known_schemes(kept["security"], kept)
    paths = kept["paths"] = {}
    for operation, requests, where in wanted:
        item = document["paths"][operation.template]
        path = paths.setdefault(operation.served, {})
        if "parameters" in item:
            path["parameters"] = cutter.copy(item["parameters"])
        copied = cutter.operation(item[operation.method.lower()])
        leave_out_absent(copied, names_sent(requests))
        leave_out_absent_headers(copied, requests)
        add_types(copied, where.types)
        if "security" in copied:
            copied["security"] = with_known_schemes(copied["security"], kept)
        path[operation.method.lower()] = copied
    return kept


def cut(document, wanted):
    """The text of the cut document, as deep as its size allows; wanted as in cut_once."""
    for depth in DEPTHS:
        text = json.dumps(cut_once(document, wanted, depth), default=str)
        if len(text) <= TOO_BIG:
            break
    return text
