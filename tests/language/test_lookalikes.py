"""Characters that look like others, or like nothing, are named, and the word that they stand in is written anew."""

from __future__ import annotations

import pytest

from archdsl.diagnostics import Diagnostic, Source
from archdsl.diagnostics.apply_fixes import apply_fixes
from archdsl.language.lookalikes import _LIKE
from archdsl.language.parser import parse

TEXT = "model m {{\n  {}\n}}\n"


def problem(statement: str) -> tuple[Source, Diagnostic]:
    source = Source("net.arch", TEXT.format(statement))
    (found,) = parse(source)[1]
    assert found.code.name == "ARC102"
    assert found.span is not None
    assert found.span.line == 2
    return source, found


@pytest.mark.parametrize(
    ("wrong", "right", "named"),
    [
        ("stem = \u0441onv(8)", "stem = conv(8)", "U+0441, cyrillic small letter es) is not the letter `c`"),
        ("stem = \u0441\u043env(8)", "stem = conv(8)", "U+0441, cyrillic small letter es"),
        ("\u0455tem = norm", "stem = norm", "U+0455, cyrillic small letter dze"),
        ("stem = c\u03bfnv(8)", "stem = conv(8)", "U+03BF, greek small letter omicron"),
        ("stem = \uff43\uff4f\uff4e\uff56(8)", "stem = conv(8)", "U+FF43, fullwidth latin small letter c"),
        ("stem = \ufb02atten", "stem = flatten", "U+FB02, latin small ligature fl) is not the letters `fl`"),
        ("stem = con\u200bv(8)", "stem = conv(8)", "U+200B, zero width space, is not shown"),
        ("stem = \u2060conv(8)", "stem = conv(8)", "U+2060, word joiner, is not shown"),
        ("stem = flat\u00adten", "stem = flatten", "U+00AD, soft hyphen, is not shown"),
        ("stem =\u2009conv(8)", "stem = conv(8)", "U+2009, thin space, is not a space of the language"),
        ("stem =\u202fconv(8)", "stem = conv(8)", "U+202F, narrow no-break space"),
        ("stem =\u00a0conv(8)", "stem = conv(8)", "U+00A0, no-break space"),
        ("stem =\u3000conv(8)", "stem = conv(8)", "U+3000, ideographic space"),
        ("\u00a0\u00a0stem = conv(8)", "  stem = conv(8)", "U+00A0, no-break space"),
        ("stem = conv\uff088\uff09", "stem = conv(8)", "U+FF08, fullwidth left parenthesis) is not the `(`"),
        ("stem \uff1d conv(8)", "stem = conv(8)", "U+FF1D, fullwidth equals sign"),
    ],
)
def test_a_look_alike(wrong: str, right: str, named: str) -> None:
    source, found = problem(wrong)
    assert named in found.message
    assert found.help
    assert found.fix is not None
    assert found.fix.is_safe
    for _ in range(3):
        source, _ = apply_fixes(source, parse(source)[1])
    assert source.text == TEXT.format(right)


@pytest.mark.parametrize(
    ("wrong", "advice"),
    [
        ("\u03b1 = 1.2", "names are made of the letters a to z, digits and `_`: `alpha`"),
        ("caf\u00e9 = 1", "names are made of the letters a to z, digits and `_`: `cafe`"),
        ("\u5c42 = 1", "names are made of the letters a to z, digits and `_`"),
        ("depth = w\u00b2", "a power is written `** 2`"),
        ("depth = \u00bd", "a fraction is written `(1 / 2)`"),
        ("depth = 2\u00bc", "a fraction is written `(1 / 4)`"),
    ],
)
def test_what_is_no_look_alike_is_a_suggestion(wrong: str, advice: str) -> None:
    _, found = problem(wrong)
    assert found.help == advice
    assert found.fix is None or not found.fix.is_safe


@pytest.mark.parametrize("character", ["\x00", "\x07", "\x0b", "\x0c", "\x1b", "\x1c", "\x85", "\u2028", "\u2029"])
@pytest.mark.parametrize("statement", ["stem = conv(8{})", "{}stem = conv(8)", "stem = conv(8){}", "stem{} = norm"])
def test_control_characters_and_line_separators_in_code(character: str, statement: str) -> None:
    _, found = problem(statement.format(character))
    assert f"U+{ord(character):04X}" in found.message
    assert found.fix is not None
    assert not found.fix.is_safe


def test_each_looks_like_one_ascii_letter() -> None:
    assert all(not letter.isascii() and like.isascii() and len(like) == 1 for letter, like in _LIKE.items())
