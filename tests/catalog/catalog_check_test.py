#!/usr/bin/python3
"""Tests of tools/catalog: which operation is a counterpart, what is cut, what a reason covers."""
import dataclasses
import json
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tools"))

from catalog import built, cut, documents, manifests, proof, results, table  # noqa: E402


def request(method, path, query="", headers=None, body=None):
    return built.Request(method, "api.example", path, query, headers or {}, body)


def document(paths, **more):
    return {"openapi": "3.0.0", "servers": [{"url": "https://api.example/v2"}], "paths": paths,
            **more}


def place(**more):
    return documents.place({"directory": "acme.example", **more})


class Counterparts(unittest.TestCase):
    def find(self, paths, sent, **more):
        return documents.Index(document(paths), place(**more)).counterpart(sent)

    def test_method_and_path_are_exact(self):
        paths = {"/pets/{id}": {"get": {}}, "/pets/mine": {"get": {}}}
        self.assertEqual("/pets/{id}", self.find(paths, request("GET", "/v2/pets/7")).template)
        self.assertEqual("/pets/mine", self.find(paths, request("GET", "/v2/pets/mine")).template)
        self.assertIsNone(self.find(paths, request("POST", "/v2/pets/7")))
        self.assertIsNone(self.find(paths, request("GET", "/v2/pets/7/")))
        self.assertIsNone(self.find(paths, request("GET", "/v2/pets/7/toys")))

    def test_another_version_is_no_counterpart(self):
        index = documents.Index(document({"/pets": {"get": {}}}), place())
        self.assertIsNone(index.counterpart(request("GET", "/v3/pets")))
        self.assertIsNotNone(index.other_version(request("GET", "/v3/pets")))
        self.assertIsNone(index.other_version(request("GET", "/v3/cats")))

    def test_a_slash_stays_in_a_parameter_only_where_the_list_says_so(self):
        paths = {"/{parent}/messages": {"get": {}}}
        sent = request("GET", "/v2/spaces/a/messages")
        self.assertIsNone(self.find(paths, sent))
        found = self.find(paths, sent, slashes=True)
        self.assertEqual("/spaces%2Fa/messages",
                         documents.path_below(found, sent, place(slashes=True)))

    def test_operations_of_one_address_are_told_apart_by_their_marker(self):
        paths = {"/#X-Target=Put": {"post": {}}, "/#Action=List": {"post": {}}}
        put = request("POST", "/v2/", headers={"X-Target": "Put"})
        self.assertEqual("/#X-Target=Put", self.find(paths, put).template)
        listed = request("POST", "/v2/", body="Action=List&Version=1")
        self.assertEqual("/#Action=List", self.find(paths, listed).template)
        self.assertIsNone(self.find(paths, request("POST", "/v2/", body="Action=Drop")))

    def test_the_path_below_the_server_is_sent(self):
        sent = request("GET", "/v2/pets/a%20b")
        found = self.find({"/pets/{id}": {"get": {}}}, sent)
        self.assertEqual("/pets/a%20b", documents.path_below(found, sent, place()))


