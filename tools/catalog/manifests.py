"""Reads the catalogue: its providers, their actions, an example call of each, what is unconfirmed.

Also hashes what a request is made from, so that a changed manifest makes a stored proof stale.
"""
import dataclasses
import hashlib
import json
import pathlib
import re

import yaml

FOLDER = pathlib.Path(__file__).resolve().parent.parent.parent / "catalog"
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

# What of a manifest has no part in a request: words for people, and how answers are read.
NOT_SENT = {"id", "name", "category", "docs", "description", "title", "aliases", "actions", "fail",
            "ok", "retry", "rate", "burst", "concurrency", "timeout", "max_response", "out",
            "items", "effect", "scopes", "test", "examples", "instead"}


@dataclasses.dataclass
class Action:
    name: str
    calls: list          # (params, connection) of each example
    expected: list       # the request block of each example: only its sign-in headers are read
    unconfirmed: bool    # no second source was found
    none: bool           # the vendor has no API for it: nothing is sent
    source: str          # hash of what its request is made from


@dataclasses.dataclass
class Provider:
    id: str
    name: str
    file: pathlib.Path
    auth: object
    actions: list


def short_hash(value):
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def sent_part(mapping):
    return {key: value for key, value in mapping.items() if key not in NOT_SENT}


def unconfirmed_actions(text):
    """Names of actions right under a comment "# unconfirmed: ..." (which may have more lines)."""
    return set(re.findall(r"^  # unconfirmed:.*\n(?:  #.*\n)*  ([a-z0-9_]+):", text, re.M))


def read_provider(file):
    text = file.read_text(encoding="utf-8")
    manifest = yaml.load(text, Loader=LOADER)
    doubtful = unconfirmed_actions(text)
    common = sent_part(manifest)
    actions = []
    for name, action in manifest["actions"].items():
        examples = action.get("examples") or []
        calls = [(example.get("params") or {},
                  example.get("connection", manifest.get("example_connection") or {}))
                 for example in examples]
        actions.append(Action(
            name=name, calls=calls, expected=[e.get("request") or {} for e in examples],
            unconfirmed=name in doubtful, none=str(action.get("do", "")).strip() == "none",
            source=short_hash([common, sent_part(action), calls])))
    return Provider(id=manifest.get("id", file.stem), name=manifest.get("name", file.stem),
                    file=file, auth=manifest.get("auth"), actions=actions)


def read_all(folder=FOLDER):
    return [read_provider(file) for file in sorted(folder.glob("*.yaml"))]
