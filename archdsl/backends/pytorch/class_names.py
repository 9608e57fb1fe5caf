"""What classes are called: names of the language with the capitals that the text gives them.

The language's names are lower case and its doc comments are English, so the capitals of a class come from the comment:
`efficientnetv2_l` is `EfficientNetV2L` where its comment speaks of EfficientNetV2-L, and `mbconv` is `MBConv` where it
speaks of MBConv. What the comment does not mention gets a capital at the beginning of each word: `ConvNormAct`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

# The parts of a name that comments may mention: letters, and numbers.
_PARTS = re.compile(r"_*([^\W\d_]+|\d+)")
_WORDS = re.compile(r"[A-Za-z0-9]+")
# More parts and words than these are not name, and longer comments no place to look for one.
_MOST_PARTS = 8
_MOST_LETTERS = 2_000


def class_name(name: str, *docs: str) -> str:
    """The name of a class for a name of the language, with the capitals of the first comment that mentions it.

    Args:
        name: of a model, variant or block.
        docs: comments that may mention it or its parts, the nearest first.

    Returns:
        A Python identifier in capitalized words. Different names may give the same.
    """
    parts = list(_PARTS.finditer(name))
    text, position = "", 0
    while position < len(parts):
        for end in range(min(len(parts), position + _MOST_PARTS), position, -1):
            found = _written("".join(part[1] for part in parts[position:end]), docs)
            if found is not None:
                text += found
                position = end
                break
        else:
            begins = parts[position].start() == 0 or parts[position][0].startswith("_")
            part = parts[position][1]
            text += part[:1].upper() + part[1:] if begins else part
            position += 1
    return text if text[:1].isalpha() else f"Net{text}"


def common_name(names: Sequence[str]) -> str:
    """The capitalized words with which class names begin, all of them: `EfficientNet` of `EfficientNetB4`, ..."""
    words = [re.findall(r"[A-Z]+[^A-Z]*", name) for name in names]
    shared = []
    for column in zip(*words, strict=False):
        if len(set(column)) > 1:
            break
        shared.append(column[0])
    return "".join(shared)


def first_name(doc: str) -> str:
    """The first word of a comment with a capital inside it, such as `EfficientNet`; empty when there is none."""
    return next((word for word in _WORDS.findall(doc[:_MOST_LETTERS]) if any(map(str.isupper, word[1:]))), "")


def _written(name: str, docs: Sequence[str]) -> str | None:
    """How the comments write a name; None where they do not, or have no capitals for it."""
    return next((found for doc in docs if (found := _names_in(doc[:_MOST_LETTERS]).get(name.lower()))), None)


@lru_cache(maxsize=256)
def _names_in(doc: str) -> dict[str, str]:
    """The words of a comment and the runs of words, joined, by their letters: those with a capital inside them."""
    found: dict[str, str] = {}
    words = _WORDS.findall(doc)
    for first in range(len(words)):
        joined = ""
        for word in words[first : first + _MOST_PARTS]:
            joined += word[:1].upper() + word[1:]
            if any(map(str.isupper, joined[1:])):
                found.setdefault(joined.lower(), joined)
    return found
