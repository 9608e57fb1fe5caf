"""Letters of other alphabets that look like Latin ones, spaces other than the plain one, and invisible characters.

They come with text that was copied from a PDF or a web page, and nobody sees them: a diagnostic names them.
"""

from __future__ import annotations

import re
import unicodedata

from archdsl.diagnostics import Diagnostic, Edit, Fix, Span
from archdsl.language.errors import (
    ControlCharacter,
    ForeignSpace,
    InvisibleCharacter,
    NotLatin,
    NotLetter,
    NotPlainCharacter,
    UnexpectedCharacter,
)

# Of Unicode's confusable characters those of the alphabets that people have on their keyboards.
_CYRILLIC = dict(zip("аАВсСԁеЕЁёҺһНіІїјЈКӏмМоОрРԛѕЅтТуУѵԝхХ", "aABcCdeEEehhHiIijJKlmMoOpPqsStTyYvwxX", strict=True))
_GREEK = dict(zip("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧαγηικνορτυχω", "ABEZHIKMNOPTYXaynikvoptuxw", strict=True))
_LIKE = {**_CYRILLIC, **_GREEK, "ı": "i", "ɡ": "g", "ⅼ": "l"}
_PLAIN = re.compile(r"[A-Za-z0-9_]+")
# A word with whatever is not shown in it.
_WORD = re.compile(r"[\w\u00ad\u034f\u061c\u180e\u200b-\u200f\u2060-\u2064\ufeff]+")
_SUPERSCRIPTS = {ord(shown): str(digit) for digit, shown in enumerate("⁰¹²³⁴⁵⁶⁷⁸⁹")}


def look_alike(place: Span) -> Diagnostic | None:
    """The diagnostic for a character beyond ASCII that is not part of the language; None for one within."""
    character = place.text
    if character.isascii() and character.isprintable():
        return None
    number, name = f"U+{ord(character):04X}", unicodedata.name(character, "a control character").lower()
    kind = unicodedata.category(character)
    if kind == "Zs":
        return ForeignSpace(number, name).at(place, fix=Fix("write a space", (Edit(place, " "),)))
    if kind in ("Cc", "Zl", "Zp"):
        fix = Fix(f"remove {number}", (Edit(place, ""),), is_safe=False)
        return ControlCharacter(number, name).at(place, fix=fix)
    if (fraction := _fraction(place)) is not None:
        return fraction
    word = _word(place)
    latin = _latin(word.text)
    if kind in ("Cf", "Mn") and not character.isspace():
        return InvisibleCharacter(number, name, latin).at(place, fix=_rewriting(word, latin))
    if character.translate(_SUPERSCRIPTS) != character:
        power = character.translate(_SUPERSCRIPTS)
        fix = Fix(f"write `** {power}`", (Edit(place, f" ** {power}"),), is_safe=False)
        return UnexpectedCharacter(f"`{character}`").at(place, help=f"a power is written `** {power}`", fix=fix)
    if not character.isalnum():
        plain = unicodedata.normalize("NFKC", character)
        if plain != character and plain.isascii():
            fix = Fix(f"write `{plain}`", (Edit(place, plain),))
            return NotPlainCharacter(_shown(character), plain).at(place, fix=fix)
        return UnexpectedCharacter(_shown(character)).at(place)
    if latin and _PLAIN.sub("", word.text) == word.text and all(letter in _GREEK for letter in word.text):
        latin = ""  # a word of Greek letters, such as a lone alpha, is meant to be Greek
    if latin:
        return NotLatin(_shown(character), _latin(character), latin).at(place, fix=_rewriting(word, latin))
    written = _transcribed(word.text)
    suggestion = Fix(f"write `{written}`", (Edit(word, written),), is_safe=False) if written else None
    return NotLetter(_shown(character), written).at(place, fix=suggestion)


def _fraction(place: Span) -> Diagnostic | None:
    """The diagnostic for a fraction of one letter, such as one half; None for anything else."""
    above, slash, below = unicodedata.normalize("NFKC", place.text).partition("\u2044")
    if not slash:
        return None
    written = f"({above} / {below})"
    is_alone = not place.source.text[place.start - 1 : place.start].isalnum()
    fix = Fix(f"write `{written}`", (Edit(place, written),), is_safe=False) if is_alone else None
    return UnexpectedCharacter(_shown(place.text)).at(place, help=f"a fraction is written `{written}`", fix=fix)


def _rewriting(word: Span, latin: str) -> Fix:
    return Fix(f"write `{latin}`" if latin else "remove it", (Edit(word, latin),))


def _shown(character: str) -> str:
    return f"`{character}` (U+{ord(character):04X}, {unicodedata.name(character, 'without a name').lower()})"


def _word(place: Span) -> Span:
    """The whole word that a character is in: once one of its letters is copied, others are, too."""
    text = place.source.text
    first = max(text.rfind("\n", 0, place.start) + 1, place.start - 100)
    for match in _WORD.finditer(text, first, place.end + 100):
        if match.start() <= place.start < match.end():
            return Span(place.source, *match.span())
    return place


def _latin(word: str) -> str:
    """A word in the letters that it looks to be written in; "" where it does not look like one."""
    letters = []
    for letter in word:
        like = _LIKE.get(letter) or unicodedata.normalize("NFKC", letter)
        if unicodedata.category(letter) in ("Cf", "Mn"):
            like = ""
        letters.append(like)
    latin = "".join(letters)
    return latin if _PLAIN.fullmatch(latin) else ""


def _transcribed(word: str) -> str:
    """The nearest that Latin letters come to a word: `alpha`, `e` for one with an accent."""
    letters = []
    for letter in word:
        name = unicodedata.name(letter, "")
        if name.startswith("GREEK") and " LETTER " in name:
            letters.append(name.split(" LETTER ")[1].split()[0].lower())
        else:
            letters.append("".join(filter(str.isascii, unicodedata.normalize("NFKD", letter))))
    written = "".join(letters)
    return written if _PLAIN.fullmatch(written) else ""
