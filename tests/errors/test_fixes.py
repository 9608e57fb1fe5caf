"""Each fix of a mistake in this folder, made by itself: the mistake is gone and no other came."""

from __future__ import annotations

from collections import Counter
from contextlib import chdir

import pytest

from archdsl.compiler import compile_source
from archdsl.diagnostics import Diagnostic
from archdsl.diagnostics.apply_fixes import apply_fixes
from archdsl.sources import read
from tests.errors.test_golden import FILES, FOLDER

# In these a mistake hides behind one that is fixed: a file that is not there, a cycle of files, a column that no block
# has, in a table whose blocks were not all known, a second mistake in a statement that could not be read.
HIDING = {
    "bad_quotes.arch",
    "use_not_found.arch",
    "many_problems.arch",
    "other_languages.arch",
    "other_notations.arch",
    "syntax_in_one_item.arch",
    "typeset.arch",
}


def said(diagnostics: tuple[Diagnostic, ...]) -> Counter[str]:
    return Counter(f"{diagnostic.code.name} {diagnostic.message}" for diagnostic in diagnostics)


SOUND = [name for name in FILES if name != "not_text.arch"]


@pytest.mark.parametrize("name", SOUND)
def test_each_fix_mends(name: str) -> None:
    with chdir(FOLDER):
        source = read(name)
        before = compile_source(source).problems
        fixed = [one for one in before if one.fix is not None]
        made = [apply_fixes(source, [one]) for one in fixed]
        outcomes = [compile_source(changed).problems for changed, _ in made]
    for one, (_, applied), after in zip(fixed, made, outcomes, strict=True):
        if not applied:
            assert one.fix is not None
            assert one.fix.edits[0].span.source is not source, "a fix that is not made is for another file"
            continue
        assert said(before) - said(after), "the mistake is gone"
        if name not in HIDING:
            assert said(after) - said(before) == Counter(), "no other came"


def test_enough_of_them_have_one() -> None:
    with chdir(FOLDER):
        found = [one.fix for name in SOUND for one in compile_source(read(name)).problems]
    assert sum(fix is not None for fix in found) >= 30
