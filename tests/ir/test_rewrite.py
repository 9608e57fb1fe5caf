"""The rewriter goes everywhere, leaves what it does not touch, and removes what is to go."""

from __future__ import annotations

from pathlib import Path

import pytest

import archdsl
from archdsl.ir.architecture import Architecture
from archdsl.ir.body import Alternative, Apply, Bound, Chain, Combine, Guard, Repeat, Sequence, Step, TensorExpression
from archdsl.ir.operators.activation import Activation
from archdsl.ir.rewrite import Rewriter, Visitor, changed
from archdsl.ir.walk import walk

ROOT = Path(__file__).parents[2]
SHIPPED = [*sorted((ROOT / "specs").glob("*net*.arch")), *sorted((ROOT / "examples").glob("*.arch"))]
TEXT = """
block b(channels, n = true) {
  side = in -> resize(factor = 2) -> [relu -> relu] as pair
  y = if n then in -> conv(channels) -> relu * 2 else in
  out = (y -> resize(like = side) -> relu when n) + (side -> conv(channels) -> [relu] * 2)
}
model m {
  input = 3 x 8 x 8
  classes = 5
  stem = conv(4, 3) -> relu
  stages {
    | op | channels | layers |
    | b  | 8        | 2      |
  }
  head = global_avg_pool -> [linear(6) -> relu] as hidden -> linear(classes)
}
"""


def architecture() -> Architecture:
    return archdsl.loads(TEXT).architecture


class _Operators(Visitor):
    def __init__(self) -> None:
        self.kinds: list[str] = []

    def apply(self, apply: Apply) -> None:
        super().apply(apply)
        self.kinds.append(apply.operator.kind if apply.operator is not None else apply.block or "")


class _WithoutRelu(Rewriter):
    def apply(self, apply: Apply) -> Step | None:
        return None if isinstance(apply.operator, Activation) else super().apply(apply)


class _AsSilu(Rewriter):
    def apply(self, apply: Apply) -> Step | None:
        if isinstance(apply.operator, Activation):
            return changed(apply, operator=Activation(kind="silu"))
        return super().apply(apply)


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_what_is_not_touched_is_the_same_object(path: Path) -> None:
    for network in list(archdsl.load_all(path).values())[:2]:
        assert Rewriter().architecture(network.architecture) is network.architecture


def test_a_visitor_sees_every_operator_once() -> None:
    visitor = _Operators()
    visitor.architecture(architecture())
    # Of the two instances of `b`, with 4 and with 8 channels coming in, and of the stem and the head.
    assert visitor.kinds.count("relu") == 2 * (2 + 2 + 1 + 2) + 2
    assert visitor.kinds.count("resize") == 2 * 2
    assert {kind for kind in visitor.kinds if ":" in kind} == set(architecture().blocks)


def test_an_operator_is_exchanged_wherever_it_stands() -> None:
    before = architecture()
    after = _AsSilu().architecture(before)
    pairs = [(one.operator, other.operator) for one, other in zip(walk(before), walk(after), strict=True)]
    assert ("relu", "silu") in pairs
    assert all(other == ("silu" if one == "relu" else one) for one, other in pairs)
    assert Architecture.from_json(after.to_json()) == after


def test_a_removed_operator_leaves_nothing_empty() -> None:
    before = architecture()
    after = _WithoutRelu().architecture(before)
    kept = [visit.operator for visit in walk(before) if visit.operator != "relu"]
    assert [visit.operator for visit in walk(after)] == kept

    class _NothingEmpty(Visitor):
        def step(self, step: Step) -> None:
            assert not isinstance(step, Sequence | Repeat) or (
                step.steps if isinstance(step, Sequence) else step.copies
            )
            assert not isinstance(step, Guard | Alternative) or step.value is not None
            super().step(step)

        def tensor(self, expression: TensorExpression) -> None:
            assert not isinstance(expression, Chain) or expression.steps
            super().tensor(expression)

    _NothingEmpty().architecture(after)
    archdsl.Network(after).build()


@pytest.mark.filterwarnings("ignore::archdsl.ArchWarning")
def test_a_chain_without_steps_is_what_it_begins_with() -> None:
    text = TEXT.replace("(y -> resize(like = side) -> relu when n) + ", "").replace(
        "out = (", "out = concat(side -> relu, "
    )
    blocks = list(_WithoutRelu().architecture(archdsl.loads(text).architecture).blocks.values())
    (out,) = [binding.value for binding in blocks[0].body if binding.name == "out"]
    assert isinstance(out, Combine)
    assert isinstance(out.operands[0], Bound)


def test_copies_keep_their_numbers() -> None:
    """Of copies of which one goes, the others are the modules that they were."""

    class _WithoutFirst(Rewriter):
        def step(self, step: Step) -> Step | None:
            if isinstance(step, Repeat):
                self.met = 0
            return super().step(step)

        def apply(self, apply: Apply) -> Step | None:
            self.met = getattr(self, "met", 0) + 1
            is_first = isinstance(apply.operator, Activation) and self.met == 1
            return None if is_first else super().apply(apply)

    text = TEXT.replace("relu * 2", "relu * 3")
    before = [visit.path for visit in walk(archdsl.loads(text).architecture)]
    after = _WithoutFirst().architecture(archdsl.loads(text).architecture)
    kept = [visit.path for visit in walk(after)]
    assert set(kept) < set(before)
    assert sum(path.endswith(".1") for path in kept) == sum(path.endswith(".1") for path in before)
    assert sum(path.endswith(".0") for path in kept) < sum(path.endswith(".0") for path in before)
    archdsl.Network(after).build()


def test_costs_are_counted_anew() -> None:
    before = architecture()
    assert before.costs.model().params > 0
    after = changed(before, head=None)
    assert after.costs.model().params < before.costs.model().params


def test_a_layer_of_the_table_stays() -> None:
    class _WithoutBlocks(Rewriter):
        def apply(self, apply: Apply) -> Step | None:
            return None if apply.block is not None else super().apply(apply)

    with pytest.raises(ValueError, match="of a stage cannot be removed"):
        _WithoutBlocks().architecture(architecture())
