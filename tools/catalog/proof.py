"""Proves the actions of providers: finds each one's counterpart and asks the validator about it."""
import concurrent.futures
import dataclasses

from catalog import cut, documents, prism

# Outcomes of an action; only the first two come from the validator.
PASSED = "passed"
REFUSED = "refused"
VERSION = "another version"     # the document has it at another version's path
ABSENT = "not in the document"
AWAY = "document not here"      # a file of --documents that this run has not got
NONE = "no document"
NO_API = "no such api"          # nothing is sent: the vendor has no API for it
TOO_MUCH = "document too big"   # Prism did not start on it

UNJUDGED = "the document, or Prism, takes any body: nothing is proved"
WRONG_BODY = '"not an object, not a list"'

AT_ONCE = 2  # validators under way: each takes a core while it starts


@dataclasses.dataclass
class Outcome:
    kind: str
    document: str = ""
    said: tuple = ()


@dataclasses.dataclass
class Task:
    """Actions to be proved by one document."""
    name: str
    document: dict
    wanted: list        # (provider id, action name, Operation, [Request], Place)


def sort_actions(provider, requests, places, packages, folder, outcomes):
    """Gives each action its document, the most trusted first; outcomes get those without."""
    found = []
    here = []
    for where in places:
        file = documents.find_file(where, packages, folder)
        if file:
            document = documents.load(file)
            here.append((where, document, documents.Index(document, where)))
    for action in provider.actions:
        key = (provider.id, action.name)
        if action.none:
            outcomes[key] = Outcome(NO_API)
            continue
        sent = requests[action.name]
        match = next(((where, document, operation) for where, document, index in here
                      if (operation := index.counterpart(sent[0]))), None)
        if match:
            found.append((match[1], (*key, match[2], sent, match[0])))
        else:
            outcomes[key] = without_counterpart(sent[0], here, places)
    return found


def without_counterpart(request, here, places):
    for where, _, index in here:
        if index.other_version(request):
            return Outcome(VERSION, where.name)
    if len(here) < len(places):
        return Outcome(AWAY, ", ".join(p.name for p in places if p not in [h[0] for h in here]))
    return Outcome(ABSENT, here[0][0].name) if here else Outcome(NONE)


def rounds(wanted):
    """Splits so that no round has two operations that the validator would serve at one place."""
    left = list(wanted)
    while left:
        taken, served, later = [], {}, []
        for row in left:
            operation = row[2]
            place = (operation.method, operation.served)
            if served.setdefault(place, operation.template) == operation.template:
                taken.append(row)
            else:
                later.append(row)
        yield taken
        left = later


def merged(wanted):
    """(Operation, all requests to it, Place): two actions may be the same operation."""
    by_place = {}
    for _, _, operation, sent, where in wanted:
        place = (operation.method, operation.template)
        by_place.setdefault(place, (operation, [], where))[1].extend(sent)
    return list(by_place.values())


def prove_task(task, packages):
    """{(provider, action): Outcome} of one document."""
    outcomes = {}
    for wanted in rounds(task.wanted):
        try:
            with prism.Prism(packages, cut.cut(task.document, merged(wanted))) as validator:
                for provider, action, operation, sent, where in wanted:
                    said = [line for request in sent
                            for line in ask(validator, operation, request, where)]
                    outcomes[provider, action] = Outcome(
                        REFUSED if said else PASSED, task.name, tuple(said))
        except prism.NotStarted as error:
            for provider, action, *_ in wanted:
                outcomes[provider, action] = Outcome(TOO_MUCH, task.name, (str(error),))
    return outcomes


def ask(validator, operation, request, where):
    target = documents.path_below(operation, request, where) or "/"
    if request.query:
        target += "?" + request.query
    headers = {name: document_type(where, value) if name.lower() == "content-type" else value
               for name, value in request.headers.items()}
    said = validator.refusals(request.method, target, headers, request.body)
    if not said and is_json(headers) and request.body is not None:
        # Prism takes every body when it cannot compile a schema, and says nothing.
        if not validator.refusals(request.method, target, headers, WRONG_BODY):
            return [UNJUDGED]
    return said


def is_json(headers):
    return any(name.lower() == "content-type" and "json" in value
               for name, value in headers.items())


def document_type(where, sent):
    """JSON under another name is told as JSON: the validator reads it only by that name."""
    written = where.types.get(sent, sent)
    return written if written == "application/json" else sent


def prove(providers, binary, listed, packages, folder, tell):
    """{(provider, action): Outcome} and {(provider, action): hash of the built requests}."""
    outcomes, hashes, tasks = {}, {}, {}
    for provider in providers:
        if provider.id not in listed:
            for action in provider.actions:
                outcomes[provider.id, action.name] = Outcome(NO_API if action.none else NONE)
            continue
        requests = binary.requests(provider)
        for name, sent in requests.items():
            hashes[provider.id, name] = "-".join(request.hash() for request in sent)
        places = listed[provider.id]
        for document, row in sort_actions(provider, requests, places, packages, folder,
                                                 outcomes):
            tasks.setdefault(row[4].name, Task(row[4].name, document, [])).wanted.append(row)
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        running = {pool.submit(prove_task, task, packages): name for name, task in tasks.items()}
        for done in concurrent.futures.as_completed(running):
            outcomes.update(done.result())
            tell(f"{running[done]}: {len(done.result())} actions")
    return outcomes, hashes
