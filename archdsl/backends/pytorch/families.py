"""Which networks of a file are written as one class, if they fit into one: a family of models, a model, a variant."""

from __future__ import annotations

from collections import abc
from collections.abc import Hashable

from archdsl.ir.architecture import Architecture
from archdsl.ir.body import Alternative, Apply, Guard, Repeat, Sequence, Step
from archdsl.ir.description import Description
from archdsl.ir.operators.linear import Linear

# A network with its number in the file.
Member = tuple[int, Architecture]


def families(architectures: abc.Sequence[Architecture]) -> list[list[Member]]:
    """The networks by family: models whose names have a beginning in common, as `efficientnetv2_s` and `_m` have."""
    found: list[list[Member]] = []
    for member in enumerate(architectures):
        family = next((one for one in found if _shared(one[0][1].model, member[1].model)), None)
        if family is None:
            found.append([member])
        else:
            family.append(member)
    return found


def finer(members: abc.Sequence[Member]) -> list[list[Member]]:
    """The parts of a family: models of one form, then single models, then their variants. None of a single network."""
    for key in (_form, lambda architecture: architecture.model):
        parts: dict[Hashable, list[Member]] = {}
        for member in members:
            parts.setdefault(key(member[1]), []).append(member)
        if len(parts) > 1:
            return list(parts.values())
    return [[member] for member in members] if len(members) > 1 else []


def _form(architecture: Architecture) -> Hashable:
    """What models must have in common to be written as one: the steps of stem and head, if not their numbers."""
    sections = [section.steps if section else None for section in (architecture.stem, architecture.head)]
    return (*map(_form_of_step, sections), bool(architecture.stages), has_classifier(architecture))


def _form_of_step(step: Step | None) -> Hashable:
    match step:
        case Apply(operator=operator, name=name):
            return (name, operator.kind if operator is not None else None)
        case Sequence(steps=steps, name=name):
            return (name, *map(_form_of_step, steps))
        case Repeat(copies=copies, name=name):
            return (name, *map(_form_of_step, copies[:1]))
        case Alternative(condition=condition) | Guard(condition=condition):
            return condition
    return None


def has_classifier(architecture: Description) -> bool:
    """Whether a head ends in a linear layer that puts out the classes."""
    last = architecture.head.steps.steps[-1:] if architecture.head is not None else ()
    return any(
        isinstance(step, Apply) and isinstance(step.operator, Linear) and step.operator.features == architecture.classes
        for step in last
    )


def name_of(members: abc.Sequence[Member]) -> str:
    """What networks that are written as one are called."""
    first, *others = dict.fromkeys(architecture.model for _, architecture in members)
    if not others:
        return members[0][1].name if len(members) == 1 else first
    for other in others:
        first = _shared(first, other)
    return first


def _shared(one: str, other: str) -> str:
    """The words with which both names begin, if that is one of the names, or all of both but the last word."""
    words = []
    for mine, theirs in zip(one.split("_"), other.split("_"), strict=False):
        if mine != theirs:
            break
        words.append(mine)
    shared = "_".join(words)
    longest = max(one.count("_"), other.count("_"))
    return shared if shared in (one, other) or len(words) == longest else ""
