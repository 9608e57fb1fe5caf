"""What each name of a file means: what the editor shows, finds and renames, for files that say all that can be said."""

from __future__ import annotations

from pathlib import Path

import pytest

from archdsl.diagnostics import Problems
from archdsl.elaborate.check.files import resolve_names
from archdsl.elaborate.resolve.symbols import Occurrence, Symbol, file_of
from archdsl.folders import examples_folder, specs_folder
from archdsl.sources import read
from archdsl.uses import environment_of
from tests.golden import assert_golden

HERE = Path(__file__).parent
FILES = [
    HERE.parent / "every_statement.arch",
    *(specs_folder() / f"{name}.arch" for name in ("ablations", "efficientnet", "mnasnet_space", "nfnet")),
    examples_folder() / "inception.arch",
]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_meanings(path: Path, pytestconfig: pytest.Config) -> None:
    found = resolve_names(environment_of(read(path), Problems()))
    text = "".join(f"{each.span.line}:{each.span.column} {_text(each)}\n" for each in found)
    assert_golden(text, HERE / "golden" / f"{path.stem}.txt", pytestconfig)


def _text(found: Occurrence) -> str:
    """The name, whether it is defined there, and what it means: its kind, its owner and where it is defined first."""
    return f"{found.span.text} {'is' if found.is_definition else '->'} {' | '.join(map(_symbol, found.symbols))}"


def _symbol(symbol: Symbol) -> str:
    owner = f" of {symbol.owner}" if symbol.owner else ""
    span = symbol.first or symbol.span
    place = f" at {file_of(span.source).name}:{span.line}" if span else ""
    return f"{symbol.kind} {symbol.name}{owner}{place}"
