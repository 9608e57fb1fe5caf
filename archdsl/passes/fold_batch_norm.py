"""Batch norms folded into the convolutions and linear layers that they follow, as inference has it.

With running statistics a batch norm is `scale * x + shift` by channel, `scale = weight / sqrt(variance + eps)`. Behind
what is linear in its weights that is the same layer with other weights and a bias, whatever its padding and groups
(Jacob et al. 2018, https://arxiv.org/abs/1712.05877, section 3.2). For a convolution with standardized weights it is
another gain of its filters.

A norm folds where nothing else reads what it reads: through bindings that are read once, brackets, conditions and
copies, and into the last layer of a block that is applied before it. Where a block is followed by a norm in some places
only, these apply an instance of it with a bias. Rows of the table are not crossed: `features_only` hands on what comes
out of them. A norm at the end of the head stays behind a linear layer, as without it vectors would come out instead of
maps. `archdsl/fold_state_dict.py` turns the weights.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from archdsl.ir.architecture import Architecture
from archdsl.ir.body import (
    Alternative,
    Apply,
    BlockInstance,
    Bound,
    Chain,
    Guard,
    NamedOutput,
    Repeat,
    Select,
    Sequence,
    Shared,
    Step,
    TensorBinding,
    TensorExpression,
)
from archdsl.ir.description import Section
from archdsl.ir.operators.activation import Activation
from archdsl.ir.operators.base import Operator
from archdsl.ir.operators.convolution import Conv, ConvTranspose, Depthwise, WeightStandardizedConv
from archdsl.ir.operators.linear import Flatten, Linear
from archdsl.ir.operators.normalization import BatchNorm
from archdsl.ir.parts import applied
from archdsl.ir.rewrite import Rewriter, Visitor, changed
from archdsl.passes.contract import IS_CONSISTENT, KEEPS_ENDS, KEEPS_STAGES, STAYS_CONSISTENT, Pass, Postcondition

# What a norm folds into: linear in its weights, or in its gain, with a bias that is added last.
FOLDABLE = (Conv, ConvTranspose, Depthwise, WeightStandardizedConv, Linear)

# Stands where a norm has been folded, until it is removed. It is known by being this object: the text's own stay.
_FOLDED = Activation.model_construct(kind="identity", gain=1.0)


def fold_batch_norm(architecture: Architecture) -> Architecture:
    """The same function of an image, for inference, with fewer operators; norms that follow nothing foldable stay.

    Claims of the text are left out, as they speak of the network that is trained.
    """
    return without_marks(marked(architecture))


def marked(architecture: Architecture, kinds: tuple[type[Operator], ...] = (BatchNorm,)) -> Architecture:
    """The architecture with biases where they are to be, and an `identity` in the place of each norm that goes.

    Its operators are those of `architecture` one by one, which is how weights are turned. `kinds` are the operators
    that go: what scales and shifts each channel of its input.
    """
    return _Folder(kinds).architecture(architecture)


def is_mark(operator: object) -> bool:
    """Whether an operator stands for a norm that was folded."""
    return operator is _FOLDED


def without_marks(architecture: Architecture) -> Architecture:
    return _Unmarker().architecture(architecture)


class _Unmarker(Rewriter):
    def apply(self, apply: Apply) -> Step | None:
        return None if is_mark(apply.operator) else super().apply(apply)


# Folding --------------------------------------------------------------------------------------------------------------


class Reads(Visitor):
    """How often each tensor of a block is read by its name."""

    def __init__(self) -> None:
        self.counts = Counter[str]()

    @classmethod
    def of(cls, bindings: Iterable[TensorBinding], outputs: Iterable[NamedOutput] = ()) -> Counter[str]:
        """The counts of a block."""
        reads = cls()
        for value in (*(binding.value for binding in bindings), *(output.value for output in outputs)):
            if value is not None:
                reads.tensor(value)
        return reads.counts

    def tensor(self, expression: TensorExpression) -> None:
        if isinstance(expression, Bound):
            self.counts[expression.name] += 1
        super().tensor(expression)


class _Flow:
    """What a norm may fold into: the steps before it, and before those the flow that leads to them.

    `steps` grows as steps are rewritten, and folding replaces one of them.
    """

    def __init__(self, before: _Flow | None = None):
        self.steps: list[Step] = []
        self.before = before

    def fold(self, folder: _Folder) -> bool:
        """Folds a norm into what comes last, if that can be; says whether it was."""
        for index in reversed(range(len(self.steps))):
            step = folder.with_norm(self.steps[index])
            if step is not None:
                self.steps[index] = step
                return True
            if not _is_passed(self.steps[index]):
                return False
        return self.before is not None and self.before.fold(folder)


class _SourceFlow(_Flow):
    """The tensor that a chain begins with."""

    def __init__(self, source: TensorExpression):
        super().__init__()
        self.source = source

    def fold(self, folder: _Folder) -> bool:
        source = folder.tensor_with_norm(self.source)
        if source is not None:
            self.source = source
        return source is not None


class _Body:
    """The block that is rewritten: its bindings so far, and how often each is read."""

    def __init__(self, bindings: tuple[TensorBinding, ...], outputs: Iterable[NamedOutput] = ()):
        self.reads = Reads.of(bindings, outputs)
        self.bindings: dict[str, TensorBinding] = {}


class _Folder(Rewriter):
    def __init__(self, kinds: tuple[type[Operator], ...]) -> None:
        self.kinds = kinds
        self.blocks: dict[str, BlockInstance] = {}
        self.taken: set[str] = set()
        # For blocks whose last layer was asked to take a norm, the instance that does; None where none can.
        self.followed: dict[str, str | None] = {}
        self.body = _Body(())
        self.flow: _Flow | None = None
        # In the head, how many layers are ahead that keep it from ending in a vector, or begin a vector anew.
        self.ahead: int | None = None

    def architecture(self, architecture: Architecture) -> Architecture:
        self.taken = set(architecture.blocks)
        made = super().architecture(architecture)
        if made is architecture:
            return made
        return changed(made, blocks=applied_blocks(made, self.blocks), requirements=())

    def block(self, block: BlockInstance) -> BlockInstance:
        made = self.blocks[block.id] = self._rewritten(block)
        return made

    def _rewritten(self, block: BlockInstance) -> BlockInstance:
        self.body = body = _Body(block.body, block.outputs.values())
        for binding in block.body:
            self.flow = None
            made = self.binding(binding)
            body.bindings[binding.name] = made
        return changed(block, body=tuple(body.bindings.values()))

    def section(self, section: Section) -> Section | None:
        self.body, self.flow = _Body(()), None
        if section.name == "head":
            self.ahead = sum(map(self._settles_the_end, applied(section.steps)))
        made = super().section(section)
        self.ahead = None
        return made

    def tensor(self, expression: TensorExpression) -> TensorExpression:
        if not isinstance(expression, Chain):
            return super().tensor(expression)
        outer = self.flow
        source = _SourceFlow(self.tensor(expression.source))
        self.flow = _Flow(source)
        steps = self.steps(expression.steps)
        self.flow = outer
        return changed(expression, source=source.source, steps=steps)

    def steps(self, steps: tuple[Step, ...]) -> tuple[Step, ...]:
        """Steps in sequence: inside brackets and copies, a norm may follow what stands before these."""
        flow = _Flow(self.flow)
        outer, self.flow = self.flow, flow
        for step in steps:
            made = self.step(step)
            if made is not None:
                flow.steps.append(made)
        self.flow = outer
        return tuple(flow.steps)

    def step(self, step: Step) -> Step | None:
        if isinstance(step, Repeat):
            return changed(step, copies=self.steps(step.copies))
        if isinstance(step, Shared):  # what stands before one use of it does not before another
            outer, self.flow = self.flow, None
            made = super().step(step)
            self.flow = outer
            return made
        return super().step(step)

    def apply(self, apply: Apply) -> Step | None:
        if isinstance(apply.operator, self.kinds) and self.flow is not None and self.flow.fold(self):
            return changed(apply, operator=_FOLDED, formulas={})
        if self.ahead is not None:
            self.ahead -= self._settles_the_end(apply)
        outer, self.flow = self.flow, None
        made = super().apply(apply)
        self.flow = outer
        return made

    # Taking a norm ----------------------------------------------------------------------------------------------------

    def with_norm(self, step: Step) -> Step | None:
        """A step whose last layer has taken the norm that follows; None where it cannot, or has no layer."""
        match step:
            case Apply(operator=Linear()) if self.ahead == 0:
                return None  # The network puts out maps while a norm is at its end, and would put out vectors.
            case Apply(operator=operator) if isinstance(operator, FOLDABLE):
                formulas = {name: text for name, text in step.formulas.items() if name != "bias"}
                return changed(step, operator=changed(operator, bias=True), formulas=formulas)
            case Apply(block=str(block)):
                followed = self._followed(block)
                return changed(step, block=followed) if followed is not None else None
            case Sequence(steps=steps):
                found = self._last_with_norm(steps)
                return changed(step, steps=found) if found is not None else None
            case Repeat(copies=copies):
                found = self._last_with_norm(copies)
                return changed(step, copies=found) if found is not None else None
            case Guard(value=value) | Alternative(value=value) if value is not None:
                inner = self.with_norm(value)
                return changed(step, value=inner) if inner is not None else None
        return None

    def _last_with_norm(self, steps: tuple[Step, ...]) -> tuple[Step, ...] | None:
        inside = _Flow()
        inside.steps = list(steps)
        return tuple(inside.steps) if inside.fold(self) else None

    def tensor_with_norm(self, expression: TensorExpression) -> TensorExpression | None:
        """A tensor whose last layer has taken the norm that alone reads it; None where it cannot."""
        match expression:
            case Chain(source=source, steps=steps):
                start = _SourceFlow(source)
                flow = _Flow(start)
                flow.steps = list(steps)
                return changed(expression, source=start.source, steps=tuple(flow.steps)) if flow.fold(self) else None
            case Select(value=value):
                inner = self.tensor_with_norm(value)
                return changed(expression, value=inner) if inner is not None else None
            case Bound(name=name) if self.body.reads[name] == 1 and name in self.body.bindings:
                binding = self.body.bindings[name]
                made = self.tensor_with_norm(binding.value) if binding.value is not None else None
                if made is None:
                    return None
                self.body.bindings[name] = changed(binding, value=made)
                return expression
        return None

    def _followed(self, name: str) -> str | None:
        """The instance of a block whose output has taken a norm, by its id."""
        if name not in self.followed:
            self.followed[name] = None
            block = self.blocks[name]
            outer, self.body, ahead, self.ahead = self.body, _Body(block.body, block.outputs.values()), self.ahead, None
            self.body.bindings = {binding.name: binding for binding in block.body}
            out = self.body.bindings["out"]
            value = self.tensor_with_norm(out.value) if out.value is not None else None
            if value is not None:
                self.body.bindings["out"] = changed(out, value=value)
                new = self._new_id(block)
                self.blocks[new] = changed(block, id=new, body=tuple(self.body.bindings.values()))
                self.followed[name] = new
            self.body, self.ahead = outer, ahead
        return self.followed[name]

    def _settles_the_end(self, apply: Apply) -> bool:
        """Whether a layer of a head decides by itself if maps or vectors come out of it."""
        operator = apply.operator
        if operator is None or isinstance(operator, Linear | Flatten):
            return True
        return not (operator.takes_vectors or isinstance(operator, self.kinds))

    def _new_id(self, block: BlockInstance) -> str:
        number = 1
        while (new := f"{block.name}:{number}") in self.taken:
            number += 1
        self.taken.add(new)
        return new


def _is_passed(step: Step) -> bool:
    """Whether what comes out of a step is what goes in: it is a norm that was folded, or nothing."""
    match step:
        case Apply(operator=operator):
            return is_mark(operator) or (isinstance(operator, Activation) and _does_nothing(operator))
        case Sequence(steps=steps) | Repeat(copies=steps):
            return all(map(_is_passed, steps))
        case Guard(value=value) | Alternative(value=value):
            return value is None or _is_passed(value)
        case Shared():
            return False


def _does_nothing(operator: Activation) -> bool:
    return operator.kind == "identity" and operator.gain == 1


def applied_blocks(architecture: Architecture, blocks: dict[str, BlockInstance]) -> dict[str, BlockInstance]:
    """The blocks that an architecture applies: those that were only met with a norm behind them have gone."""
    applies = _Applies(blocks)
    applies.network(architecture)
    return {name: block for name, block in blocks.items() if name in applies.found}


class _Applies(Visitor):
    """The ids of the blocks that are applied, directly or further in."""

    def __init__(self, blocks: dict[str, BlockInstance]):
        self.blocks, self.found = blocks, set[str]()

    def apply(self, apply: Apply) -> None:
        super().apply(apply)
        if apply.block is not None and apply.block not in self.found:
            self.found.add(apply.block)
            self.block(self.blocks[apply.block])


# Contract -------------------------------------------------------------------------------------------------------------


def _work(given: Architecture, made: Architecture) -> str | None:
    before, after = given.costs.model(), made.costs.model()
    same = (before.macs, before.activations) == (after.macs, after.activations)
    return None if same else f"{before.macs:,} MACs became {after.macs:,}"


def _left(given: Architecture, made: Architecture) -> str | None:
    return None if marked(made) is made else "there is a norm left that can be folded"


PASS = Pass(
    "fold_batch_norm",
    "batch norms become part of the convolutions and linear layers that they follow",
    fold_batch_norm,
    before=(IS_CONSISTENT,),
    after=(
        STAYS_CONSISTENT,
        KEEPS_ENDS,
        KEEPS_STAGES,
        Postcondition("MACs and activations are what they were", _work),
        Postcondition("no norm is left that can be folded", _left),
    ),
)
