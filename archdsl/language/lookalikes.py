"""Letters of other alphabets that look like Latin ones, spaces that are none, and characters that are not shown at all.

They come with text that was copied from a PDF or a web page, and nobody sees them: a diagnostic names them.
"""

from __future__ import annotations

import re
import unicodedata

from archdsl.diagnostics import Diagnostic, Edit, Fix, Span
from archdsl.diagnostics.codes import BAD_CHARACTER

# Of Unicode's confusable characters those of the alphabets that people have on their keyboards.
_CYRILLIC = dict(zip("аАВсСԁеЕЁёҺһНіІїјЈКӏмМоОрРԛѕЅтТуУѵԝхХ", "aABcCdeEEehhHiIijJKlmMoOpPqsStTyYvwxX", strict=True))
_GREEK = dict(zip("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧαγηικνορτυχω", "ABEZHIKMNOPTYXaynikvoptuxw", strict=True))
_LIKE = {**_CYRILLIC, **_GREEK, "ı": "i", "ɡ": "g", "ⅼ": "l"}
_PLAIN = re.compile(r"[A-Za-z0-9_]+")
# A word with whatever is not shown in it.
_WORD = re.compile(r"[\w\u00ad\u034f\u061c\u180e\u200b-\u200f\u2060-\u2064\ufeff]+")
_SUPERSCRIPTS = {ord(shown): str(digit) for digit, shown in enumerate("⁰¹²³⁴⁵⁶⁷⁸⁹")}


def look_alike(place: Span) -> Diagnostic | None:
    """What is said of a character beyond ASCII that is no part of the language; None for one within."""
    character = place.text
    if character.isascii() and character.isprintable():
        return None
    number, name = f"U+{ord(character):04X}", unicodedata.name(character, "a control character").lower()
    kind = unicodedata.category(character)
    if kind == "Zs":
        message, help = f"{number}, {name}, is no space of the language", "write a space"
        return _diagnostic(place, message, help, Fix(help, (Edit(place, " "),)))
    if kind in ("Cc", "Zl", "Zp"):
        message = f"{number}, {name}, is not shown as it is and has no meaning here"
        return _diagnostic(place, message, "take it out", Fix(f"take {number} out", (Edit(place, ""),), is_safe=False))
    word = _word(place)
    latin = _latin(word.text)
    if kind in ("Cf", "Mn") and not character.isspace():
        message = f"{number}, {name}, is not shown and has no meaning here"
        help = f"write `{latin}` without it" if latin else "take it out"
        return _diagnostic(place, message, help, _rewriting(word, latin))
    if character.translate(_SUPERSCRIPTS) != character:
        power = character.translate(_SUPERSCRIPTS)
        fix = Fix(f"write `** {power}`", (Edit(place, f" ** {power}"),), is_safe=False)
        return _diagnostic(place, f"`{character}` has no meaning here", f"a power is written `** {power}`", fix)
    if not character.isalnum():
        plain = unicodedata.normalize("NFKC", character)
        if plain != character and plain.isascii():
            fix = Fix(f"write `{plain}`", (Edit(place, plain),))
            message = f"{_shown(character)} is not the `{plain}` of the language"
            return _diagnostic(place, message, f"write `{plain}`", fix)
        return _diagnostic(place, f"{_shown(character)} has no meaning here", None, None)
    if latin and _PLAIN.sub("", word.text) == word.text and all(letter in _GREEK for letter in word.text):
        latin = ""  # a word of Greek letters, such as a lone alpha, is meant to be Greek
    if latin:
        like = _latin(character)
        message = f"{_shown(character)} is not the letter{'s' if len(like) > 1 else ''} `{like}`"
        return _diagnostic(place, message, f"write `{latin}` in Latin letters", _rewriting(word, latin))
    written = _transcribed(word.text)
    help = "names are made of the letters a to z, digits and `_`" + (f": `{written}`" if written else "")
    suggestion = Fix(f"write `{written}`", (Edit(word, written),), is_safe=False) if written else None
    return _diagnostic(place, f"{_shown(character)} is no letter of the language", help, suggestion)


def _diagnostic(place: Span, message: str, help: str | None, fix: Fix | None) -> Diagnostic:
    return Diagnostic(BAD_CHARACTER, message, place, help=help, fix=fix)


def _rewriting(word: Span, latin: str) -> Fix:
    return Fix(f"write `{latin}`" if latin else "take it out", (Edit(word, latin),))


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
    """A word in the letters that it looks to be written in; "" where it looks like none."""
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
