"""A file with everything it uses: which blocks, models and variants its names mean."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property

from msgspec import Struct, field

from archdsl.diagnostics import Span
from archdsl.elaborate.resolve.liveness import conditions
from archdsl.elaborate.resolve.signatures import Signature
from archdsl.elaborate.resolve.submodules import Names, name_block
from archdsl.elaborate.resolve.words import BUILT_IN, OWN_FACTS
from archdsl.language import tree
from archdsl.language.nodes import names_in, walk

# So many characters of text are the work of a layer, whether it is applied or not.
_TEXT = 10
# A block whose text is no more work is an ordinary one.
_ORDINARY = 100


def work_of_text(node: tree.Node) -> int:
    """The work of evaluating a text, as effort."""
    return (node.span.end - node.span.start) // _TEXT


def computes(statement: tree.Binding) -> Span | None:
    """Where a statement applies layers, shares them or sets facts of tensors, which an extern block does not."""
    if statement.fact is not None or statement.is_shared:
        return statement.span
    return next((node.span for node in walk(statement.value) if isinstance(node, tree.Pipeline)), None)


class Definition(Struct, eq=False, dict=True):
    """A block and the environment in which its names are looked up: the file where it stands."""

    block: tree.Block
    environment: Environment

    @property
    def name(self) -> str:
        return self.block.name.text

    def names(self, given: frozenset[str] = frozenset(), shared: frozenset[str] = frozenset()) -> Names:
        """The names of its sub-modules, where tensors are given to some of its parameters, and it shares layers that
        are bound outside of it."""
        if (given, shared) not in self._names:
            self._names[given, shared] = name_block(self.block, given, shared)
        return self._names[given, shared]

    @cached_property
    def _names(self) -> dict[tuple[frozenset[str], frozenset[str]], Names]:
        return {}

    @cached_property
    def conditions(self) -> Mapping[str, str | None]:
        """The tensors that are not always read, with the formula of when they are."""
        return conditions(self.block)

    @cached_property
    def bound(self) -> frozenset[str]:
        """The names that its text binds; a tensor that is made on the spot is bound besides."""
        return frozenset(s.name.text for s in self.block.body if isinstance(s, tree.Binding) and s.fact is None)

    @property
    def is_extern(self) -> bool:
        """Whether it declares a module that the caller of the network brings."""
        return self.block.is_extern

    @cached_property
    def excess(self) -> int:
        """The work of evaluating its text, so far as that is more than an ordinary block's."""
        return max(0, work_of_text(self.block) - _ORDINARY)

    def deferred(self, names: Names) -> frozenset[str]:
        """The tensors that are elaborated only where they are read: those of a block that applies itself."""
        return names.tensors & self._conditional

    @cached_property
    def _conditional(self) -> frozenset[str]:
        return frozenset(self.conditions) if self.conditions and self._is_recursive else frozenset()

    @cached_property
    def _is_recursive(self) -> bool:
        """Whether it applies itself, by way of other blocks perhaps."""
        ahead, seen = [*self._applied], set[Definition]()
        while ahead:
            definition = ahead.pop()
            if definition is self:
                return True
            if definition not in seen:
                seen.add(definition)
                ahead += definition._applied
        return False

    @cached_property
    def _applied(self) -> tuple[Definition, ...]:
        """The blocks that it names."""
        names = dict.fromkeys(name.text for name in names_in(self.block))
        return tuple(filter(None, map(self.environment.block, names)))

    @cached_property
    def tries_layers(self) -> bool:
        """Whether it applies layers for a fact alone, as in `(in -> conv(8)).height`: they are not part of it."""
        facts = (node for node in walk(self.block) if isinstance(node, tree.Fact))
        return any(not isinstance(fact.owner, tree.Name) for fact in facts)

    @cached_property
    def signature(self) -> Signature:
        required = tuple(parameter.name.text for parameter in self.block.parameters if parameter.default is None)
        return Signature(self.name, tuple(self.parameters), required, declared=self.block.name.span)

    @cached_property
    def parameters(self) -> dict[str, tree.Parameter]:
        return {parameter.name.text: parameter for parameter in self.block.parameters}

    @cached_property
    def heeds_facts(self) -> bool:
        """Whether it reads or sets facts of the user's own, or applies a block by name that does."""
        self.heeds_facts = True  # while it is found out: of blocks that apply each other, none is looked through
        for node in walk(self.block):
            match node:
                case tree.Fact(name=name) if name.text not in OWN_FACTS:
                    return True
                case tree.Binding(fact=fact) if fact is not None:
                    return True
                case tree.Name(text=text) if (other := self.environment.block(text)) is not None and other.heeds_facts:
                    return True
        return False


class ModelDefinition(Struct, eq=False):
    """A model, its environment, and the tables of its variants."""

    model: tree.Model
    environment: Environment
    variants: list[tree.Variants] = field(default_factory=list)

    @property
    def name(self) -> str:
        return self.model.name.text


class RecipeDefinition(Struct, eq=False):
    """A recipe and its environment."""

    recipe: tree.Recipe
    environment: Environment

    @property
    def name(self) -> str:
        return self.recipe.name.text


class Environment(Struct, eq=False, dict=True):
    """The names that a file sees: its own first, then those of the files it uses, then the standard library."""

    module: tree.Module
    blocks: dict[str, Definition] = field(default_factory=dict)
    models: dict[str, ModelDefinition] = field(default_factory=dict)
    # Those of other files as these have them, whatever blocks this file puts in the place of theirs: what parts are.
    unchanged: dict[str, ModelDefinition] = field(default_factory=dict)
    own_models: tuple[ModelDefinition, ...] = ()
    recipes: dict[str, RecipeDefinition] = field(default_factory=dict)
    own_recipes: tuple[RecipeDefinition, ...] = ()
    library: Environment | None = None
    # Blocks and models that are there but could not be read: those who use them make no mistake.
    unread: set[str] = field(default_factory=set)
    # Whether a file could not be used: then any name may have been in it.
    is_partial: bool = False

    def block(self, name: str) -> Definition | None:
        found = self.blocks.get(name)
        return found if found is not None or self.library is None else self.library.block(name)

    def model(self, name: str) -> ModelDefinition | None:
        return self.models.get(name)

    def part(self, name: str) -> ModelDefinition | None:
        """A model as it is where it is a part of another one."""
        return self.unchanged.get(name) or self.models.get(name)

    @cached_property
    def block_names(self) -> frozenset[str]:
        return frozenset(self.blocks) | (self.library.block_names if self.library else frozenset())

    @cached_property
    def all_names(self) -> frozenset[str]:
        """Everything that an expression can mention besides its own block's or model's names."""
        return self.block_names | BUILT_IN

    @cached_property
    def facts(self) -> frozenset[str]:
        """The facts that blocks and models set, in this file, the files it uses and the library."""
        bodies: list[Sequence[tree.Statement]] = [definition.block.body for definition in self.blocks.values()]
        bodies += [definition.model.body for definition in self.models.values()]
        statements = (statement for body in bodies for statement in body)
        own = {s.fact.text for s in statements if isinstance(s, tree.Binding) and s.fact is not None}
        return frozenset(own) | (self.library.facts if self.library else frozenset())

    def excuses(self, name: str) -> bool:
        """Whether a name that is not there may well be where it could not be read."""
        return self.is_partial or name in self.unread


# Linking -------------------------------------------------------------------------------------------------------------


# Inheritance ---------------------------------------------------------------------------------------------------------
