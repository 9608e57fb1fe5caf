"""Which part of the weights is carried over: `--part stages.0..2`, `--skip classifier`."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from archdsl.diagnostics import did_you_mean
from archdsl.diagnostics.render import printable
from archdsl.weights.errors import AmbiguousPath, NotModulePath, UnknownWeights

# A tensor under its key of ours and its key of theirs, None where a side has none.
Keys = tuple[str | None, str | None]
_SIDES = ("ours", "theirs")
_PIECE = re.compile(r"([^.]*?)(\d+)\.\.(\d+)|([^.]+)")
_WELL_FORMED = re.compile(r"([^.]*\d\.\.\d+|[^.]+)(\.([^.]*\d\.\.\d+|[^.]+))*")


@dataclass(frozen=True)
class Path:
    """A module or a tensor by its key, and what is below it: `classifier`, `stages.0..2`, `layer1..2`, `blocks.*.se`.

    `side` is `ours` or `theirs` where the text begins with that, for one path may name different tensors on each.
    """

    text: str
    side: str | None
    pieces: tuple[re.Match[str], ...]

    @classmethod
    def of(cls, text: str) -> Path:
        """The path that a text means. Raises DiagnosticError when it is not one."""
        before, colon, after = text.partition(":")
        side, path = (before, after) if colon and before in _SIDES else (None, text)
        pieces = tuple(_PIECE.finditer(path))
        if not _WELL_FORMED.fullmatch(path) or any(_is_backwards(piece) for piece in pieces):
            raise NotModulePath(printable(text)).error()
        return cls(text, side, pieces)

    def has(self, key: str | None) -> bool:
        """Whether a key is the path itself or below it."""
        parts = key.split(".") if key is not None else []
        return len(parts) >= len(self.pieces) and all(map(_fits, self.pieces, parts))

    def of_ours(self, key: str | None) -> bool:
        """Whether it names this key of ours."""
        return self.side != "theirs" and self.has(key)

    def of_theirs(self, key: str | None) -> bool:
        """Whether it names this key of theirs."""
        return self.side != "ours" and self.has(key)


@dataclass(frozen=True)
class Selection:
    """What is carried over: what is below one of the `parts`, all where there are none, except what is below `skips`.

    Paths name keys of ours, or of theirs.
    """

    parts: tuple[Path, ...] = ()
    skips: tuple[Path, ...] = ()

    @classmethod
    def of(cls, parts: Iterable[str] = (), skips: Iterable[str] = ()) -> Selection:
        """The selection that texts mean. Raises DiagnosticError when one of them is not a path."""
        return cls(tuple(map(Path.of, parts)), tuple(map(Path.of, skips)))

    def __bool__(self) -> bool:
        return bool(self.parts or self.skips)

    def wants(self, keys: Keys) -> bool:
        """Whether this tensor is to be carried over."""
        ours, theirs = keys
        named = [
            any(path.of_ours(ours) or path.of_theirs(theirs) for path in paths) for paths in (self.parts, self.skips)
        ]
        return (named[0] or not self.parts) and not named[1]

    def require_meaning(self, tensors: Sequence[Keys]) -> None:
        """Raises DiagnosticError where a path names no tensor, or others of ours than of theirs."""
        for path in (*self.parts, *self.skips):
            ours = {number for number, (key, _) in enumerate(tensors) if path.of_ours(key)}
            theirs = {number for number, (_, key) in enumerate(tensors) if path.of_theirs(key)}
            if not ours and not theirs:
                names = {name for keys in tensors for key in keys if key is not None for name in _modules(key)}
                problem = UnknownWeights(printable(path.text), _first_names(tensors))
                raise problem.error(help=did_you_mean(path.text, sorted(names)))
            if ours and theirs and not _agree(ours, theirs, tensors):
                raise AmbiguousPath(printable(path.text), _SIDES).error()


EVERYTHING = Selection()


def covering(wanted: Collection[str], others: Collection[str]) -> list[str]:
    """The fewest paths that name all of some keys and none of the others, numbers that follow each other as ranges."""
    forbidden = {name for key in others for name in _modules(key)}
    found: dict[str, None] = {}
    for key in wanted:
        found[next(name for name in (*_modules(key), key) if name not in forbidden or name == key)] = None
    paths: list[str] = []
    for name in found:
        module, _, last = name.rpartition(".")
        before = re.fullmatch(rf"{re.escape(module)}\.(\d+)(?:\.\.(\d+))?", paths[-1]) if paths and module else None
        if before and last.isdecimal() and int(last) == int(before[2] or before[1]) + 1:
            paths[-1] = f"{module}.{before[1]}..{last}"
        else:
            paths.append(name)
    return paths


def _agree(ours: set[int], theirs: set[int], tensors: Sequence[Keys]) -> bool:
    """Whether the tensors that both sides have are the same."""
    return {number for number in ours if tensors[number][1] is not None} == {
        number for number in theirs if tensors[number][0] is not None
    }


def _modules(key: str) -> list[str]:
    """The modules that hold a tensor, the outermost first."""
    parts = key.split(".")
    return [".".join(parts[:end]) for end in range(1, len(parts))] or [key]


def _first_names(tensors: Sequence[Keys]) -> str:
    here, there = (
        ", ".join(
            f"`{printable(name)}`" for name in dict.fromkeys(key.partition(".")[0] for key in side if key is not None)
        )
        for side in zip(*tensors, strict=True)
    )
    return f"ours begin with {here}; theirs with {there}" if there else f"ours begin with {here}"


def _fits(piece: re.Match[str], part: str) -> bool:
    before, first, last, name = piece.groups()
    if name is not None:
        return name in ("*", part)
    number = part.removeprefix(before)
    is_number = part.startswith(before) and number.isdecimal() and len(number) < 10
    return is_number and int(first) <= int(number) <= int(last)


def _is_backwards(piece: re.Match[str]) -> bool:
    return piece[2] is not None and int(piece[2]) > int(piece[3])
