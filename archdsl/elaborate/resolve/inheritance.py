"""The models that a model extends."""

from __future__ import annotations

from archdsl.elaborate.resolve.definitions import ModelDefinition
from archdsl.language import tree
from archdsl.limits import limits


def parent(definition: ModelDefinition) -> ModelDefinition | None:
    """The model that a model extends."""
    reference = definition.model.parent
    return definition.environment.model(reference.name.text) if reference else None


def ancestry(definition: ModelDefinition) -> list[ModelDefinition]:
    """A model and those that it extends, itself first; a circle is walked once."""
    found: list[ModelDefinition] = []
    current: ModelDefinition | None = definition
    while current is not None and current not in found and len(found) <= limits().ancestors:
        found.append(current)
        current = parent(current)
    return found


def parameters_of(definition: ModelDefinition) -> dict[str, tree.Parameter]:
    """The parameters of a model, those that it inherits first."""
    owners = reversed(ancestry(definition))
    return {parameter.name.text: parameter for owner in owners for parameter in owner.model.parameters}
