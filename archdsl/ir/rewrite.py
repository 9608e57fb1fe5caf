"""Going through an architecture, and making another one of it: `Visitor` and `Rewriter`.

Both know how parts are nested, so that whoever looks for something, or changes something, says that alone. A subclass
overrides the method of a part and calls `super()` for what is inside it. Block instances stand once in an architecture
and are visited once, however many parts apply them; `Apply` is a leaf that names its block.
"""

from __future__ import annotations

from typing import TypeVar, cast

from archdsl.ir.architecture import Architecture
from archdsl.ir.base import Frozen
from archdsl.ir.body import (
    Alternative,
    Apply,
    BlockInstance,
    Chain,
    Combine,
    Guard,
    Repeat,
    Select,
    Sequence,
    Shared,
    Step,
    TensorBinding,
    TensorExpression,
    TensorList,
)
from archdsl.ir.description import Section, Stage

_Part = TypeVar("_Part", bound=Frozen)

# What stands for a copy that is gone, so that the other copies keep their numbers, which are names of modules.
_NOTHING = Guard(condition=None, value=None)


class Visitor:
    """Visits every part once: blocks before those that apply them, then the stem, the stages, the head."""

    def architecture(self, architecture: Architecture) -> None:
        for block in architecture.blocks.values():
            self.block(block)
        self.network(architecture)

    def network(self, architecture: Architecture) -> None:
        """All but the blocks: what applies them first."""
        if architecture.stem is not None:
            self.section(architecture.stem)
        for stage in architecture.stages:
            self.stage(stage)
        if architecture.head is not None:
            self.section(architecture.head)

    def block(self, block: BlockInstance) -> None:
        for binding in block.body:
            if binding.value is not None:
                self.tensor(binding.value)

    def section(self, section: Section) -> None:
        self.step(section.steps)

    def stage(self, stage: Stage) -> None:
        for layer in stage.layers:
            self.step(layer.apply)

    def tensor(self, expression: TensorExpression) -> None:
        match expression:
            case Chain(source=source, steps=steps):
                self.tensor(source)
                for step in steps:
                    self.step(step)
            case Combine(operands=operands):
                for operand in operands:
                    self.tensor(operand)
            case Select(value=value):
                self.tensor(value)
            case TensorList(values=values):
                for value in values:
                    self.tensor(value)

    def step(self, step: Step) -> None:
        match step:
            case Apply():
                self.apply(step)
            case Sequence(steps=steps) | Repeat(copies=steps):
                for inner in steps:
                    self.step(inner)
            case Guard(value=value) | Alternative(value=value) | Shared(value=value) if value is not None:
                self.step(value)

    def apply(self, apply: Apply) -> None:
        for other in apply.others:
            self.tensor(other)


class Rewriter:
    """Makes an architecture of another one, in the order of `Visitor`.

    Parts in which nothing changes come back as they are, the same objects. A step for which None comes back is removed
    with whatever holds nothing else; what is before it then leads to what is behind it, so it must keep the shape.
    """

    def architecture(self, architecture: Architecture) -> Architecture:
        blocks = {name: self.block(block) for name, block in architecture.blocks.items()}
        stem = self.section(architecture.stem) if architecture.stem is not None else None
        stages = tuple(map(self.stage, architecture.stages))
        head = self.section(architecture.head) if architecture.head is not None else None
        return changed(architecture, blocks=blocks, stem=stem, stages=stages, head=head)

    def block(self, block: BlockInstance) -> BlockInstance:
        return changed(block, body=tuple(map(self.binding, block.body)))

    def section(self, section: Section) -> Section | None:
        """The stem or the head; None where it is left without layers."""
        steps = self.step(section.steps)
        return changed(section, steps=steps) if isinstance(steps, Sequence) else None

    def stage(self, stage: Stage) -> Stage:
        """A row of the table; its layers cannot be removed."""
        layers = tuple(changed(layer, apply=self._kept(layer.apply)) for layer in stage.layers)
        return changed(stage, layers=layers)

    def binding(self, binding: TensorBinding) -> TensorBinding:
        return binding if binding.value is None else changed(binding, value=self.tensor(binding.value))

    def tensor(self, expression: TensorExpression) -> TensorExpression:
        match expression:
            case Chain(source=source, steps=steps):
                source, kept = self.tensor(source), self.steps(steps)
                return changed(expression, source=source, steps=kept) if kept else source
            case Combine(operands=operands):
                return changed(expression, operands=tuple(map(self.tensor, operands)))
            case Select(value=value):
                return changed(expression, value=self.tensor(value))
            case TensorList(values=values):
                return changed(expression, values=tuple(map(self.tensor, values)))
            case _:
                return expression

    def steps(self, steps: tuple[Step, ...]) -> tuple[Step, ...]:
        """Steps in sequence, without those that are removed."""
        return tuple(kept for step in steps if (kept := self.step(step)) is not None)

    def step(self, step: Step) -> Step | None:
        match step:
            case Apply():
                return self.apply(step)
            case Sequence(steps=steps):
                kept = self.steps(steps)
                return changed(step, steps=kept) if kept or not steps else None
            case Repeat(copies=copies):
                found = [self.step(copy) for copy in copies]
                if copies and all(copy is None for copy in found):
                    return None
                return changed(step, copies=tuple(_NOTHING if copy is None else copy for copy in found))
            case Guard(value=value) | Alternative(value=value) | Shared(value=value):
                if value is None:
                    return step
                inner = self.step(value)
                return changed(step, value=inner) if inner is not None else None

    def apply(self, apply: Apply) -> Step | None:
        return changed(apply, others=tuple(map(self.tensor, apply.others))) if apply.others else apply

    def _kept(self, apply: Apply) -> Apply:
        made = self.apply(apply)
        if not isinstance(made, Apply):
            raise ValueError(f"the layer `{apply.name}` of a stage cannot be removed")
        return made


def changed(part: _Part, **fields: object) -> _Part:
    """A part with other values for some fields; itself where they are the values that it has.

    Parts are compared by identity, which is what a rewriter keeps of those that it did not touch.
    """
    if all(_same(getattr(part, name), value) for name, value in fields.items()):
        return part
    # Not `model_copy`, which would take what is cached along, such as costs.
    kept = {name: getattr(part, name) for name in type(part).model_fields}
    return cast("_Part", type(part).model_construct(**{**kept, **fields}))


def _same(before: object, after: object) -> bool:
    if isinstance(before, tuple) and isinstance(after, tuple):
        return len(before) == len(after) and all(old is new for old, new in zip(before, after, strict=True))
    if isinstance(before, dict) and isinstance(after, dict):
        return list(before) == list(after) and all(before[name] is after[name] for name in before)
    return before is after or (not isinstance(before, Frozen) and before == after)
