"""google/automl's block strings: `r1_k3_s22_e6_i32_o16_se0.25`, and with `_c1` for fused ones."""

from __future__ import annotations

from archdsl.diagnostics import Source, Span
from archdsl.importing.flags import Flags, counted, parts
from archdsl.importing.layers import check_shares
from archdsl.importing.mistakes import Mistakes
from archdsl.importing.notation_errors import (
    FusedWithoutSqueeze,
    IgnoredNoskip,
    MixedVersions,
    ProjectionAlone,
    StrideOfProjection,
    UnequalStrides,
    UnknownConvolution,
)
from archdsl.importing.rows import BlockRow, Number
from archdsl.importing.rules import rules
from archdsl.importing.texts import Literal, is_python, words

NOTATION = "automl"
# As the first version of the notation has it: strides are pairs, of height and width.
PAIRS = "automl_pairs"
LETTERS = {
    "r": "number of layers",
    "k": "kernel",
    "s": "stride",
    "e": "expansion",
    "i": "number of input channels",
    "o": "number of output channels",
    "se": "share of channels in squeeze-and-excitation",
    "c": "kind of convolution",
}
_OTHERS = {
    "cc": "no block of the library has conditional convolutions",
    "f": "write `c1` for a fused block",
    "p": "no block of the library moves pixels into channels",
}


def read(source: Source, act: str | None, mistakes: Mistakes) -> list[BlockRow | None]:
    """The rows of a text, None for each that is not understood; the reason is kept in `mistakes`."""
    if is_python(source.text):
        literal = Literal(source)
        strings = mistakes.each(literal.items(literal.root, "a definition"), literal.string)
    else:
        strings = list(words(source))
    found = [_flags(string, mistakes) if string else None for string in strings]
    strides = [flags.numbers["s"] for flags in found if flags and "s" in flags.numbers]
    version = PAIRS if strides and _is_pair(strides[0]) else NOTATION
    for stride in strides:
        with mistakes.apart():
            _check_version(stride, version)
    return [_row(flags, version, mistakes) if flags else None for flags in found]


def _flags(string: Span, mistakes: Mistakes) -> Flags | None:
    with mistakes.apart():
        found = Flags(string)
        found.read(parts(string), LETTERS, ("noskip",), _OTHERS)
        return found
    return None


def _is_pair(stride: Number) -> bool:
    return len(stride.span.text) == 2


def _check_version(stride: Number, version: str) -> None:
    if _is_pair(stride) != (version == PAIRS):
        raise MixedVersions(_is_pair(stride)).error(stride.span)


def _row(found: Flags, version: str, mistakes: Mistakes) -> BlockRow | None:
    known, kind = rules(version), found.numbers.get("c", Number(0, found.span))
    found.check_counts(LETTERS, "rkio")
    with found.mistakes.apart():
        found.need("e", LETTERS)
    with found.mistakes.apart():
        _stride(found)
    with found.mistakes.apart():
        if kind.text not in known:
            raise UnknownConvolution(kind.text).error(kind.span)
    with found.mistakes.apart():
        if version == NOTATION and "noskip" in found.words:
            raise IgnoredNoskip().error(found.words["noskip"])
    with found.mistakes.apart():
        if version == PAIRS and kind.value == 1:
            _check_fused_of_pairs(found, kind.span)
    if kind.text in known and found.mistakes:  # no row comes of it that would be looked at
        with found.mistakes.apart():
            check_shares(known[kind.text], found.numbers.get("e"), found.numbers.get("se"))
    with mistakes.apart():
        found.mistakes.raise_found()
        return BlockRow(
            rule=known[kind.text],
            span=found.span,
            kernel=found.numbers["k"],
            stride=_stride(found),
            channels=found.numbers["o"],
            layers=found.numbers["r"],
            expansion=found.numbers["e"],
            se=found.numbers.get("se"),
            inputs=found.numbers["i"],
            skip="noskip" not in found.words,
        )
    return None


def _stride(found: Flags) -> Number:
    stride = found.need("s", LETTERS)
    digits = stride.span.text
    if not _is_pair(stride):
        return counted(stride, LETTERS["s"])
    if digits[0] != digits[1]:
        raise UnequalStrides().error(stride.span)
    return counted(Number(int(digits[0]), stride.span), LETTERS["s"])


def _check_fused_of_pairs(found: Flags, kind: Span) -> None:
    """The first version's `c1`: its projection has the stride, or is all there is. None of our blocks is like that."""
    if found.need("s", LETTERS).span.text != "11":
        raise StrideOfProjection().error(kind)
    if found.need("e", LETTERS).value == 1:
        raise ProjectionAlone().error(kind)
    if "se" in found.numbers:
        raise FusedWithoutSqueeze().error(found.numbers["se"].span)
