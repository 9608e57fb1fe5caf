"""Text as TeX that shows exactly it: nothing in it is a command, a group, mathematics, a comment or a ligature.

What comes out is ASCII, so that no encoding of a document changes it.
"""

from __future__ import annotations

import re
import unicodedata

from archdsl.backends.diagram.style import plain

_CHARACTERS = {
    **{character: f"\\{character}" for character in "{}$&#%_"},
    "\\": r"\textbackslash{}",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
    "'": r"\textquotesingle{}",
    "`": r"\`{}",  # an accent over nothing: fewer fonts have the sign itself
    "·": r"\textperiodcentered{}",
    "–": r"\textendash{}",
    "—": r"\textemdash{}",
    "…": r"\textellipsis{}",
    "→": r"\ensuremath{\rightarrow}",
    "×": r"\ensuremath{\times}",
    "÷": r"\ensuremath{\div}",
    "ß": r"\ss{}",
    "æ": r"\ae{}",
    "Æ": r"\AE{}",
    "œ": r"\oe{}",
    "Œ": r"\OE{}",
    "ø": r"\o{}",
    "Ø": r"\O{}",
    "ł": r"\l{}",
    "Ł": r"\L{}",
}
_ACCENTS = {
    "\u0300": "`", "\u0301": "'", "\u0302": "^", "\u0303": "~", "\u0304": "=", "\u0306": "u", "\u0307": ".",
    "\u0308": '"', "\u030a": "r", "\u030b": "H", "\u030c": "v", "\u0327": "c", "\u0328": "k",
}  # fmt: skip
# Pairs that fonts of TeX join: `--`, `,,`, `?` and `!` before a quotation mark, which is written as a command anyhow.
_LIGATURES = re.compile(r"([-,])(?=[-,])")

# A character by its number, where the engine and the font have it; pdfTeX shows the number.
OTHER = r"""\providecommand{\archdslchar}[1]{\ifdefined\Umathchardef\char"#1\relax\else[U+#1]\fi}"""


def escape(text: str) -> str:
    """One line of text."""
    return "".join(map(_character, _LIGATURES.sub("\\1\0", plain(text))))


def _character(character: str) -> str:
    if character == "\0":
        return "{}"
    known = _CHARACTERS.get(character)
    if known is not None:
        return known
    if character.isascii():
        return character
    letter, *accents = tuple(unicodedata.normalize("NFD", character))
    if len(accents) == 1 and accents[0] in _ACCENTS and letter.isascii() and letter.isalpha():
        # The dots of i and j give way to the accent.
        base = rf"\{letter}" if letter in "ij" and accents[0] not in "\u0327\u0328" else letter
        return rf"\{_ACCENTS[accents[0]]}{{{base}}}"
    return rf"\archdslchar{{{ord(character):04X}}}"
