"""Whether a `require` claims something, as far as its text says, before there are values."""

from __future__ import annotations

from collections.abc import Iterator

from archdsl.diagnostics import Diagnostic
from archdsl.elaborate.check.errors import ConstantClaim, NotComparison
from archdsl.elaborate.check.expressions import Vocabulary
from archdsl.elaborate.resolve.written import shown
from archdsl.language import tree
from archdsl.language.nodes import children
from archdsl.language.operators import BINARY, COMPARISON

_EXAMPLES = {
    "params": "params <= 5M",
    "macs": "macs <= 400M",
    "flops": "flops <= 800M",
    "activations": "activations <= 10M",
    "out": "out == 1000 x 1 x 1",
    "reduction": "reduction == 32",
}


def check_claim(claim: tree.Expression, words: Vocabulary, example: str) -> Iterator[Diagnostic]:
    """What of a claim, whose names are all known, is not a comparison, or does not depend on the network."""
    match claim:
        case tree.Binary(operator="and" | "or", left=left, right=right):
            yield from check_claim(left, words, example)
            yield from check_claim(right, words, example)
        case tree.Unary(operator="not", operand=operand):
            yield from check_claim(operand, words, example)
        case tree.Conditional(chosen=chosen, otherwise=otherwise):
            yield from check_claim(chosen, words, example)
            yield from check_claim(otherwise, words, example)
        case tree.Binary(operator=operator) if BINARY[operator] == COMPARISON:
            if claim.left == claim.right or not _can_vary(claim, words):
                yield ConstantClaim(shown(claim), example).at(claim.span)
        case _:
            yield NotComparison(shown(claim)).at(claim.span, help=_help(claim, example))


def _help(claim: tree.Expression, example: str) -> str:
    match claim:
        case tree.Binary(operator="+-", left=left, right=right) if not isinstance(left, tree.Literal):
            return f"say what it is near to: `require {shown(left)} == ... +- {shown(right)}`"
        case tree.Name(text=text) if text in _EXAMPLES:
            return f"compare it with {'a shape' if text == 'out' else 'a number'}: `require {_EXAMPLES[text]}`"
        case tree.Literal():
            return f"say what is claimed: `require {example}`"
    return f"compare it with something: `require {shown(claim)} == ...`"


def _can_vary(node: tree.Node, words: Vocabulary) -> bool:
    """Whether there is a name in it of something that the text or the network gives a value."""
    if isinstance(node, tree.Name):
        return node.text in words.own or node.text not in words.environment.all_names
    return any(_can_vary(child, words) for child in children(node))
