"""Changes of many layers and keys in few lines: what is said of several layers alike is said once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import NamedTuple

from archdsl.diff.difference import LayerChange, PartChange
from archdsl.diff.operators import Change, KeyChange, OperatorChange
from archdsl.diff.parts import Layer
from archdsl.ir.walk import in_stages

Lines = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class KeyGroup:
    """Keys that came, went, moved or changed their shapes together. A pattern ends in `*` if there are several."""

    before: str | None
    after: str | None
    count: int
    sizes: str
    is_reshaped: bool

    @property
    def sign(self) -> str:
        return "+" if self.before is None else "-" if self.after is None else "~"

    def __str__(self) -> str:
        names = " -> ".join(name for name in dict.fromkeys((self.before, self.after)) if name)
        return names if self.count == 1 else f"{names} ({self.count} tensors)"


def value(found: object) -> str:
    """A value as a file would write it."""
    match found:
        case None:
            return "none"
        case bool():
            return "true" if found else "false"
        case float():
            short = f"{found:g}"
            return short if float(short) == found else repr(found)
        case tuple() if type(found) is tuple:
            return " x ".join(map(str, found)) or "one number"
    return str(found)


def changed(change: Change) -> str:
    return f"{change.what} {value(change.before)} -> {value(change.after)}"


# Blocks --------------------------------------------------------------------------------------------------------------


def _operators(layer: LayerChange) -> Sequence[OperatorChange]:
    return layer.operators


def block_lines(
    parts: Iterable[PartChange], of: Callable[[LayerChange], Sequence[OperatorChange]] = _operators
) -> list[tuple[str, Lines]]:
    """What changed inside layers: where, and for each operator or block its path and what changed. Layers alike are
    reported together. `of` says which changes of a layer count: all of them unless given."""
    alike: dict[Lines, list[str]] = {}
    for part in parts:
        for layer in part.layers:
            if layer.after is not None and (lines := layer_lines(layer.before, layer.after, of(layer))):
                alike.setdefault(lines, []).append(layer.after.path)
    return [(_places(paths), lines) for lines, paths in alike.items()]


def _places(paths: Sequence[str]) -> str:
    """The paths of layers as one text: `stages.3.0-5`, or the first and the last of many."""
    stages: dict[str, list[str]] = {}
    for path in paths:
        stages.setdefault(path.rpartition(".")[0], []).append(path)
    spans = [_joined(found) for found in stages.values()]
    return ", ".join(spans) if len(spans) <= 2 else f"{spans[0]} ... {spans[-1]} ({len(paths)} layers)"


def layer_lines(before: Layer | None, after: Layer, operators: Iterable[OperatorChange]) -> Lines:
    """What changed inside a layer."""
    lines: dict[str, list[str]] = {}
    gone_or_come: dict[tuple[str, str, str], int] = {}
    for operator in operators:
        if operator.before is not None and operator.after is not None:
            path = after.inner(operator.after.path) or operator.after.label
            lines.setdefault(path, []).extend(map(changed, operator.changes))
            continue
        visit, sign, layer = (operator.after, "+", after) if operator.after else (operator.before, "-", before)
        assert visit is not None
        assert layer is not None
        # A block in the block that came or went is one thing, however many operators it has.
        inner = visit.levels[2] if len(visit.levels) > 2 else None
        where = (sign, layer.inner(inner.path if inner else visit.path), inner.name if inner else visit.label)
        gone_or_come[where] = gone_or_come.get(where, 0) + 1
    for (sign, path, name), count in gone_or_come.items():
        many = f" ({count} operators)" if count > 1 else ""
        lines.setdefault(f"{sign} {path}", []).append(f"{name}{many}")
    return tuple((path, ", ".join(texts)) for path, texts in lines.items())


# Keys ----------------------------------------------------------------------------------------------------------------


def key_groups(parts: Iterable[PartChange]) -> list[KeyGroup]:
    """The changes of keys in order: those of one kind in one module together, and alike in several layers, too."""
    found: list[KeyGroup] = []
    for part in parts:
        alike: dict[_Alike, list[LayerChange]] = {}
        for layer in part.layers:
            was, now = _path(layer.before), _path(layer.after)
            for _, group in groupby(layer.keys, key=lambda key: _kind(key, now)):
                keys = list(group)
                before = _pattern([_inner(was, key.before) for key in keys])
                after = _pattern([_inner(now, key.after) for key in keys])
                sizes = _sizes(keys[0]) if keys[0].is_reshaped or len(keys) == 1 else ""
                alike.setdefault(_Alike(before, after, len(keys), sizes, keys[0].is_reshaped), []).append(layer)
        for kind, layers in alike.items():
            before = kind.before and _named([_path(layer.before) for layer in layers], kind.before)
            after = kind.after and _named([_path(layer.after) for layer in layers], kind.after)
            found.append(KeyGroup(before, after, kind.tensors * len(layers), kind.sizes, kind.is_reshaped))
    return found


class _Alike(NamedTuple):
    """What groups of keys in several layers must have in common to be reported as one."""

    before: str | None
    after: str | None
    tensors: int
    sizes: str
    is_reshaped: bool


def _path(layer: Layer | None) -> str:
    return layer.path if layer is not None else ""


def _kind(key: KeyChange, layer: str) -> tuple[object, ...]:
    """What makes keys of a layer one group: of a changed shape those of one operator."""
    alone = ((_inner(layer, key.after) or "").rpartition(".")[0], _sizes(key)) if key.is_reshaped else ()
    return key.before is None, key.after is None, key.is_renamed, alone


def _inner(layer: str, key: str | None) -> str | None:
    """A key from its layer on; those of a stem or head are whole, for a head's begin with one of three names."""
    if key is None or not in_stages(layer) or not key.startswith(f"{layer}."):
        return key
    return key.removeprefix(f"{layer}.")


def _pattern(keys: Sequence[str | None]) -> str | None:
    """One key, or what all begin with and a `*`."""
    names = [key.split(".") for key in keys if key is not None]
    if not names:
        return None
    if len(names) == 1:
        return ".".join(names[0])
    shared: list[str] = []
    for words in zip(*names, strict=False):
        if len(set(words)) > 1:
            break
        shared.append(words[0])
    return ".".join([*shared, "*"])


def _named(layers: Sequence[str], name: str) -> str:
    """A name in each of some layers; in the stem and the head names are whole."""
    return name if not in_stages(layers[0]) else f"{_joined(layers)}.{name}"


def _joined(layers: Sequence[str]) -> str:
    """The paths of layers of one stage as one: `stages.3.0-5`."""
    if len(layers) == 1:
        return layers[0]
    runs: list[list[int]] = []
    for number in (int(layer.rpartition(".")[2]) for layer in layers):
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    numbers = ",".join(str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs)
    return f"{layers[0].rpartition('.')[0]}.{numbers}"


def _sizes(key: KeyChange) -> str:
    sizes = dict.fromkeys(value(size) for size in (key.size_before, key.size_after) if size is not None)
    return " -> ".join(sizes)