class Cuts(unittest.TestCase):
    def cut(self, source, template, method="POST", sent=()):
        text = cut.cut(source, [(documents.Operation(method, "/v2", template), sent, place())])
        return json.loads(text)["paths"][template][method.lower()]

    def test_references_are_put_in_and_cycles_end(self):
        node = {"type": "object", "properties": {"name": {"type": "string"},
                                                 "child": {"$ref": "#/components/schemas/Node"}}}
        source = document(
            {"/nodes": {"post": {"requestBody": {"content": {"application/json": {
                "schema": {"$ref": "#/components/schemas/Node"}}}}}}},
            components={"schemas": {"Node": node}})
        schema = self.cut(source, "/nodes")["requestBody"]["content"]["application/json"]["schema"]
        self.assertEqual({"type": "string"}, schema["properties"]["name"])
        self.assertEqual({}, schema["properties"]["child"])

    def test_properties_may_have_the_names_of_words_of_the_format(self):
        schema = {"type": "object", "description": "gone",
                  "properties": {"description": {"type": "string"}, "title": {"type": "string"}}}
        source = document({"/a": {"post": {"requestBody": {"content": {"application/json": {
            "schema": schema}}}}}})
        kept = self.cut(source, "/a")["requestBody"]["content"]["application/json"]["schema"]
        self.assertNotIn("description", kept)
        self.assertEqual({"description", "title"}, set(kept["properties"]))

    def test_objects_that_a_form_does_not_send_are_left_out(self):
        schema = {"type": "object", "properties": {
            "a": {"type": "string"}, "b": {"type": "object", "required": ["x"]}}}
        source = document({"/a": {"post": {"requestBody": {"content": {cut.FORM: {
            "schema": schema, "encoding": {"b": {"style": "deepObject"}}}}}}}})
        form = self.cut(source, "/a", sent=[request("POST", "/v2/a", body="a=1")])
        kept = form["requestBody"]["content"][cut.FORM]["schema"]
        self.assertEqual(["a"], list(kept["properties"]))

    def test_what_the_validator_cannot_compile_is_mended(self):
        self.assertEqual({"oneOf": []}, cut.judgeable({"oneOf": [], "nullable": True}))
        self.assertEqual({}, cut.judgeable({"pattern": r"^[\!a]$"}))
        self.assertEqual({"pattern": r"^\d[\w.-]\u0041$"},
                         cut.judgeable({"pattern": r"^\d[\w.-]\u0041$"}))


class Reasons(unittest.TestCase):
    def excuse(self, said, reasons, kind=proof.REFUSED):
        outcomes = {("acme", "make"): proof.Outcome(kind, "acme.example", tuple(said))}
        wrong = results.excuse(outcomes, {("acme", "make"): reasons} if reasons else {})
        return outcomes["acme", "make"].kind, len(wrong)

    def test_every_refusal_wants_a_reason(self):
        self.assertEqual((proof.REFUSED, 1), self.excuse(["422 body.a: no"], []))
        self.assertEqual((results.EXCUSED, 0), self.excuse(["422 body.a: no"], [(["body.a"], "r")]))
        self.assertEqual((proof.REFUSED, 1),
                         self.excuse(["422 body.a: no", "422 body.b: no"], [(["body.a"], "r")]))

    def test_a_reason_that_nothing_needs_is_wrong(self):
        self.assertEqual((proof.PASSED, 1), self.excuse([], [(["body.a"], "r")], proof.PASSED))
        self.assertEqual((results.EXCUSED, 1),
                         self.excuse(["422 body.a: no"], [(["body.a"], "r"), (["body.z"], "r")]))

    def test_a_proof_that_is_lost_is_told(self):
        stored = {"acme": {"make": [proof.PASSED, "acme.example", "s", "r"]}}
        absent = {("acme", "make"): proof.Outcome(proof.ABSENT)}
        self.assertEqual(1, len(results.lost(stored, absent)))
        self.assertEqual([], results.lost(stored, {("acme", "make"): proof.Outcome(proof.PASSED)}))


class Page(unittest.TestCase):
    def test_a_changed_manifest_makes_its_proof_stale(self):
        providers = manifests.read_all()
        stored = results.read()
        provider, action = next((p, a) for p in providers for a in p.actions
                                if results.kind_now(stored, p, a)[0] == proof.PASSED)
        changed = dataclasses.replace(action, source="00000000")
        self.assertEqual(results.STALE, results.kind_now(stored, provider, changed)[0])

    def test_every_provider_of_the_catalogue_has_a_line(self):
        providers = manifests.read_all()
        text = table.page(providers, results.read(), results.read_exceptions())
        for provider in providers:
            self.assertIn(f"\n| {provider.id} | ", text)
        self.assertNotIn("\n| acme | ", text)

    def test_listed_documents_belong_to_providers_of_the_catalogue(self):
        known = {provider.id for provider in manifests.read_all()}
        self.assertEqual(set(), set(documents.read_list()) - known)


if __name__ == "__main__":
    unittest.main()
