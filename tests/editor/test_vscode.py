"""The extension for Visual Studio Code: its files are what they say, its grammar reads every shipped text."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from archdsl.elaborate.check.models import SPECIAL
from archdsl.elaborate.resolve.words import SETTINGS
from archdsl.folders import library_folder, specs_folder

ROOT = Path(__file__).parent.parent.parent
EXTENSION = ROOT / "editors" / "vscode"
SHIPPED = [*specs_folder().glob("*.arch"), *ROOT.joinpath("examples").glob("*.arch"), *library_folder().glob("*.arch")]
GRAMMAR = json.loads((EXTENSION / "syntaxes" / "arch.tmLanguage.json").read_text(encoding="utf-8"))


def rules() -> list[tuple[re.Pattern[str], dict[str, Any]]]:
    """The rules of the grammar in their order; it has none that go over several lines."""
    groups = [GRAMMAR["repository"][include["include"].removeprefix("#")] for include in GRAMMAR["patterns"]]
    return [(re.compile(rule["match"]), rule) for group in groups for rule in group["patterns"]]


def scopes(line: str) -> Iterator[tuple[str, str]]:
    """The parts of a line with their scopes, as an editor finds them: the first rule that matches earliest wins."""
    position = 0
    while position < len(line):
        found = [(match.start(), order, match, rule) for order, (pattern, rule) in enumerate(rules())
                 if (match := pattern.search(line, position)) and match.end() > match.start()]  # fmt: skip
        if not found:
            break
        start, _, match, rule = min(found, key=lambda each: each[:2])
        if line[position:start].strip():
            yield line[position:start].strip(), "none"
        for number, capture in rule.get("captures", {}).items():
            yield match.group(int(number)), capture["name"]
        if "name" in rule:
            yield match.group().strip(), rule["name"]
        position = match.end()
    if line[position:].strip():
        yield line[position:].strip(), "none"


@pytest.mark.parametrize("path", sorted(SHIPPED), ids=lambda path: path.name)
def test_every_text_has_scopes(path: Path) -> None:
    for line in path.read_text(encoding="utf-8").splitlines():
        assert [text for text, scope in scopes(line) if scope == "none"] == []


@pytest.mark.parametrize(
    ("line", "text", "scope"),
    [
        ("block mbconv(channels) {", "mbconv", "entity.name.function.arch"),
        ("extern block deform(channels) {", "extern block", "storage.type.block.arch"),
        ("extern block deform(channels) {", "deform", "entity.name.function.arch"),
        ("model a extends b.c {", "b", "entity.other.inherited-class.arch"),
        ("variants a {", "variants", "storage.type.model.arch"),
        ('use "x.arch"', "use", "keyword.control.import.arch"),
        ("  stages 1..3 { op = conv }", "stages", "keyword.other.table.arch"),
        ("  stages {", "stages", "keyword.other.table.arch"),
        ("  require macs == 5G +- 1%", "1%", "constant.numeric.arch"),
        ("  a = 5 % 3", "%", "keyword.operator.arch"),
        ("  input = 3 x size x size", "x", "keyword.operator.cross.arch"),
        ("  input = 3 x size x size", "input", "support.variable.model.arch"),
        ("    -> conv(3) when not x # why", "# why", "comment.line.number-sign.arch"),
        ("    -> conv(3) when not x # why", "when", "keyword.control.arch"),
        ("  if = 3", "if", "variable.parameter.arch"),
        ("  | 050 | 1.0 |", "050", "constant.numeric.arch"),
        ("## it's", "## it's", "comment.line.documentation.arch"),
    ],
)
def test_scopes(line: str, text: str, scope: str) -> None:
    assert (text, scope) in list(scopes(line))


def test_the_settings_are_those_of_the_language() -> None:
    named = {word: scope for word in (*SETTINGS, *SPECIAL) for text, scope in scopes(f"  {word} = 1") if text == word}
    assert {scope.split(".")[0] for scope in named.values()} == {"support"}


def test_the_manifest_names_files_that_are_there() -> None:
    manifest = json.loads((EXTENSION / "package.json").read_text(encoding="utf-8"))
    [language], [grammar] = manifest["contributes"]["languages"], manifest["contributes"]["grammars"]
    for name in (manifest["main"], language["configuration"], grammar["path"], "README.md", "LICENSE"):
        assert (EXTENSION / name).is_file(), name
    assert grammar["scopeName"] == GRAMMAR["scopeName"] == "source.arch"
    configuration = json.loads((EXTENSION / "language-configuration.json").read_text(encoding="utf-8"))
    for rule in configuration["indentationRules"].values():
        re.compile(rule)
