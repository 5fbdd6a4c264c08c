"""The requests that Pilot itself builds: asked of the binary, which sends nothing.

The binary masks what signs in ("***"). A validator looks at the scheme ("Basic ...", "Bearer ..."),
so a masked header gets the made-up value that the examples of the manifest show for it; the tests
hold those examples against the binary. A masked part of a URL or body becomes another made-up text.
"""
import dataclasses
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import urllib.parse

from catalog.manifests import short_hash

SECONDS = 20  # for one request; it takes some 20 ms
MASK = "***"
MADE_UP = "example1"  # eight characters: some documents tell the length of keys
SCHEMES = {"basic": "Basic ZXhhbXBsZTpleGFtcGxl", "oauth1": "OAuth oauth_consumer_key=\"example\"",
           "aws": "AWS4-HMAC-SHA256 Credential=example"}


class NotBuilt(Exception):
    """The binary refused the example: the manifest or the binary is out of step."""


@dataclasses.dataclass
class Request:
    method: str
    host: str
    path: str       # as sent: percent-encoded
    query: str
    headers: dict
    body: object    # text, or None

    def hash(self):
        return short_hash(dataclasses.astuple(self))


def shown_headers(provider):
    """Sign-in headers as the examples of the manifest show them: name -> value."""
    shown = {}
    for action in provider.actions:
        for expected in action.expected:
            for name, value in (expected.get("headers") or {}).items():
                shown.setdefault(name.lower(), str(value))
    return shown


def stand_in(provider, name, own, shown):
    """A value for a masked header: of its own example, of another one, else by the scheme."""
    for headers in (own, shown):
        if name.lower() in headers:
            return headers[name.lower()]
    schemes = provider.auth if isinstance(provider.auth, list) else [provider.auth]
    first = schemes[0] if schemes and isinstance(schemes[0], dict) else {}
    return next((SCHEMES[kind] for kind in first if kind in SCHEMES), "Bearer example")


class Binary:
    """pilot with the manifests of this tree over those that it was built with."""

    def __init__(self, path):
        self.path = path
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="catalog-check-"))

    def close(self):
        shutil.rmtree(self.folder, ignore_errors=True)

    def requests(self, provider):
        """{action name: [Request of each example]}; NotBuilt if an example is refused."""
        own_catalog = self.folder / provider.id
        own_catalog.mkdir(exist_ok=True)
        shutil.copy(provider.file, own_catalog)
        shown = shown_headers(provider)
        return {action.name: [self._one(provider, action, i, own_catalog, shown)
                              for i in range(len(action.calls))]
                for action in provider.actions if not action.none}

    def _one(self, provider, action, index, own_catalog, shown):
        params, connection = action.calls[index]
        texts = {key: value if isinstance(value, str) else json.dumps(value)
                 for key, value in connection.items()}
        ran = subprocess.run(
            [self.path, "--json", "--catalog", own_catalog, "providers", "request", provider.id,
             action.name, "--params", json.dumps(params, default=str), "--connection-values",
             json.dumps(texts)], text=True, capture_output=True, timeout=SECONDS,
            env={**os.environ, "PILOT_DATA_DIR": str(self.folder / "none")})
        if ran.returncode != 0:
            raise NotBuilt(f"{provider.id}.{action.name}: {(ran.stderr or ran.stdout).strip()}")
        return self._read(provider, json.loads(ran.stdout), action.expected[index], shown)

    @staticmethod
    def _read(provider, built, expected, shown):
        own = {k.lower(): str(v) for k, v in (expected.get("headers") or {}).items()}
        headers = {name: stand_in(provider, name, own, shown) if MASK in value else value
                   for name, value in built["headers"].items()}
        body = built["body"]
        if body is not None and not isinstance(body, str):
            body = json.dumps(body, ensure_ascii=False)
        body = body and body.replace(MASK, MADE_UP)
        url = urllib.parse.urlsplit(built["url"].replace(MASK, MADE_UP))
        return Request(built["method"], url.netloc, url.path, url.query, headers, body)
