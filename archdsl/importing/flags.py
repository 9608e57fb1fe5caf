"""Block strings: words with `_` between, most of them a letter or two and a number. Nothing in one is ignored."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from archdsl.diagnostics import DiagnosticError, Span, did_you_mean
from archdsl.importing.mistakes import Mistakes
from archdsl.importing.notation_errors import (
    EmptyString,
    EmptyWord,
    FlagGivenTwice,
    FlagWithoutNumber,
    MissingFlag,
    NotWholeNumber,
    SeveralKernels,
    UnknownFlag,
    UnsupportedFlag,
)
from archdsl.importing.rows import Number

_FLAG = re.compile(r"([a-z]+)(\d{1,9}(?:\.\d{1,9})?)")


class Flags:
    """The flags of one block string, by letter; `words` are those without a number. What is not understood is kept in
    `mistakes`, and the rest is looked at all the same."""

    def __init__(self, span: Span):
        self.span = span
        self.numbers: dict[str, Number] = {}
        self.words: dict[str, Span] = {}
        self.mistakes = Mistakes()
        self._has_unread = False

    def read(
        self, words: list[Span], letters: Mapping[str, str], plain: Collection[str], others: Mapping[str, str]
    ) -> None:
        """Reads words. `letters` go with a number and are given with what they say; `plain` words stand alone; `others`
        are known to the notation and have no meaning here, with the reason."""
        for word in words:
            with self.mistakes.apart():
                self._read(word, letters, plain, others)

    def _read(self, word: Span, letters: Mapping[str, str], plain: Collection[str], others: Mapping[str, str]) -> None:
        match = _FLAG.fullmatch(word.text)
        name = match[1] if match else word.text
        if name in self.numbers or name in self.words:
            raise FlagGivenTwice(name).error(word)
        if name in others:
            raise UnsupportedFlag(word.text, others[name]).error(word)
        if match and name in letters:
            self.numbers[name] = Number(float(match[2]), Span(word.source, word.start + len(name), word.end))
        elif not match and name in plain:
            self.words[name] = word
        else:
            self._has_unread = True
            raise _unknown(word, name, [*letters, *plain], letters)

    def check_counts(self, letters: Mapping[str, str], needed: str) -> None:
        """Keeps which of the `needed` letters are missing or not a whole number from 1."""
        self.mistakes.each(needed, lambda letter: counted(self.need(letter, letters), letters[letter]))

    def need(self, letter: str, letters: Mapping[str, str]) -> Number:
        """The number of a letter. Raises DiagnosticError when it is missing; without a diagnostic where a flag that
        could not be read may be the missing one."""
        found = self.numbers.get(letter)
        if found is None:
            if self._has_unread:
                raise DiagnosticError(())
            raise MissingFlag(letter, letters[letter]).error(self.span)
        return found


def counted(number: Number, what: str) -> Number:
    """A whole number from 1. Raises DiagnosticError for any other."""
    if number.value != int(number.value) or number.value < 1:
        raise NotWholeNumber(what).error(number.span)
    return number


def parts(string: Span) -> list[Span]:
    """The words of a block string. Raises DiagnosticError where there are two `_` in a row, or one at an end."""
    found = []
    start = string.start
    for text in string.text.split("_"):
        span = Span(string.source, start, start + len(text))
        if not text:
            around = Span(string.source, max(span.start - 1, string.start), min(span.end + 1, string.end))
            raise (EmptyWord() if string.text else EmptyString()).error(around)
        found.append(span)
        start = span.end + 1
    return found


def _unknown(word: Span, name: str, known: list[str], letters: Mapping[str, str]) -> Exception:
    letter = re.match(r"[a-z]*", word.text)
    if "k" in letters and re.fullmatch(r"k\d+(\.\d+)+", word.text):
        return SeveralKernels().error(word)
    if letter and letter[0] in letters:
        return FlagWithoutNumber(word.text, letter[0], letters[letter[0]]).error(word)
    return UnknownFlag(word.text, known).error(word, help=did_you_mean(name, known))
