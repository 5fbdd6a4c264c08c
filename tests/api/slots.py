"""Where in a request something is named that belongs to somebody: by operation, from the document.
A parameter or member that is not told of here stops the tests, so that none is forgotten."""

import copy

# What a path's {id} is.
PATHS = {
    "/api/plans/": "plan",
    "/api/execution-plans/": "plan",
    "/api/runs/": "run",
    "/api/keys/": "key",
    "/api/users/": "user",
    "/api/keyring/": "ring",
    "/api/provider-credentials/": "type",
    "/api/custom-integrations/": "integration",
    "/api/providers/": None,
}
NAMES = {
    "plan_id": "plan",
    "run_id": "run",
    "user_id": "tenant",
    "user": "tenant",
    "owner": "tenant",
    "connection": "connection",
    "cursor": "cursor",
    "id": "user",
}
# They name nothing of anybody's.
PLAIN = {
    "limit",
    "status",
    "wait",
    "last_event_id",
    "token",
    "provider",
    "action",
    "action_id",
    "params",
    "parameters",
    "inputs",
    "trigger",
    "plan",
    "plan_json",
    "name",
    "scopes",
    "expires_in",
    "expires_at",
    "email",
    "password",
    "disabled",
    "allowed_hosts",
    "old_password",
    "new_password",
    "type",
    "credential_type",
    "value",
    "credentials",
    "connection_values",
    "continue",
    "config",
    "cron_expression",
    "timezone",
    "dialect",
    "dst",
    "misfire_grace_time",
    "coalesce",
    "max_instances",
    "start",
    "end",
    "jitter",
    "display_name",
    "description",
    "auth_type",
    "base_url",
    "auth_header",
    "auth_prefix",
    "oauth_config",
    "is_active",
    "actions",
    "openapi",
    "include",
    "source_url",
    # Of an OAuth redirect; a state is a secret of 256 bits, nothing that could be guessed.
    "return_to",
    "state",
    "code",
    "error",
    "error_description",
    "iss",
}
STEP = {"provider": "custom_api", "action": "request", "params": {"endpoint": "/x"}}
SET = {"provider": "logic", "action": "set", "params": {"x": 1}}


class Slot:
    def __init__(self, place, name, kind):
        self.place, self.name, self.kind = place, name, kind

    def __str__(self):
        return f"{self.place} {self.name}"


def path_kind(operation, name):
    if name in ("provider", "action") or operation.path.startswith("/api/providers/"):
        return None
    return next(kind for start, kind in PATHS.items() if operation.path.startswith(start))


def slots_of(document, operation):
    """All places of an operation that name something of a tenant's."""
    out = []
    for name in operation.names("path"):
        kind = path_kind(operation, name)
        if kind and kind != "ring":  # the ring is the operator's, and no tenant's
            out.append(Slot("path", name, kind))
    members = document.resolve(operation.body or {}).get("properties", {})
    for place, names in (("query", operation.names("query")), ("body", members)):
        for name in names:
            if name in NAMES:
                if not (operation.id == "rotate_keyring" and name == "cursor"):
                    out.append(Slot(place, name, NAMES[name]))
            elif name not in PLAIN:
                raise AssertionError(
                    f"tests/api/slots.py: whose is {place} {name} of {operation.id}?"
                )
    if "plan" in members or operation.id in ("create_plan", "update_plan"):
        out.append(Slot("step", "connection", "connection"))
    return out


def body_of(operation, scopes):
    """A fitting body with nothing of a tenant's in it."""
    plan = {"name": "mine", "steps": [SET]}
    bodies = {
        "create_run": {"plan": plan},
        "execute": {"plan": plan},
        "execute_plan": {"plan": plan},
        "execute_step": dict(SET),
        "create_key": {"name": "mine", "scopes": scopes[:1]},
        "set_credentials": {"type": "api_key", "value": "mine-12345678"},
        "create_user": {},
        "create_custom_integration": {"name": "mine", "base_url": "https://127.0.0.1:9"},
        "update_custom_integration": {"description": "mine again"},
        "set_custom_credentials": {"type": "api_key", "value": "mine-12345678"},
        "update_user": {"email": "me@example.com"},
        "rotate_keyring": {"continue": True},
        "describe_request": {
            "connection_values": {"api_key": "k", "base_url": "http://x.test"},
            "params": {"endpoint": "/x"},
        },
        "sign_in": {},
    }
    if operation.id in bodies:
        return copy.deepcopy(bodies[operation.id])
    if operation.id.startswith("schedule_"):
        return {"cron_expression": "0 7 1 1 *"}
    if operation.id.startswith(("create_", "validate_")) and operation.body_required:
        return {"name": "mine", "steps": [SET]}
    if operation.id.startswith("update_"):
        return {"name": "mine again"}
    return None if operation.body is None else {}


def build(operation, values, slot=None, value=None, scopes=("read",)):
    """(method, target, body, no headers): `values` by kind in the path, `value` in `slot`."""
    fixed = {"provider": "custom_api", "name": "custom_api", "action": "request"}
    path = {}
    for name in operation.names("path"):
        kind = path_kind(operation, name)
        path[name] = values.get(kind, "none") if kind else fixed[name]
    query = [("wait", "5")] if "wait" in operation.names("query") else []
    body = body_of(operation, list(scopes))
    if slot is not None:
        if slot.place == "path":
            path[slot.name] = value
        elif slot.place == "query":
            query.append((slot.name, value))
        elif slot.place == "step":
            body = _with_connection(operation, body, value)
        elif body is not None:
            body[slot.name] = value
            if slot.name == "plan_id":
                body.pop("plan", None)
            if slot.name == "connection":
                body.pop("connection_values", None)
                if operation.id == "execute_step":
                    body.update(STEP)
    return operation.method, operation.target(path, query), body, []


def _with_connection(operation, body, value):
    step = {**STEP, "connection": value}
    if "plan" in (body or {}):
        return {**body, "plan": {"name": "mine", "steps": [step]}}
    return {"name": "mine", "steps": [step]}
