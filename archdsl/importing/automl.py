"""google/automl's block strings: `r1_k3_s22_e6_i32_o16_se0.25`, and with `_c1` for fused ones."""

from __future__ import annotations

from archdsl.diagnostics import Source, Span
from archdsl.diagnostics.codes import BAD_VALUE, MISSING_ARGUMENT
from archdsl.importing.flags import counted, flags, parts
from archdsl.importing.mistakes import Mistakes, each
from archdsl.importing.rows import Number, Row, refusal
from archdsl.importing.rules import rules
from archdsl.importing.texts import Literal, is_python, words

NOTATION = "automl"
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


def read(source: Source, act: str) -> list[Row]:
    """The rows of a text. Raises Failure for whatever is not understood."""
    if not is_python(source.text):
        return each(words(source), _row)
    literal = Literal(source)
    return each(literal.items(literal.root, "a definition"), lambda node: _row(literal.string(node)))


def _row(string: Span) -> Row:
    found = flags(string, parts(string), LETTERS, ("noskip",), _OTHERS)
    mistakes = Mistakes()
    with mistakes.apart():
        if "e" not in found.numbers:
            raise refusal(MISSING_ARGUMENT, "the expansion is missing", string, help="`e` is the expansion: `e6`")
    with mistakes.apart():
        numbers = found.need_all(LETTERS, "skori")
    mistakes.tell()
    kind = found.numbers.get("c", Number(0, string))
    known = rules(NOTATION)
    if kind.text not in known:
        raise refusal(BAD_VALUE, f"there is no convolution of kind {kind.text}", kind.span, help="`c0` or `c1`")
    stride = numbers["s"]
    if len(digits := stride.span.text) == 2:  # height and width, as the first version of the notation has them
        if digits[0] != digits[1]:
            raise refusal(BAD_VALUE, "the strides of height and width are different", stride.span)
        stride = counted(Number(int(digits[0]), stride.span), LETTERS["s"])
        if kind.value and found.numbers["e"].value == 1:
            message = "a fused block that does not expand has two convolutions where strides are pairs, else one"
            raise refusal(BAD_VALUE, message, kind.span, help="for one convolution write the stride as one digit")
    return Row(
        rule=known[kind.text],
        span=string,
        kernel=numbers["k"],
        stride=stride,
        channels=numbers["o"],
        layers=numbers["r"],
        expansion=found.numbers["e"],
        se=found.numbers.get("se"),
        inputs=numbers["i"],
        skip="noskip" not in found.words,
        skip_span=found.words.get("noskip"),
    )
