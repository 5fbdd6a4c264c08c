"""Asks Prism (npm @stoplight/prism-cli) whether a vendor's document takes a request.

One Prism for one document, on loopback at a port that the system picks; ended by its process id.
"""
import http.client
import json
import pathlib
import re
import subprocess
import tempfile
import threading

PROGRAM = "@stoplight/prism-cli/dist/index.js"
START_SECONDS = 90
ANSWER_SECONDS = 30
LISTENING = re.compile(r"listening on http://127\.0\.0\.1:(\d+)")


class NotStarted(Exception):
    """Prism ended, or did not listen in time: the document is too much for it."""


class Prism:
    """A running Prism; use it in a with statement."""

    def __init__(self, packages, document_text):
        self.folder = tempfile.TemporaryDirectory(prefix="catalog-check-")
        file = pathlib.Path(self.folder.name) / "document.json"
        file.write_text(document_text, encoding="utf-8")
        self.process = subprocess.Popen(
            ["node", packages / PROGRAM, "mock", "-h", "127.0.0.1", "-p", "0", "--errors", file],
            text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def __enter__(self):
        said = []
        # Ends a Prism that says nothing; reading then ends too.
        guard = threading.Timer(START_SECONDS, self.process.kill)
        guard.start()
        try:
            for line in self.process.stdout:
                said.append(line)
                found = LISTENING.search(line)
                if found:
                    self.port = int(found.group(1))
                    break
            else:
                self.__exit__()
                raise NotStarted("".join(said[-3:]).strip()[-300:] or "it said nothing")
        finally:
            guard.cancel()
        # Its log is read so that it never waits for room in the pipe.
        threading.Thread(target=self.process.stdout.read, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait(timeout=ANSWER_SECONDS)
        self.folder.cleanup()

    def refusals(self, method, target, headers, body):
        """What the document has against a request: a list of sentences, empty if it is taken."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=ANSWER_SECONDS)
        try:
            connection.request(method, target, None if body is None else body.encode(),
                               {**headers, "Connection": "close"})
            answer = connection.getresponse()
            text = answer.read().decode("utf-8", "replace")
        except (OSError, http.client.HTTPException) as error:
            return [f"Prism gave no answer: {error}"]
        finally:
            connection.close()
        warned = json.loads(answer.headers.get("sl-violations") or "[]")
        errors = [v for v in warned if v.get("severity") == "Error"
                  and (v.get("location") or [""])[0] != "response"]
        if answer.status == 200 and not errors:
            return []
        return sentences(answer.status, text, errors)


def sentences(status, text, errors):
    try:
        problem = json.loads(text)
    except ValueError:
        problem = {}
    violations = errors + (problem.get("validation") or [])
    if violations:
        return sorted({f"{status} {'.'.join(map(str, v.get('location') or []))}: {v['message']}"
                       for v in violations})
    return [f"{status} {problem.get('title') or text[:200]}"]
