"""What the check of names finds by itself: what a later stage finds as well would hide what is missed here."""

from __future__ import annotations

from contextlib import chdir
from pathlib import Path

import pytest

from archdsl.compiler import link_source, read
from archdsl.diagnostics import DiagnosticError
from archdsl.diagnostics.render import concise
from tests.golden import assert_golden

HERE = Path(__file__).parent
MISTAKES = HERE.parents[1] / "errors"


def test_mistakes_in_names(pytestconfig: pytest.Config) -> None:
    lines = []
    with chdir(MISTAKES):
        for path in sorted(Path().glob("*.arch")):
            try:
                linked = link_source(read(path))
            except DiagnosticError:
                continue  # not a text
            found = (*linked.problems, *linked.warnings)
            lines.append(f"{path.name}: {len(found)}")
            for one in found:
                lines.append(concise(one) + (f" [{one.fix.title}]" if one.fix else ""))
                lines += [f"  note: {note.text}" for note in one.notes] + ([f"  help: {one.help}"] if one.help else [])
    assert_golden("\n".join(lines) + "\n", HERE / "golden" / "alone.txt", pytestconfig)
