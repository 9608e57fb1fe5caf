"""A file with everything it uses: which blocks, models and variants its names mean."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property

from msgspec import Struct, field
from msgspec.structs import replace

from archdsl.diagnostics import Diagnostic, Edit, Fix, Note, Problems, Span
from archdsl.diagnostics.codes import DUPLICATE_NAME, MISSING_BINDING, TOO_LARGE, UNKNOWN_MODEL, USE_CYCLE
from archdsl.elaborate import scalars
from archdsl.elaborate.naming import Names, name_block
from archdsl.elaborate.reach import conditions
from archdsl.elaborate.signatures import Signature
from archdsl.ir.operators import PRIMITIVES
from archdsl.language import tree
from archdsl.language.nodes import children
from archdsl.limits import limits, raising

SETTINGS = ("norm", "act", "padding", "drop_path")
# What every tensor has.
OWN_FACTS = ("channels", "height", "width")
FUNCTIONS = frozenset({*scalars.FUNCTIONS, "concat", "ramp"})
# Names that stand for themselves: values of attributes such as `padding = same`.
WORDS = frozenset({"symmetric", "same", "valid", "bilinear", "nearest"})
BUILT_IN = frozenset({*PRIMITIVES, *FUNCTIONS, *SETTINGS, *WORDS})

# Names that no block or model may have.
RESERVED = BUILT_IN | {"in", "out"}


# So many characters of text are the work of a layer, whether it is applied or not.
_TEXT = 10
# A block whose text is no more work is an ordinary one.
_ORDINARY = 100


def work_of_text(node: tree.Node) -> int:
    """The work of evaluating a text, as effort."""
    return (node.span.end - node.span.start) // _TEXT


class Definition(Struct, eq=False, dict=True):
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
    def conditions(self) -> Mapping[str, str | None]:
        """The tensors that are not always read, with the formula of when they are."""
        return conditions(self.block)

    @cached_property
    def bound(self) -> frozenset[str]:
        """The names that its text binds; a tensor that is made on the spot is bound besides."""
        return frozenset(s.name.text for s in self.block.body if isinstance(s, tree.Binding) and s.fact is None)

    @cached_property
    def excess(self) -> int:
        """The work of evaluating its text, so far as that is more than an ordinary block's."""
        return max(0, work_of_text(self.block) - _ORDINARY)

    @cached_property
    def deferred(self) -> frozenset[str]:
        """The tensors that are elaborated only where they are read: those of a block that applies itself."""
        return (
            self.names.tensors & frozenset(self.conditions) if self.conditions and self._is_recursive else frozenset()
        )

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
        names = dict[str, None]()
        nodes: list[tree.Node] = [self.block]
        while nodes:
            node = nodes.pop()
            if isinstance(node, tree.Name):
                names[node.text] = None
            nodes += children(node)
        return tuple(filter(None, map(self.environment.block, names)))

    @cached_property
    def tries_layers(self) -> bool:
        """Whether it applies layers for a fact alone, as in `(in -> conv(8)).height`: they are no part of it."""
        ahead: list[tree.Node] = [self.block]
        while ahead:
            node = ahead.pop()
            if isinstance(node, tree.Fact) and not isinstance(node.owner, tree.Name):
                return True
            ahead += children(node)
        return False

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
        ahead: list[tree.Node] = [self.block]
        while ahead:
            node = ahead.pop()
            match node:
                case tree.Fact(name=name) if name.text not in OWN_FACTS:
                    return True
                case tree.Binding(fact=fact) if fact is not None:
                    return True
                case tree.Name(text=text) if (other := self.environment.block(text)) is not None and other.heeds_facts:
                    return True
            ahead += children(node)
        return False


class ModelDefinition(Struct, eq=False):
    """A model, its environment, and the tables of its variants."""

    model: tree.Model
    environment: Environment
    variants: list[tree.Variants] = field(default_factory=list)

    @property
    def name(self) -> str:
        return self.model.name.text


class Environment(Struct, eq=False, dict=True):
    """The names that a file sees: its own first, then those of the files it uses, then the standard library."""

    module: tree.Module
    blocks: dict[str, Definition] = field(default_factory=dict)
    models: dict[str, ModelDefinition] = field(default_factory=dict)
    own_models: tuple[ModelDefinition, ...] = ()
    library: Environment | None = None
    # Blocks and models that are there but could not be read: that they are missing is no mistake of those who use them.
    unread: set[str] = field(default_factory=set)
    # Whether a file could not be used: then any name may have been in it.
    is_partial: bool = False

    def block(self, name: str) -> Definition | None:
        found = self.blocks.get(name)
        return found if found is not None or self.library is None else self.library.block(name)

    def model(self, name: str) -> ModelDefinition | None:
        return self.models.get(name)

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

# Reads the file that a `use` names: the environment of that file, or a diagnostic.
Loader = Callable[[tree.Use], "Environment | Diagnostic"]
# Items as they look, one whose keyword is misspelt among them.
_DECLARED = re.compile(
    r"^[ \t]*(?:(?:block|model)|(?!variants|recipe|require|use)[A-Za-z]+(?=[ \t]+\w+[^\n=|#]*\{))[ \t]+([A-Za-z_]\w*)",
    re.MULTILINE | re.ASCII,
)


