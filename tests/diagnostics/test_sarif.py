"""Diagnostics as SARIF: what the standard requires, and what code scanning reads, is there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from archdsl.diagnostics import Diagnostic, Edit, Fix, Note, Source, Span
from archdsl.diagnostics.codes import ALL, CANNOT_READ, UNKNOWN_BLOCK
from archdsl.diagnostics.sarif import sarif

SOURCE = Source("folder/net.arch", "one\ntwo mbcnv\n")
PLACE = Span(SOURCE, 8, 13)


def run_of(*diagnostics: Diagnostic) -> dict[str, Any]:
    document = json.loads(sarif(diagnostics))
    assert document["version"] == "2.1.0"
    assert document["$schema"].endswith("sarif-2.1.0.json")
    (run,) = document["runs"]
    assert run["tool"]["driver"]["name"] == "archdsl"
    assert run["columnKind"] == "unicodeCodePoints"
    assert isinstance(run["invocations"][0]["executionSuccessful"], bool)
    return dict(run)


def test_a_result() -> None:
    notes = (Note("first here", Span(SOURCE, 0, 3)), Note("without a place"))
    fix = Fix("replace `mbcnv` by `mbconv`", (Edit(PLACE, "mbconv"),))
    run = run_of(
        Diagnostic(UNKNOWN_BLOCK, "unknown block `mbcnv`", PLACE, "not defined", notes, "did you mean ...", fix)
    )
    artifact = {"uri": "folder/net.arch"}
    region = {"startLine": 2, "startColumn": 5, "endLine": 2, "endColumn": 10}
    first = {"startLine": 1, "startColumn": 1, "endLine": 1, "endColumn": 4}
    assert run["results"] == [
        {
            "ruleId": "ARC202",
            "ruleIndex": 0,
            "level": "error",
            "message": {"text": "unknown block `mbcnv`\nwithout a place\ndid you mean ..."},
            "locations": [
                {
                    "physicalLocation": {"artifactLocation": artifact, "region": region},
                    "message": {"text": "not defined"},
                }
            ],
            "relatedLocations": [
                {
                    "physicalLocation": {"artifactLocation": artifact, "region": first},
                    "message": {"text": "first here"},
                }
            ],
            "fixes": [
                {
                    "description": {"text": "replace `mbcnv` by `mbconv`"},
                    "artifactChanges": [
                        {
                            "artifactLocation": artifact,
                            "replacements": [{"deletedRegion": region, "insertedContent": {"text": "mbconv"}}],
                        }
                    ],
                }
            ],
        }
    ]


def test_rules_tell_what_the_codes_mean() -> None:
    run = run_of(*[Diagnostic(code, "no", PLACE) for code in (*ALL, *ALL)])
    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == [code.name for code in ALL]
    for rule, code in zip(rules, ALL, strict=True):
        assert rule["shortDescription"]["text"] == code.title
        assert rule["fullDescription"]["text"]
        assert "Wrong:" in rule["help"]["text"]
        assert "```" in rule["help"]["markdown"]
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]


def test_what_has_no_place_is_no_result() -> None:
    """GitHub refuses a file in which a result has no location."""
    run = run_of(Diagnostic(CANNOT_READ, "cannot read x", None, help="did you mean y"))
    assert run["results"] == []
    assert run["invocations"] == [
        {
            "executionSuccessful": False,
            "toolExecutionNotifications": [
                {
                    "descriptor": {"id": "ARC901"},
                    "level": "error",
                    "message": {"text": "cannot read x\ndid you mean y"},
                }
            ],
        }
    ]


def test_the_library_is_named_and_not_linked() -> None:
    inside = Note("met here", Span(Source("<library>/blocks.arch", "one\n"), 0, 3))
    (result,) = run_of(Diagnostic(UNKNOWN_BLOCK, "no", PLACE, notes=(inside,)))["results"]
    assert "relatedLocations" not in result
    assert "met here (<library>/blocks.arch:1:1)" in result["message"]["text"]


def test_nothing_wrong() -> None:
    run = run_of()
    assert run["results"] == run["tool"]["driver"]["rules"] == []
    assert run["invocations"][0]["executionSuccessful"]


@pytest.mark.parametrize("name", ["c:d.arch", "100%.arch", "two\nlines.arch", "a b#c?d.arch", "日本.arch", "<stdin>"])
def test_a_name_becomes_a_relative_uri(name: str) -> None:
    (result,) = run_of(Diagnostic(UNKNOWN_BLOCK, "no", Span(Source(name, "one"), 0, 3)))["results"]
    uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert uri.isascii()
    assert not set(uri) & set(":#?<> \n"), "characters that would make it another URI, or none"
    assert unquote(uri) == name


def test_an_absolute_name_becomes_a_file_uri(tmp_path: Path) -> None:
    path = tmp_path / "a b.arch"
    (result,) = run_of(Diagnostic(UNKNOWN_BLOCK, "no", Span(Source(str(path), "one"), 0, 3)))["results"]
    uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert uri == f"file://{tmp_path}/a%20b.arch"
