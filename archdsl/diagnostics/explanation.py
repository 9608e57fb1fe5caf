"""What a code means, at length. Each has a page, `explanations/CODE.md`, that is read when somebody asks."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from archdsl.diagnostics.codes import Code

_FOLDER = Path(__file__).with_name("explanations")
_SECTION = re.compile(r"^## (.+)\n", re.MULTILINE)
_FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Example:
    """A text in a fence: an `.arch` file, or a `console` with commands and what they print."""

    language: str
    text: str

    def __str__(self) -> str:
        return f"```{self.language}\n{self.text}```"

    @property
    def indented(self) -> str:
        return "".join(f"    {line}" if line.strip() else line for line in self.text.splitlines(keepends=True)).rstrip()


@dataclass(frozen=True, slots=True)
class Explanation:
    """What a code means, why that is a mistake, a small example of it, and the same put right."""

    code: Code
    meaning: str
    why: str
    wrong: tuple[Example, ...]
    right: tuple[Example, ...]

    @property
    def title(self) -> str:
        return f"{self.code.name}: {self.code.title}"

    @property
    def markdown(self) -> str:
        """The page without its title."""
        return "\n\n".join([self.meaning, self.why, "Wrong:", *map(str, self.wrong), "Right:", *map(str, self.right)])

    @property
    def text(self) -> str:
        """The same as plain text, for a terminal."""
        wrong, right = _indented(self.wrong), _indented(self.right)
        return "\n\n".join([self.meaning, self.why, "Wrong:", wrong, "Right:", right])


def _indented(examples: Sequence[Example]) -> str:
    return "\n\n".join(example.indented for example in examples)


def explanation(code: Code) -> Explanation:
    """The page of a code."""
    meaning, *sections = _SECTION.split((_FOLDER / f"{code.name}.md").read_text(encoding="utf-8"))
    found = dict(zip(sections[::2], sections[1::2], strict=True))
    wrong, right = _examples(found["Wrong"]), _examples(found["Right"])
    return Explanation(code, meaning.strip(), found["Why"].strip(), wrong, right)


def _examples(text: str) -> tuple[Example, ...]:
    return tuple(Example(language, body) for language, body in _FENCE.findall(text))