def link(module: tree.Module, library: Environment | None, load: Loader, problems: Problems) -> Environment:
    """The environment of a module. Names defined twice, and files that cannot be used, become problems."""
    environment = Environment(module, library=library)
    for item in module.items:
        if isinstance(item, tree.Use) and not problems.is_full:
            _use(item, environment, load, problems)
    _define(module, environment, problems)
    environment.unread.update(set(_DECLARED.findall(module.source.text)) - {*environment.blocks, *environment.models})
    for item in module.items:
        if isinstance(item, tree.Variants) and not problems.is_full:
            _attach(item, environment, problems)
    for definition in environment.own_models:
        if not problems.is_full:
            _check_parents(definition, problems)
    return environment


def _use(item: tree.Use, environment: Environment, load: Loader, problems: Problems) -> None:
    used = load(item)
    if isinstance(used, Diagnostic):
        problems.add(used)
        environment.is_partial = True
        return
    environment.blocks.update(used.blocks)
    environment.models.update(used.models)
    environment.unread |= used.unread
    environment.is_partial |= used.is_partial


def _define(module: tree.Module, environment: Environment, problems: Problems) -> None:
    """The file's own blocks and models, each name once."""
    seen: dict[str, Span] = {}
    own: list[ModelDefinition] = []
    for item in module.items:
        if not isinstance(item, tree.Block | tree.Model | tree.Recipe):
            continue
        name = item.name
        if name.text in RESERVED and not isinstance(item, tree.Recipe):
            problems.add(
                Diagnostic(
                    DUPLICATE_NAME,
                    f"`{name.text}` has a meaning in the language already",
                    name.span,
                    help="choose another name",
                )
            )
            if not isinstance(item, tree.Model):
                continue
        if name.text in seen:
            problems.add(twice(name, seen[name.text]))
            continue
        seen[name.text] = name.span
        if isinstance(item, tree.Block):
            environment.blocks[name.text] = Definition(item, environment)
        elif isinstance(item, tree.Model):
            definition = ModelDefinition(item, environment)
            environment.models[name.text] = definition
            own.append(definition)
    environment.own_models = tuple(own)


def _attach(item: tree.Variants, environment: Environment, problems: Problems) -> None:
    """Gives a model its table of variants."""
    model = environment.models.get(item.model.text)
    if model is None:
        unknown = unknown_model(item.model, environment)
        problems.add(*filter(None, [unknown]))
    elif model.environment is not environment:
        problems.add(
            Diagnostic(
                UNKNOWN_MODEL,
                f"`{item.model.text}` is a model of another file",
                item.model.span,
                "its variants stand in that file",
                (Note("defined here", model.model.name.span),),
                help=f"give this file a model of its own: `model my_{model.name} extends {model.name} {{ }}`",
            )
        )
    elif item.table.header and "name" not in (column.text for column in item.table.header):
        problems.add(
            Diagnostic(
                MISSING_BINDING,
                "a table of variants needs a `name` column",
                item.table.header[0].span.to(item.table.header[-1].span),
                help="its cells are labels such as `b0` or `050`",
            )
        )
    elif item.table.header:
        model.variants.append(item)


def unknown_model(name: tree.Identifier, environment: Environment) -> Diagnostic | None:
    """A diagnostic for a model that is not there; None when it may be where it could not be read."""
    if environment.excuses(name.text):
        return None
    if environment.block(name.text) is not None:
        return Diagnostic(UNKNOWN_MODEL, f"`{name.text}` is a block; a model is needed here", name.span)
    variant = next((m for m in environment.models.values() if name.text.startswith(f"{m.name}_") and m.variants), None)
    problem = Diagnostic(UNKNOWN_MODEL, f"unknown model `{name.text}`", name.span, "not defined here")
    if variant is None:
        otherwise = 'define it, or bring its file in with `use "file.arch"`'
        return problem.suggesting(name.text, environment.models, otherwise)
    dotted = f"{variant.name}.{name.text.removeprefix(f'{variant.name}_')}"
    fix = Fix(f"replace `{name.text}` by `{dotted}`", (Edit(name.span, dotted),))
    return replace(problem, help=f"a variant is named with a dot: `{dotted}`", fix=fix)


def twice(name: tree.Identifier, first: Span, what: str = "", verb: str = "defined") -> Diagnostic:
    """A diagnostic for a name that is defined a second time; `what` says what it is a name of."""
    message = f"{what}`{name.text}` is {verb} twice"
    return Diagnostic(DUPLICATE_NAME, message, name.span, notes=(Note(f"first {verb} here", first),))


def repeats(names: Iterable[tree.Identifier], what: str, verb: str = "defined") -> Iterator[Diagnostic]:
    """A diagnostic for each name that came before."""
    seen: dict[str, Span] = {}
    for name in names:
        if name.text and name.text in seen:
            yield twice(name, seen[name.text], what, verb)
        seen.setdefault(name.text, name.span)


# Inheritance ---------------------------------------------------------------------------------------------------------


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


def _check_parents(definition: ModelDefinition, problems: Problems) -> None:
    line = ancestry(definition)
    last = line[-1]
    reference = last.model.parent
    if reference is None:
        return
    if len(line) > limits().ancestors:
        place = definition.model.parent or reference
        message = f"models extend each other more than {limits().ancestors} deep"
        problems.add(Diagnostic(TOO_LARGE, message, place.span, help=raising("ancestors")))
    elif parent(last) is None:
        problems.add(*filter(None, [unknown_model(reference.name, last.environment)]))
    elif parent(last) is definition and definition is min(line, key=lambda member: member.model.span.start):
        assert definition.model.parent is not None
        way = " -> ".join([*(member.name for member in line), definition.name])
        problems.add(
            Diagnostic(
                USE_CYCLE,
                f"`{definition.name}` extends itself",
                definition.model.parent.span,
                way if len(line) > 1 else "",
                help="let one of them stand alone, with an `input` and `stages` of its own",
            )
        )
