"""One model of a file at any values of its parameters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from msgspec.structs import replace

from archdsl.diagnostics import DiagnosticError, Note, Problems, Source
from archdsl.diagnostics.wording import enumerated
from archdsl.elaborate.check.files import check_names
from archdsl.elaborate.evaluate.values import Scalar
from archdsl.elaborate.instantiate.models import ModelElaborator
from archdsl.elaborate.instantiate.work import Work
from archdsl.elaborate.resolve.inheritance import parameters_of
from archdsl.elaborate.resolve.merge import Variant, variants
from archdsl.file_errors import NoModels
from archdsl.fitting.errors import SeveralModels, UnknownModelOrVariant
from archdsl.ir.architecture import Architecture
from archdsl.uses import environment_of


@dataclass(frozen=True)
class Family:
    """A model, or a variant of one, whose parameters may take other values. The text is read and checked once."""

    source: Source
    variant: Variant

    @property
    def name(self) -> str:
        return self.variant.name

    @property
    def reference(self) -> str:
        """What another model writes behind `extends`: `efficientnet` or `efficientnet.b1`."""
        model, label = self.variant.definition.name, self.variant.label
        return model if label is None else f"{model}.{label}"

    @cached_property
    def parameters(self) -> tuple[str, ...]:
        return tuple(parameters_of(self.variant.definition))

    def written(self, fixed: Mapping[str, Scalar]) -> Architecture:
        """The network as the file has it or, where it is none without the values of `fixed`, with those."""
        try:
            return self.at({})
        except DiagnosticError:
            return self.at(fixed)

    def at(self, values: Mapping[str, Scalar]) -> Architecture:
        """The network with these values of parameters, the others as the file has them. Raises DiagnosticError."""
        problems = Problems()
        elaborated = ModelElaborator(self.variant, problems, Work(), None, dict(values)).run()
        if elaborated is None:
            given = Note(f"with {listed(values)}")
            found = problems.sorted()
            raise DiagnosticError([replace(one, notes=(*one.notes, given)) for one in found] if values else found)
        return elaborated.architecture


def open_family(source: Source, name: str | None = None) -> Family:
    """The model or variant of a text that is called `name`; it may be left out where there is one model.

    Raises DiagnosticError for mistakes in the text and for a name that means nothing in it.
    """
    problems = Problems()
    environment = environment_of(source, problems)
    check_names(environment, problems)
    if problems:
        raise DiagnosticError(problems.sorted())
    models = [Variant(definition, None, None, definition.environment) for definition in environment.own_models]
    if name is None:
        if len(models) == 1:
            return Family(source, models[0])
        known = [model.name for model in models]
        raise DiagnosticError([(SeveralModels(source.name, known) if known else NoModels(source.name)).at(None)])
    everything = [*models, *(found for definition in environment.own_models for found in variants(definition))]
    for found in everything:
        if name in (found.label, found.name):
            return Family(source, found)
    names = list(dict.fromkeys(found.label or found.name for found in everything))
    problem = UnknownModelOrVariant(source.name, name, names).at(None)
    raise DiagnosticError([problem.suggesting(name, [*names, *(found.name for found in everything)])])


def listed(values: Mapping[str, Scalar]) -> str:
    """`width = 0.5 and depth = 1.2`."""
    return enumerated(f"{name} = {shown(value)}" for name, value in values.items()) if values else ""


def shown(value: Scalar) -> str:
    """A value as the language writes it."""
    match value:
        case None:
            return "none"
        case bool():
            return str(value).lower()
        case float():
            return repr(value)
        case _:
            return str(value)
