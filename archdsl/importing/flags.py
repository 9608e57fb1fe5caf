"""Block strings: words with `_` between, most of them a letter or two and a number. Nothing in one is passed over."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from archdsl.diagnostics import Span, did_you_mean
from archdsl.diagnostics.codes import BAD_VALUE, DUPLICATE_NAME, MISSING_ARGUMENT, SYNTAX, UNKNOWN_ARGUMENT
from archdsl.importing.mistakes import Mistakes, each
from archdsl.importing.rows import Number, refusal

_FLAG = re.compile(r"([a-z]+)(\d{1,9}(?:\.\d{1,9})?)")


@dataclass(frozen=True)
class Flags:
    """The flags of one block string, by letter; `words` are those without a number."""

    span: Span
    numbers: Mapping[str, Number]
    words: Mapping[str, Span]

    def need_all(self, letters: Mapping[str, str], needed: str) -> dict[str, Number]:
        """Whole numbers from 1 for the `needed` ones of `letters`. Raises Failure with all that are none."""
        return dict(zip(needed, each(needed, lambda letter: self.need(letter, letters[letter])), strict=True))

    def need(self, letter: str, what: str) -> Number:
        """A whole number from 1. Raises Failure when it is missing or is none."""
        found = self.numbers.get(letter)
        if found is None:
            help = f"`{letter}` is the {what}: `{letter}3`"
            raise refusal(MISSING_ARGUMENT, f"the {what} is missing", self.span, help=help)
        return counted(found, what)


def counted(number: Number, what: str) -> Number:
    """A whole number from 1. Raises Failure for any other."""
    if number.value != int(number.value) or number.value < 1:
        raise refusal(BAD_VALUE, f"the {what} is a whole number from 1", number.span)
    return number


def parts(string: Span) -> list[Span]:
    """The words of a block string. Raises Failure where there are two `_` in a row, or one at an end."""
    found = []
    start = string.start
    for text in string.text.split("_"):
        span = Span(string.source, start, start + len(text))
        if not text:
            around = Span(string.source, max(span.start - 1, string.start), min(span.end + 1, string.end))
            raise refusal(SYNTAX, "there is nothing between two `_`" if string.text else "an empty string", around)
        found.append(span)
        start = span.end + 1
    return found


def flags(
    string: Span, words: list[Span], letters: Mapping[str, str], plain: Collection[str], others: Mapping[str, str]
) -> Flags:
    """The flags that words mean. `letters` go with a number and are told what they say; `plain` words stand alone;
    `others` are known to the notation and have no meaning here, with the reason. Raises Failure for everything else.
    """
    numbers: dict[str, Number] = {}
    alone: dict[str, Span] = {}
    mistakes = Mistakes()

    def read(word: Span) -> None:
        match = _FLAG.fullmatch(word.text)
        name = match[1] if match else word.text
        if name in numbers or name in alone:
            raise refusal(DUPLICATE_NAME, f"`{name}` is given twice", word)
        if name in others:
            raise refusal(UNKNOWN_ARGUMENT, f"`{word.text}` cannot be imported: {others[name]}", word)
        if match and name in letters:
            numbers[name] = Number(float(match[2]), Span(word.source, word.start + len(name), word.end))
        elif not match and name in plain:
            alone[name] = word
        else:
            raise _unknown(word, name, [*letters, *plain], letters)

    for word in words:
        with mistakes.apart():
            read(word)
    mistakes.tell()
    return Flags(string, numbers, alone)


def _unknown(word: Span, name: str, known: list[str], letters: Mapping[str, str]) -> Exception:
    letter = re.match(r"[a-z]*", word.text)
    if letter and letter[0] in letters:
        message = f"`{word.text}` has no number that can be read"
        return refusal(BAD_VALUE, message, word, help=f"`{letter[0]}` is the {letters[letter[0]]}: `{letter[0]}3`")
    help = did_you_mean(name, known) or f"the flags are {', '.join(known)}"
    return refusal(UNKNOWN_ARGUMENT, f"unknown flag `{word.text}`", word, help=help)
