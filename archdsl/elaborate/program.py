"""A file with everything it uses: which blocks, models and variants its names mean."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property

from archdsl.diagnostics import Note, Problems, Span
from archdsl.diagnostics.codes import DUPLICATE_NAME, MISSING_BINDING, UNKNOWN_MODEL, USE_CYCLE
from archdsl.diagnostics.diagnostic import Diagnostic, did_you_mean
from archdsl.elaborate.naming import Names, name_block
from archdsl.elaborate.scalars import FUNCTIONS
from archdsl.ir.operators import PRIMITIVES
from archdsl.language import tree

SETTINGS = ("norm", "act", "padding", "drop_path")
TENSOR_FUNCTIONS = ("concat",)
BUILT_IN = frozenset({*PRIMITIVES, *FUNCTIONS, *TENSOR_FUNCTIONS, "ramp", "in"})


@dataclass(eq=False)
class Definition:
    """A block and the environment in which its names are looked up: the file where it stands."""

    block: tree.Block
    environment: Environment

    @property
    def name(self) -> str:
        return self.block.name.text

    @cached_property
    def names(self) -> Names:
        return name_block(self.block)

    @cached_property
    def parameters(self) -> dict[str, tree.Parameter]:
        return {parameter.name.text: parameter for parameter in self.block.parameters}


@dataclass(eq=False)
class ModelDefinition:
    """A model, its environment, and the tables of its variants."""

    model: tree.Model
    environment: Environment
    variants: list[tree.Variants] = field(default_factory=list)

    @property
    def name(self) -> str:
        return self.model.name.text


@dataclass(eq=False)
class Environment:
    """The names that a file sees: its own first, then those of the files it uses, then the standard library."""

    module: tree.Module
    blocks: dict[str, Definition] = field(default_factory=dict)
    models: dict[str, ModelDefinition] = field(default_factory=dict)
    own_models: tuple[ModelDefinition, ...] = ()
    library: Environment | None = None

    def block(self, name: str) -> Definition | None:
        found = self.blocks.get(name)
        return found if found is not None or self.library is None else self.library.block(name)

    def model(self, name: str) -> ModelDefinition | None:
        return self.models.get(name)

    def block_names(self) -> Iterable[str]:
        return {*self.blocks, *(self.library.block_names() if self.library else ())}


# Reads the file that a `use` names: the environment of that file, or a diagnostic.
Loader = Callable[[tree.Use], "Environment | Diagnostic"]


def link(module: tree.Module, library: Environment | None, load: Loader, problems: Problems) -> Environment:
    """The environment of a module. Names defined twice, and files that cannot be used, become problems."""
    environment = Environment(module, library=library)
    for item in module.items:
        if isinstance(item, tree.Use):
            used = load(item)
            if isinstance(used, Diagnostic):
                problems.add(used)
                continue
            environment.blocks.update(used.blocks)
            environment.models.update(used.models)
    seen: dict[str, Span] = {}
    own: list[ModelDefinition] = []
    for item in module.items:
        if isinstance(item, tree.Block | tree.Model | tree.Recipe):
            name = item.name
            if name.text in BUILT_IN and not isinstance(item, tree.Recipe):
                problems.add(
                    Diagnostic(
                        DUPLICATE_NAME,
                        f"`{name.text}` is a primitive of the language",
                        name.span,
                        help="give it a name of its own",
                    )
                )
            if name.text in seen:
                problems.add(_twice(name, seen[name.text]))
                continue
            seen[name.text] = name.span
        if isinstance(item, tree.Block):
            environment.blocks[item.name.text] = Definition(item, environment)
        elif isinstance(item, tree.Model):
            definition = ModelDefinition(item, environment)
            environment.models[item.name.text] = definition
            own.append(definition)
    for item in module.items:
        if isinstance(item, tree.Variants):
            _attach(item, environment, problems)
    environment.own_models = tuple(own)
    for definition in own:
        _check_parents(definition, problems)
    return environment


def _attach(item: tree.Variants, environment: Environment, problems: Problems) -> None:
    model = environment.models.get(item.model.text)
    if model is None:
        problems.add(
            Diagnostic(
                UNKNOWN_MODEL,
                f"there is no model `{item.model.text}`",
                item.model.span,
                help=did_you_mean(item.model.text, environment.models),
            )
        )
        return
    if "name" not in (column.text for column in item.table.header) and item.table.header:
        problems.add(
            Diagnostic(
                MISSING_BINDING,
                "a table of variants needs a `name` column",
                item.table.header[0].span,
                help="its cells are labels such as `b0` or `050`",
            )
        )
        return
    model.variants.append(item)


def _twice(name: tree.Identifier, first: Span) -> Diagnostic:
    return Diagnostic(
        DUPLICATE_NAME, f"`{name.text}` is defined twice", name.span, notes=(Note("first defined here", first),)
    )


def parent(definition: ModelDefinition) -> ModelDefinition | None:
    """The model that a model extends."""
    reference = definition.model.parent
    return definition.environment.model(reference.name.text) if reference else None


def _check_parents(definition: ModelDefinition, problems: Problems) -> None:
    seen: list[ModelDefinition] = []
    current: ModelDefinition | None = definition
    while current is not None and current.model.parent is not None:
        reference = current.model.parent
        if current in seen:
            problems.add(
                Diagnostic(USE_CYCLE, f"`{definition.name}` extends itself", definition.model.name.span)
            )
            return
        seen.append(current)
        found = parent(current)
        if found is None:
            problems.add(
                Diagnostic(
                    UNKNOWN_MODEL,
                    f"there is no model `{reference.name.text}`",
                    reference.name.span,
                    help=did_you_mean(reference.name.text, current.environment.models)
                    or 'bring its file in with `use "file.arch"`',
                )
            )
            return
        current = found
