"""timm's `arch_def`: a list of stages, each a list of strings such as `ir_r2_k3_s2_e6_c24_se0.25`."""

from __future__ import annotations

import ast

from archdsl.diagnostics import Source, Span, did_you_mean
from archdsl.importing.errors import BadStride
from archdsl.importing.flags import Flags, counted, parts
from archdsl.importing.layers import check_shares
from archdsl.importing.mistakes import Mistakes
from archdsl.importing.notation_errors import (
    IgnoredExpandedChannels,
    IgnoredStride,
    NoExpansion,
    OtherActivation,
    SkipAndNoskip,
    SkipIsImplied,
    UnknownActivation,
    UnknownKind,
    UnsupportedKind,
)
from archdsl.importing.rows import BlockRow, Number
from archdsl.importing.rules import Rule, rules
from archdsl.importing.texts import Literal, is_python, words

NOTATION = "timm"
LETTERS = {
    "r": "number of layers",
    "k": "kernel",
    "s": "stride",
    "e": "expansion",
    "c": "number of output channels",
    "se": "share of channels in squeeze-and-excitation",
    "fc": "number of channels that are expanded",
}
# The model's activation where none is asked for.
_ACT = "silu"
# By the word behind `n`.
_ACTIVATIONS = {"re": "relu", "r6": "relu6", "hs": "hard_swish", "sw": "silu", "mi": "mish"}
_OTHERS = {
    "a": "no block of the library has a kernel for its expanding convolution",
    "p": "no block of the library has a kernel for its projecting convolution",
    "cc": "no block of the library has conditional convolutions",
    "gs": "no block of the library has groups",
    "d": "no block of the library moves pixels into channels",
}
# Kinds of blocks that the library has nothing like.
_OTHER_KINDS = ("uir", "mha", "mqa")


def read(source: Source, act: str | None, mistakes: Mistakes) -> list[BlockRow | None]:
    """The rows of a text, None for each that is not understood; the reason is kept in `mistakes`."""
    if not is_python(source.text):
        return [_row(string, act, mistakes, is_first=True) for string in words(source)]
    literal = Literal(source)
    found: list[BlockRow | None] = []
    for stage in literal.items(literal.root, "a definition"):
        blocks: list[ast.expr] = []
        with mistakes.apart():
            blocks = literal.items(stage, "a stage")
        found += [] if blocks else [None]
        for index, string in enumerate(mistakes.each(blocks, literal.string)):
            found.append(_row(string, act, mistakes, is_first=index == 0) if string else None)
    return found


def kinds() -> list[str]:
    """The words that a block string can begin with."""
    return [name for name in rules(NOTATION) if "_" not in name]


def _row(string: Span, act: str | None, mistakes: Mistakes, *, is_first: bool) -> BlockRow | None:
    with mistakes.apart():
        kind, *rest = parts(string)
        found = Flags(string)
        with found.mistakes.apart():
            _check_kind(kind)
        words = []
        for word in rest:
            with found.mistakes.apart():
                words += [] if _is_activation(word, act or _ACT) else [word]
        found.read(words, LETTERS, ("skip", "noskip"), _OTHERS)
        with found.mistakes.apart():
            _check_skip(kind, found)
        return _made(kind, found, is_first=is_first)
    return None


def _check_kind(kind: Span) -> None:
    if kind.text in _OTHER_KINDS:
        raise UnsupportedKind(kind.text).error(kind)
    if kind.text not in kinds():
        raise UnknownKind(kind.text, kinds()).error(kind, help=did_you_mean(kind.text, kinds()))


def _check_skip(kind: Span, found: Flags) -> None:
    if "skip" in found.words and "noskip" in found.words:
        raise SkipAndNoskip().error(found.words["skip"])
    if "skip" in found.words and kind.text != "cn":
        raise SkipIsImplied(kind.text).error(found.words["skip"])


def _check_stride(found: Flags, *, is_first: bool) -> None:
    stride = found.numbers.get("s")
    if stride and stride.value > 2:
        raise BadStride().error(stride.span)
    if stride and not is_first and stride.value != 1:
        raise IgnoredStride().error(stride.span)


def _made(kind: Span, found: Flags, *, is_first: bool) -> BlockRow:
    name = "cn_skip" if kind.text == "cn" and "skip" in found.words else kind.text
    known = rules(NOTATION)
    found.check_counts(LETTERS, "kscr")
    with found.mistakes.apart():
        _check_stride(found, is_first=is_first)
    if rule := known.get(name):
        with found.mistakes.apart():
            _expansion(kind, found, rule)
    with found.mistakes.apart():
        _check_expanded(kind, found)
    if rule and found.mistakes:  # no row comes of it that would be looked at
        with found.mistakes.apart():
            check_shares(rule, found.numbers.get("e"), found.numbers.get("se"))
    found.mistakes.raise_found()
    return BlockRow(
        rule=known[name],
        span=found.span,
        kernel=found.numbers["k"],
        stride=found.numbers["s"],
        channels=found.numbers["c"],
        layers=found.numbers["r"],
        expansion=_expansion(kind, found, known[name]),
        se=found.numbers.get("se"),
        expanded=found.numbers.get("fc"),
        skip="noskip" not in found.words,
    )


def _check_expanded(kind: Span, found: Flags) -> None:
    if expanded := found.numbers.get("fc"):
        counted(expanded, LETTERS["fc"])
        if kind.text != "er":
            raise IgnoredExpandedChannels(kind.text).error(expanded.span)


def _expansion(kind: Span, found: Flags, rule: Rule) -> Number:
    """The expansion, 1 for blocks that have none. Raises DiagnosticError where a block cannot have it."""
    if rule.expands != "never":
        return found.need("e", LETTERS)
    expansion = found.numbers.get("e", Number(1, kind))
    if expansion.value != 1:
        raise NoExpansion().error(expansion.span)
    return expansion


def _is_activation(word: Span, act: str) -> bool:
    """Whether a word says the activation; it must be the model's. Raises DiagnosticError for another."""
    name = word.text[1:]
    if not word.text.startswith("n") or word.text == "noskip":
        return False
    if name not in _ACTIVATIONS:
        raise UnknownActivation(word.text, list(_ACTIVATIONS)).error(word, help=did_you_mean(name, _ACTIVATIONS))
    if _ACTIVATIONS[name] != act:
        raise OtherActivation(_ACTIVATIONS[name], act).error(word)
    return True
