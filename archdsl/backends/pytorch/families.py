"""Which networks of a file are written as one class, if they fit into one: a family of models, a model, a variant."""

from __future__ import annotations

from collections import abc
from collections.abc import Hashable

from archdsl.backends.pytorch.class_names import class_name, common_name, first_name
from archdsl.ir.architecture import Architecture
from archdsl.ir.body import Alternative, Apply, Guard, Repeat, Sequence, Step
from archdsl.ir.externs import externs
from archdsl.ir.head import has_classifier

# A network with its number in the file.
Member = tuple[int, Architecture]


def families(architectures: abc.Sequence[Architecture]) -> list[list[Member]]:
    """The networks by form: models whose stems and heads are the same steps, if not the same numbers."""
    return _by(_form, list(enumerate(architectures)))


def finer(members: abc.Sequence[Member]) -> list[list[Member]]:
    """The parts of a family: models whose names have a beginning in common, as `efficientnetv2_s` and `_m` have, then
    single models, then their variants. None of a single network."""
    for parts in (_by_name(members), _by(lambda architecture: architecture.model, members)):
        if len(parts) > 1:
            return parts
    return [[member] for member in members] if len(members) > 1 else []


def _by(key: abc.Callable[[Architecture], Hashable], members: abc.Sequence[Member]) -> list[list[Member]]:
    parts: dict[Hashable, list[Member]] = {}
    for member in members:
        parts.setdefault(key(member[1]), []).append(member)
    return list(parts.values())


def _by_name(members: abc.Sequence[Member]) -> list[list[Member]]:
    found: list[list[Member]] = []
    for member in members:
        family = next((one for one in found if _shared(one[0][1].model, member[1].model)), None)
        if family is None:
            found.append([member])
        else:
            family.append(member)
    return found


def _form(architecture: Architecture) -> Hashable:
    """What models must have in common to be written as one: the steps of stem and head, if not their numbers."""
    sections = [section.steps if section else None for section in (architecture.stem, architecture.head)]
    part = architecture.part.name if architecture.part is not None else None
    return (
        architecture.input.is_line,
        *architecture.inputs,
        architecture.source,
        *map(_form_of_step, sections),
        bool(architecture.stages),
        has_classifier(architecture),
        part,
        *externs(architecture),
    )


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


def name_of(members: abc.Sequence[Member]) -> str:
    """What the class of networks is called that are written as one: after what their names have in common, or what the
    names in their comments have, or after those that are more than half of them."""
    docs = [architecture.doc for _, architecture in members]
    first, *others = dict.fromkeys(architecture.model for _, architecture in members)
    if not others:
        return class_name(members[0][1].name if len(members) == 1 else first, *docs)
    shared = first
    for other in others:
        shared = _shared(shared, other)
    if shared:
        return class_name(shared, *docs)
    largest = max(_by_name(members), key=len)
    if len(largest) < len(members) and 2 * len(largest) > len(members):
        return name_of(largest)
    return common_name([first_name(doc) for doc in docs]) or "ConvNet"


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
