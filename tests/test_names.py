"""The compiler knows no network: whatever distinguishes one from another stands in its `.arch` file."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import archdsl
from archdsl.diagnostics import Source
from archdsl.language import tree
from archdsl.language.parser import parse

ROOT = Path(__file__).parents[1]
_WORD = re.compile(r"[a-z_][a-z0-9_]*")
# What help texts show for example.
_EXAMPLE = re.compile(r"(specs|recipes)/\S+|timm:\S+")


def declared(folder: Path) -> Iterator[str]:
    """The models and blocks of a folder's files."""
    for path in folder.glob("*.arch"):
        module, _ = parse(Source(path.name, path.read_text(encoding="utf-8")))
        yield from (item.name.text for item in module.items if isinstance(item, tree.Model | tree.Block))


def mentioned(path: Path) -> Iterator[str]:
    """The words of a Python file's names and strings; prose, which is docstrings and comments, aside."""
    module = ast.parse(path.read_text(encoding="utf-8"))
    prose = set()
    for node in ast.walk(module):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            prose.add(node.value)
    for node in ast.walk(module):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in prose:
            yield from _WORD.findall(_EXAMPLE.sub("", node.value.lower()))
        for name in ("id", "attr", "arg", "name"):
            if isinstance(text := getattr(node, name, None), str):
                yield text.lower()


def test_no_python_file_knows_a_network() -> None:
    names = {*declared(archdsl.specs_folder()), *declared(ROOT / "examples"), *declared(ROOT / "archdsl" / "stdlib")}
    assert {"efficientnet", "shuffle_unit", "mbconv"} <= names
    known = {
        (str(path.relative_to(ROOT)), word)
        for path in sorted((ROOT / "archdsl").rglob("*.py"))
        for word in mentioned(path)
        if word in names
    }
    assert not known
