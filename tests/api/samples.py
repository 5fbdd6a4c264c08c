"""What requests are made of: plans, what is there already, and texts and values that nobody thought
of (Hypothesis makes those)."""

import tempfile

import hypothesis
from hypothesis import HealthCheck, Phase
from hypothesis import strategies as st
from hypothesis.configuration import set_hypothesis_home_dir

HOME = tempfile.TemporaryDirectory(prefix="pilot-api-hypothesis-")
set_hypothesis_home_dir(HOME.name)  # not in the working directory
PASSWORD = "correct horse battery"
ANY_TEXT = st.text(max_size=20)
ANY_VALUE = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)


def set_step(**params):
    return {"provider": "logic", "action": "set", "params": params}


PLANS = [
    {"steps": [set_step(x=1)]},
    {
        "name": "two",
        "description": "d",
        "steps": [
            {"id": "a", **set_step(n="${inputs.n | default: 1}", deep={"list": [1, {"y": None}]})},
            {
                "id": "b",
                "provider": "logic",
                "action": "template",
                "params": {"template": "n is ${steps.a.output.n}"},
            },
        ],
    },
    {
        "steps": [
            {"provider": "logic", "action": "wait", "params": {"seconds": 0.05}},
            set_step(y=True),
        ]
    },
    {
        "steps": [
            {"provider": "logic", "action": "wait", "params": {"duration": "20s"}},
            set_step(y=1),
        ]
    },
    {
        "steps": [
            {"provider": "logic", "action": "fail", "params": {"message": "no", "code": "nope"}}
        ]
    },
    {"steps": [{"provider": "logic", "action": "fail", "on_error": "continue"}, set_step(x=2)]},
    {"steps": [{"id": "rows", "foreach": [1, 2, 3], **set_step(double="${item | times: 2}")}]},
    {"steps": [{"id": "f", "foreach": [{"a": 1}, {"a": 2}], "steps": [set_step(a="${item.a}")]}]},
    {
        "steps": [
            {
                "provider": "logic",
                "action": "transform",
                "params": {"program": ".a | map(. + 1)", "input": {"a": [1, 2]}},
            }
        ]
    },
    {
        "steps": [
            {
                "provider": "http",
                "action": "get",
                "params": {"url": "http://127.0.0.1:1/x"},
                "retry": {"max_attempts": 1},
            }
        ]
    },
    {"steps": [{"provider": "groq", "action": "chat_completion", "params": {"prompt": "x"}}]},
    {
        "name": "skip",
        "steps": [{"if": "${inputs.go}", **set_step(x=1)}, set_step(x="${inputs.missing}")],
    },
    {
        "name": "late",
        "trigger": {
            "type": "schedule",
            "cron_expression": "0 7 1 1 *",
            "timezone": "Europe/Berlin",
        },
        "steps": [set_step(x=1)],
    },
    {
        "inputs": {"type": "object", "properties": {"n": {"type": "integer"}}},
        "steps": [set_step(x="${inputs.n}")],
        "timeout": "5s",
    },
]


class Known:
    """What is there, by kind; the newest of each. Ids that answers told of come in here."""

    def __init__(self, user):
        self.user = user
        self.kinds = {
            kind: []
            for kind in ("plan", "run", "key", "user", "cursor", "ring", "rotation", "integration")
        }

    def add(self, kind, value):
        if isinstance(value, str) and value:
            self.kinds[kind] = ([value] + self.kinds[kind])[:40]

    def learn(self, operation, answer):
        if answer.status >= 300 or not operation:
            return
        body = answer.json()
        if not isinstance(body, dict):
            return
        if operation.method == "DELETE":
            for kind, pool in self.kinds.items():
                self.kinds[kind] = [one for one in pool if one != body.get("id")]
            return
        if isinstance(body.get("integration"), dict):
            self.add("integration", body["integration"].get("id"))
        if isinstance(body.get("plan"), dict):
            self.add("plan", body["plan"].get("id"))
        self.add("run", body.get("run_id"))
        self.add("rotation" if "key_id" in body else "cursor", body.get("next_cursor"))
        if operation.id == "create_key":
            self.add("key", body.get("id"))
        if operation.id == "create_user":
            self.add("user", body["user"]["id"])


def unthought_of(seed, count=1500):
    """Texts and JSON values, the same for the same seed."""
    texts, values = [], []

    @hypothesis.seed(seed)
    @hypothesis.settings(
        max_examples=count,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
        print_blob=False,
    )
    @hypothesis.given(ANY_TEXT, ANY_VALUE)
    def collect(text, value):
        texts.append(text)
        values.append(value)

    collect()
    return texts, values
