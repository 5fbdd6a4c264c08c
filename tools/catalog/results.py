"""What was proved, kept between runs: results.json, one line for each action with documents.

A line holds the outcome, the document, a hash of what the manifest makes the request from, and a
hash of the request that was proved. When the manifest's part changes, the proof is stale.
"""
import json
import pathlib

import yaml

from catalog import documents, proof
from catalog.manifests import LOADER

HERE = pathlib.Path(__file__).resolve().parent
FILE = HERE / "results.json"
EXCEPTIONS = HERE / "exceptions.yaml"
EXCUSED = "excused"     # refused, with a written reason
STALE = "stale"         # proved once, but the manifest has changed since


def read():
    """{provider: {action: [outcome, document, source hash, request hash]}}."""
    return json.loads(FILE.read_text(encoding="utf-8")) if FILE.exists() else {}


def write(stored):
    lines = []
    for provider in sorted(stored):
        rows = ",\n".join(f"  {json.dumps(action)}: {json.dumps(stored[provider][action])}"
                          for action in sorted(stored[provider]))
        lines.append(f" {json.dumps(provider)}: {{\n{rows}}}")
    FILE.write_text("{\n" + ",\n".join(lines) + "}\n", encoding="utf-8")


def read_exceptions():
    """{(provider, action): [(words of the refusal, reason)]}."""
    written = yaml.load(EXCEPTIONS.read_text(encoding="utf-8"), Loader=LOADER) or {}
    found = {}
    for provider, entries in written.items():
        for entry in entries:
            for action in entry["actions"]:
                found.setdefault((provider, action), []).append((entry["says"], entry["reason"]))
    return found


def excuse(outcomes, exceptions):
    """Turns refusals with reasons into excused ones. Returns what is wrong with the reasons."""
    wrong = []
    for (provider, action), outcome in sorted(outcomes.items()):
        name = f"{provider}.{action}"
        reasons = exceptions.get((provider, action), [])
        words = [word for says, _ in reasons for word in says]
        if outcome.kind != proof.REFUSED:
            if reasons and outcome.kind != proof.AWAY:
                wrong.append(f"{name}: the outcome is \"{outcome.kind}\": take its reason out of "
                             f"{EXCEPTIONS.name}")
            continue
        missing = [line for line in outcome.said if not any(word in line for word in words)]
        wrong += [f"{name}: refused by {outcome.document}: {line[:300]}" for line in missing]
        for says, _ in reasons:
            if not any(word in line for word in says for line in outcome.said):
                wrong.append(f"{name}: no refusal has {says}: take the action out of that reason "
                             f"in {EXCEPTIONS.name}")
        if not missing:
            outcome.kind = EXCUSED
    return wrong


def lost(stored, outcomes):
    """Actions that a document had and has no more: a path was misspelt, or a document changed."""
    return [f"{provider}.{action}: {stored[provider][action][1]} had it; now: {outcome.kind}"
            for (provider, action), outcome in sorted(outcomes.items())
            if stored.get(provider, {}).get(action, [""])[0] in (proof.PASSED, EXCUSED)
            and outcome.kind not in (proof.PASSED, EXCUSED, proof.REFUSED, proof.AWAY)]


def merge(stored, providers, outcomes, hashes):
    """Puts the outcomes of a run over the stored ones; a document that was away leaves the old."""
    for provider in providers:
        if provider.id not in documents.read_list():
            stored.pop(provider.id, None)
            continue
        rows = {}
        for action in provider.actions:
            outcome = outcomes[provider.id, action.name]
            old = stored.get(provider.id, {}).get(action.name)
            hashed = hashes.get((provider.id, action.name), "")
            if outcome.kind == proof.AWAY and old and old[3] == hashed:
                rows[action.name] = [old[0], old[1], action.source, hashed]
            else:
                rows[action.name] = [outcome.kind, outcome.document, action.source, hashed]
        stored[provider.id] = rows
    return stored


def kind_now(stored, provider, action):
    """The outcome that counts today, and its document."""
    if action.none:
        return proof.NO_API, ""
    if provider.id not in documents.read_list():
        return proof.NONE, ""
    row = stored.get(provider.id, {}).get(action.name)
    if row is None:
        return STALE, ""
    if row[2] != action.source and row[0] in (proof.PASSED, EXCUSED, proof.REFUSED):
        return STALE, row[1]
    return row[0], row[1]
