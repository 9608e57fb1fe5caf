"""timm's `arch_def`: a list of stages, each a list of strings such as `ir_r2_k3_s2_e6_c24_se0.25`."""

from __future__ import annotations

import ast

from archdsl.diagnostics import Source, Span, did_you_mean
from archdsl.diagnostics.codes import BAD_VALUE, UNKNOWN_BLOCK
from archdsl.importing.flags import Flags, flags, parts
from archdsl.importing.mistakes import Mistakes, each
from archdsl.importing.rows import Row, refusal
from archdsl.importing.rules import rules
from archdsl.importing.texts import Literal, is_python, words

NOTATION = "timm"
LETTERS = {
    "r": "number of layers",
    "k": "kernel",
    "s": "stride",
    "e": "expansion",
    "c": "number of output channels",
    "se": "share of channels in squeeze-and-excitation",
}
# By the word behind `n`.
_ACTIVATIONS = {"re": "relu", "r6": "relu6", "hs": "hard_swish", "sw": "silu", "mi": "mish"}
_OTHERS = {
    "a": "no block of the library has a kernel for its expanding convolution",
    "p": "no block of the library has a kernel for its projecting convolution",
    "cc": "no block of the library has conditional convolutions",
    "fc": "the expanded channels of a block follow from its input",
    "gs": "no block of the library has groups",
    "d": "no block of the library moves pixels into channels",
}
# Kinds of blocks that the library has nothing like.
_OTHER_KINDS = ("uir", "mha", "mqa")


def read(source: Source, act: str) -> list[Row]:
    """The rows of a text. Raises Failure for whatever is not understood."""
    if not is_python(source.text):
        return each(words(source), lambda string: _row(string, act, is_first=True))
    literal = Literal(source)

    def stage(node: ast.expr) -> list[Row]:
        blocks = enumerate(literal.items(node, "a stage"))
        return each(blocks, lambda block: _row(literal.string(block[1]), act, is_first=block[0] == 0))

    return [row for stage_rows in each(literal.items(literal.root, "a definition"), stage) for row in stage_rows]


def kinds() -> list[str]:
    """The words that a block string can begin with."""
    return [name for name in rules(NOTATION) if "_" not in name]


def _row(string: Span, act: str, *, is_first: bool) -> Row:
    kind, *rest = parts(string)
    mistakes = Mistakes()
    with mistakes.apart():
        _check_kind(kind)
    words = []
    for word in rest:
        with mistakes.apart():
            words += [] if _is_activation(word, act) else [word]
    with mistakes.apart():
        found = flags(string, words, LETTERS, ("skip", "noskip"), _OTHERS)
    mistakes.tell()
    with mistakes.apart():
        _check_skip(kind, found)
    with mistakes.apart():
        _check_stride(found, is_first=is_first)
    with mistakes.apart():
        row = _made(string, kind.text, found)
    mistakes.tell()
    return row


def _check_kind(kind: Span) -> None:
    if kind.text in _OTHER_KINDS:
        raise refusal(UNKNOWN_BLOCK, f"`{kind.text}` cannot be imported: the library has no such block", kind)
    if kind.text not in kinds():
        help = did_you_mean(kind.text, kinds()) or f"it is one of {', '.join(kinds())}"
        raise refusal(UNKNOWN_BLOCK, f"unknown kind of block `{kind.text}`", kind, help=help)


def _check_skip(kind: Span, found: Flags) -> None:
    has_both = "skip" in found.words and "noskip" in found.words
    if has_both or ("skip" in found.words and kind.text != "cn"):
        why = "`skip` and `noskip` are one too many" if has_both else f"`{kind.text}` adds its input without `skip`"
        raise refusal(BAD_VALUE, why, found.words["skip"])


def _check_stride(found: Flags, *, is_first: bool) -> None:
    stride = found.need("s", LETTERS["s"])
    if not is_first and stride.value != 1:
        message = "only the first block of a stage can have a stride; timm passes over this one"
        raise refusal(BAD_VALUE, message, stride.span, help="write 1, or begin another stage")


def _made(string: Span, kind: str, found: Flags) -> Row:
    skip_span = found.words.get("noskip") or found.words.get("skip")
    numbers = found.need_all(LETTERS, "kscr")
    is_separate = kind == "cn" and "skip" in found.words
    return Row(
        rule=rules(NOTATION)[f"{kind}_skip" if is_separate else kind],
        span=string,
        kernel=numbers["k"],
        stride=numbers["s"],
        channels=numbers["c"],
        layers=numbers["r"],
        expansion=found.numbers.get("e"),
        se=found.numbers.get("se"),
        skip="noskip" not in found.words,
        skip_span=skip_span,
    )


def _is_activation(word: Span, act: str) -> bool:
    """Whether a word says the activation; it must be the model's. Raises Failure for another."""
    name = word.text[1:]
    if not word.text.startswith("n") or word.text == "noskip":
        return False
    if name not in _ACTIVATIONS:
        help = did_you_mean(name, _ACTIVATIONS) or f"they are {', '.join(f'n{known}' for known in _ACTIVATIONS)}"
        raise refusal(BAD_VALUE, f"unknown activation `{word.text}`", word, help=help)
    if _ACTIVATIONS[name] != act:
        message = f"this block has the activation {_ACTIVATIONS[name]}, the model {act}"
        raise refusal(BAD_VALUE, message, word, help=f"where all blocks agree, give `--act {_ACTIVATIONS[name]}`")
    return True
