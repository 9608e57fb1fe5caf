"""Fixes applied to a text."""

from archdsl.diagnostics import Diagnostic, Edit, Fix, Source, Span
from archdsl.diagnostics.apply_fixes import apply_fixes
from archdsl.diagnostics.codes import UNKNOWN_NAME

SOURCE = Source("net.arch", "one two three")


def problem(*edits: tuple[int, int, str], source: Source = SOURCE) -> Diagnostic:
    fix = Fix("apply_fixes", tuple(Edit(Span(source, start, end), text) for start, end, text in edits))
    return Diagnostic(UNKNOWN_NAME, "unknown", fix.edits[0].span, fix=fix)


def test_fixes_apart() -> None:
    first, second = problem((0, 3, "1")), problem((4, 7, "two and a half"))
    source, applied = apply_fixes(SOURCE, [first, second])
    assert source.text == "1 two and a half three"
    assert source.name == "net.arch"
    assert applied == (first, second)


def test_of_two_that_touch_the_first_is_made() -> None:
    first = problem((0, 5, "1"))
    for second in (problem((4, 7, "2")), problem((5, 5, "2")), problem((8, 13, "3"), (2, 3, "x"))):
        source, applied = apply_fixes(SOURCE, [first, second])
        assert source.text == "1wo three"
        assert applied == (first,), "a fix is made as a whole or not at all"


def test_a_fix_in_another_file_is_left_to_it() -> None:
    other = Source("net.arch", SOURCE.text)
    source, applied = apply_fixes(SOURCE, [problem((0, 3, "1"), source=other)])
    assert (source.text, applied) == (SOURCE.text, ())


def test_nothing_to_mend() -> None:
    source, applied = apply_fixes(SOURCE, [Diagnostic(UNKNOWN_NAME, "unknown", None)])
    assert (source.text, applied) == (SOURCE.text, ())
