"""The names in scope of an expression: what each means, and whether it is used rightly. Nothing is elaborated."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from msgspec.structs import replace

from archdsl.diagnostics import Diagnostic, Edit, Fix, Note, Problems, Span
from archdsl.diagnostics.nearest import nearest
from archdsl.diagnostics.wording import quoted
from archdsl.elaborate.check.errors import (
    ForeignLayer,
    ForeignTruth,
    InputOfModel,
    ModelAsBlock,
    ModelAsValue,
    SettingWithoutValue,
    UnboundName,
    UnknownFact,
    UsedBeforeBound,
    VariableTaken,
)
from archdsl.elaborate.check.layer_counterparts import EXPLAINED, OF_INPUT, RENAMED, kernel_for, layer_for, of_library
from archdsl.elaborate.problems import ElaborationError
from archdsl.elaborate.resolve.definitions import Environment
from archdsl.elaborate.resolve.errors import FunctionWithoutArguments, UnknownBlock, UnknownName
from archdsl.elaborate.resolve.linking import misspelt_model, variant_without_dot
from archdsl.elaborate.resolve.meaning import meaning_of
from archdsl.elaborate.resolve.parts import Part, check_map
from archdsl.elaborate.resolve.signatures import Signature, fit, missing, own_word, words_of
from archdsl.elaborate.resolve.symbols import Kind, Occurrence, Symbol, of_fact, parameters_of_symbol, signature_of
from archdsl.elaborate.resolve.words import FUNCTIONS, LENGTH, OWN_FACTS, SETTINGS, WORDS
from archdsl.ir.functions import OF_NUMBERS
from archdsl.ir.operators import PRIMITIVES
from archdsl.language import tree

# Functions that are no layers as well: they mean nothing by themselves.
_ONLY_CALLED = FUNCTIONS - PRIMITIVES.keys()
LITERALS = {"true", "false", "none"}
# What papers and other languages write for them.
_TRUTHS = {**dict.fromkeys(("true", "yes", "on"), "true"), **dict.fromkeys(("false", "no", "off"), "false")}
# Bindings of a model that have a meaning, and no value unless the model gives one.
_OF_MODELS = ("input", "classes", "stem", "head")


class Vocabulary:
    """The names that an expression can use at one place of a file, and the mistakes found with them.

    `resolved` takes each name that means something with its symbol, where that is asked for; then all names are looked
    at, however many mistakes there are.
    """

    def __init__(
        self,
        environment: Environment,
        problems: Problems,
        resolved: list[Occurrence] | None = None,
        *,
        has_settings: bool = True,
    ):
        self.environment, self.problems, self.resolved = environment, problems, resolved
        # Parameters and bindings in scope, and those that come further down, with their places.
        self.own: dict[str, Symbol] = {}
        self.later: dict[str, Span] = {}
        # Names that are there without a place: what a claim can speak of, the columns of a row.
        self.given: frozenset[str] = frozenset()
        # The maps of the model's part, by the part's name.
        self.parts: dict[str, Part] = {}
        # What to say of an unknown name that is near no other.
        self.hint: str | None = None
        self.absent = frozenset() if has_settings else frozenset(SETTINGS)

    def knows(self, name: str) -> bool:
        """Whether a name means a parameter or binding, whose value is not known here."""
        return name in self.own or name in self.given

    def resolve(self, span: Span, *symbols: Symbol | None, is_definition: bool = False) -> None:
        """Notes what a name means. `in` is a word of the language: nobody looks for its definition."""
        if self.resolved is not None:
            found = tuple(symbol for symbol in symbols if symbol is not None and symbol.kind is not Kind.INPUT)
            if found:
                self.resolved.append(Occurrence(span, found, is_definition))

    def meaning(self, name: str) -> Symbol | None:
        """What a name means here; None where it means nothing that has a place."""
        if name in self.own:
            return self.own[name]
        return None if name in self.given else meaning_of(name, self.environment)

    def check(self, node: tree.Expression, *, is_last: bool = False) -> None:
        """Adds the mistakes in an expression. `is_last`: it stands for a layer that gets no further arguments."""
        if self.resolved is not None or not self.problems.is_full:
            _RULES[type(node)](self, node, is_last)

    def check_op(self, node: tree.Expression) -> None:
        """The same for an `op` cell, where a name is that of a block."""
        match node:
            case tree.Name(text=text) if not self.knows(text):
                self.resolve(node.span, self.meaning(text))
                if text in _ONLY_CALLED:
                    self.problems.add(FunctionWithoutArguments(node.text).at(node.span))
                else:
                    self.signature(node, is_block=True)
            case tree.Choice(options=options):
                for option in options:
                    self.check_op(option)
            case _:
                self.check(node)

    # Names -----------------------------------------------------------------------------------------------------------

    def signature(self, name: tree.Name, *, is_block: bool, call: tree.Call | None = None) -> Signature | None:
        """What a name that is not a parameter or binding takes; None, with a diagnostic, when it means nothing."""
        symbol = meaning_of(name.text, self.environment)
        is_reserved = symbol is not None and symbol.kind in (Kind.FUNCTION, Kind.SETTING)
        if name.text in self.environment.unread and not is_reserved:
            return None
        if symbol is None or name.text in self.absent or (is_block and symbol.kind is Kind.WORD):
            self._unknown(name, is_block, call)
            return None
        return signature_of(symbol)

    def _unknown(self, name: tree.Name, is_block: bool, call: tree.Call | None) -> None:
        text, span = name.text, name.span
        if text in self.later:
            problem = UsedBeforeBound(text).at(span, notes=(Note("bound here", self.later[text]),))
        elif self.environment.excuses(text):
            return
        elif self.environment.model(text) is not None:
            problem = (ModelAsBlock if is_block else ModelAsValue)(text).at(span)
        elif text == "in":
            problem = InputOfModel().at(span, fix=_without_input(span))
        elif text in self.absent:
            problem = SettingWithoutValue(text).at(span)
        elif not is_block and call is None and text.lower() in _TRUTHS:
            meant = _TRUTHS[text.lower()]
            fix = Fix(f"replace `{text}` by `{meant}`", (Edit(span, meant),), is_safe=False)
            problem = ForeignTruth(text, meant).at(span, fix=fix)
        elif not is_block and (variant := variant_without_dot(name, self.environment)) is not None:
            problem = variant
        elif text == "inputs" and not is_block and self.hint is None and (named := self._inputs()):
            problem = UnknownName(text).at(span, help=f"inputs are read by their names alone: {quoted(named)}")
        elif text in _OF_MODELS and not is_block:
            problem = self._unbound(text, span)
        else:
            problem = self._misspelt(text, span, is_block, call)
        self.problems.add(problem)

    def _unbound(self, text: str, span: Span) -> Diagnostic:
        """The name is spelt well; a binding that is nearly called like it is what is misspelt."""
        places = {**self.later, **{own: symbol.span for own, symbol in self.own.items()}}
        bound = {own: span for own, span in places.items() if span is not None and span.text == own}
        near = nearest(text, bound)
        notes = tuple(Note(f"`{name}` is bound here; did you mean `{text}`?", bound[name]) for name in near)
        fix = None
        if len(near) == 1:
            fix = Fix(f"replace `{near[0]}` by `{text}`", (Edit(bound[near[0]], text),), is_safe=False)
        named = self._inputs() if text == "input" else []
        help = f"the inputs of this model are {quoted(named)}" if named else None
        return UnboundName(text).at(span, notes=notes, fix=fix, help=help)

    def _inputs(self) -> list[str]:
        """The names of the inputs of a model that has several."""
        return [own for own, symbol in self.own.items() if _is_input(symbol)]

    def _misspelt(self, text: str, span: Span, is_block: bool, call: tree.Call | None) -> Diagnostic:
        help, what = self.hint, "block or function" if call is not None else "block"
        if is_block and help is None:
            help = 'define it, or bring its file in with `use "file.arch"`'
            help += f"; functions of numbers are {', '.join(sorted(OF_NUMBERS))}" if call is not None else ""
        if (kernel := kernel_for(text)) is not None and not any(map(kernel_for, self.own)):
            return _renamed(UnknownName(text).at(span, help=f"a kernel is a value: `{kernel}`"), kernel)
        plain = text.lower().replace("_", "")
        if is_block and (layer := RENAMED.get(plain)) in self.environment.all_names:
            return _renamed(UnknownBlock(what, text).at(span, help=f"here it is called `{layer}`"), layer)
        if is_block and (instead := EXPLAINED.get(plain)) is not None:
            return UnknownBlock(what, text).at(span, help=instead)
        if not is_block and "in" in self.own and (fact := OF_INPUT.get(plain)) is not None:
            return _renamed(UnknownName(text).at(span, help=f"here it is called `{fact}`"), fact)
        problem = (UnknownBlock(what, text) if is_block else UnknownName(text)).at(span, help=help)
        problem = problem.suggesting(text, self._known(is_block, call))
        if problem.fix is not None:
            better = problem.fix.edits[0].text
            if better in self.later:
                return replace(problem, fix=None)  # what is bound further down cannot be used here
            if call is not None and not self._takes(better, call):
                return problem.only_suggesting()
        return problem

    def _known(self, is_block: bool, call: tree.Call | None) -> set[str]:
        """What an unknown name may be a misspelling of: names of the kind that is needed in its place."""
        own = {*self.own, *self.given, *self.later}
        if self.hint is not None and call is None:  # a claim, which speaks of numbers
            return own | LITERALS
        named = set(self.environment.all_names)
        if not is_block:
            return (own | named | LITERALS) - self.absent
        return (own | named) - self.absent - (WORDS if call is not None else WORDS | set(FUNCTIONS))

    def _takes(self, name: str, call: tree.Call) -> bool:
        """Whether what a name means takes the arguments of a call, as far as that is known."""
        if name in self.own or name in self.given:
            return True
        signature = Vocabulary(self.environment, Problems()).signature(
            tree.Name(call.function.span, name), is_block=True
        )
        return signature is not None and not fit(call, signature)[1]

    # Expressions -----------------------------------------------------------------------------------------------------

    def _literal(self, node: tree.Literal, is_last: bool) -> None:
        pass

    def _name(self, node: tree.Name, is_last: bool) -> None:
        self.resolve(node.span, self.meaning(node.text))
        if self.knows(node.text):
            return
        signature = self.signature(node, is_block=False)
        if signature is None:
            return
        if node.text in _ONLY_CALLED:
            self.problems.add(FunctionWithoutArguments(node.text).at(node.span))
        elif is_last and node.text not in FUNCTIONS:
            self._complete(signature, (), node.span)

    def _call(self, node: tree.Call, is_last: bool) -> None:
        function = node.function
        takes = signature_of(self.meaning(function.text)) if isinstance(function, tree.Name) else None
        for argument, words in zip(node.arguments, words_of(node, takes), strict=True):
            self._argument(argument.value, words)
        self._resolve_call(node)
        if not isinstance(function, tree.Name):
            self.check(function)
            return
        if self.knows(function.text):
            return
        signature = self.signature(function, is_block=True, call=node)
        if signature is None:
            return
        fitting, problems = fit(node, signature)
        self.problems.add(*problems)
        if not problems and (is_last or function.text in FUNCTIONS):
            self._complete(signature, [parameter for parameter, _ in fitting], node.span)

    def _argument(self, value: tree.Expression, words: tuple[str, ...]) -> None:
        """An argument of a call, which may be one of some words."""
        if (own := own_word(value, words)) is not None:
            self.resolve(value.span, Symbol(Kind.WORD, own))
        elif words and isinstance(value, tree.Name) and self._is_nothing(value.text):
            problem = UnknownName(value.text).at(value.span, help=f"here it may be {', '.join(words)}")
            self.problems.add(problem.suggesting(value.text, {*words, *self.own, *self.given}))
        else:
            self.check(value)

    def _is_nothing(self, name: str) -> bool:
        return not self.knows(name) and name not in self.later and self.meaning(name) is None

    def _resolve_call(self, node: tree.Call) -> None:
        """Notes the function of a call, and the names of its arguments."""
        if self.resolved is None or not isinstance(node.function, tree.Name):
            return
        called = self.meaning(node.function.text)
        self.resolve(node.function.span, called)
        taken = parameters_of_symbol(called)
        for argument in node.arguments:
            if argument.name is not None:
                self.resolve(argument.name.span, taken.get(argument.name.text))

    def _complete(self, signature: Signature, given: Any, span: Span) -> None:
        definition = self.environment.block(signature.name)
        declared = None
        if definition is not None and definition.environment is self.environment:
            first = next((name for name in signature.required if name not in given), None)
            if first is not None:
                declared = Note(f"`{first}` has no default", definition.parameters[first].span)
        absent = missing(signature, given, span, declared)
        if absent is not None:
            self.problems.add(absent)

    def _fact(self, node: tree.Fact, is_last: bool) -> None:
        if (module := of_library(node)) is not None and self._is_nothing(module):
            if not self.environment.excuses(module):
                self.problems.add(_foreign(node))
            return
        name = node.name.text
        if isinstance(node.owner, tree.Name) and name not in {*OWN_FACTS, *self.environment.facts}:
            self._owner(node.owner)
        else:
            self.check(node.owner)
        match node.owner:
            case tree.Name(text="outputs") if "outputs" in self.given and "outputs" not in self.own:
                return  # those of the network, when it is known
            case tree.Name(text=text) if text in self.parts:
                self._map(node, self.parts[text])
                return
            case tree.Name(text=text) if not self.knows(text) and self.environment.model(text) is not None:
                return  # which is no value
            case tree.Name(text=text) if self._is_nothing(text):
                return  # and so has no facts
        if name not in OWN_FACTS:
            self.resolve(node.name.span, of_fact(node.name))
        if name in (*OWN_FACTS, LENGTH) or self.environment.is_partial:
            return
        known = {*OWN_FACTS, *self.environment.facts}
        if name not in known:
            problem = UnknownFact(name, ", ".join(OWN_FACTS)).at(node.name.span)
            self.problems.add(problem.suggesting(name, known))

    def _owner(self, name: tree.Name) -> None:
        """What has something that no tensor has: most likely a model with its variant, if nothing else is called so."""
        is_model = self._is_nothing(name.text) and self.environment.model(name.text) is None
        meant = misspelt_model(name, self.environment) if is_model else None
        if meant is not None:
            self.problems.add(meant)
        else:
            self.check(name)

    def _map(self, node: tree.Fact, part: Part) -> None:
        """A map of the model's part, or a fact of its last one."""
        name = node.name.text
        if name in part.maps:
            row = part.maps[name]
            cell = row.cells.get("name") if row is not None else None
            span = cell[0].span if cell is not None else row.span if row is not None else None
            self.resolve(node.name.span, Symbol(Kind.STAGE, name, part.base.name, span))
        elif not self.environment.is_partial:
            try:
                check_map(node, part)
            except ElaborationError as problem:
                self.problems.add(problem.diagnostic)

    def _unary(self, node: tree.Unary, is_last: bool) -> None:
        self.check(node.operand)

    def _binary(self, node: tree.Binary, is_last: bool) -> None:
        self.check(node.left, is_last=node.operator == "*")
        self.check(node.right)

    def _conditional(self, node: tree.Conditional, is_last: bool) -> None:
        self.check(node.condition)
        self.check(node.chosen, is_last=is_last)
        self.check(node.otherwise, is_last=is_last)

    def _shape(self, node: tree.ShapeOf, is_last: bool) -> None:
        for size in node.sizes:
            self.check(size)

    def _choice(self, node: tree.Choice, is_last: bool) -> None:
        for option in node.options:
            self.check(option, is_last=is_last)

    def _pipeline(self, node: tree.Pipeline, is_last: bool) -> None:
        for step in node.steps:
            self.check(step.value, is_last=True)
            if step.condition is not None:
                self.check(step.condition)

    def _listing(self, node: tree.Listing, is_last: bool) -> None:
        for element in node.elements:
            self.check(element)

    def _element(self, node: tree.Element, is_last: bool) -> None:
        self.check(node.owner)
        self.check(node.index)

    def _each(self, node: tree.Each, is_last: bool, own: Symbol | None = None) -> None:
        """A loop, whose variables mean something in its body alone; `own` is the binding that it is the value of."""
        self.check(node.over)
        outer, later = dict(self.own), dict(self.later)
        for variable in (node.index, node.variable):
            if variable is not None:
                self._variable(variable)
        if own is not None:
            self.own.setdefault(own.name, own)
            self.later.pop(own.name, None)
        self.check(node.body)
        self.own, self.later = outer, later

    def _variable(self, name: tree.Identifier) -> None:
        known = self.own.get(name.text)
        first = known.span if known is not None else self.later.get(name.text)
        if name.text == "in" or known is not None or first is not None:
            self.problems.add(
                VariableTaken(name.text).at(name.span, notes=(Note("bound here", first),) if first else ())
            )
        symbol = Symbol(Kind.BINDING, name.text, span=name.span)
        self.own[name.text] = symbol
        self.resolve(name.span, symbol, is_definition=True)

    def check_binding(self, binding: tree.Binding, symbol: Symbol) -> None:
        """The value of a binding: a loop may read what it has made so far."""
        if isinstance(binding.value, tree.Each) and (self.resolved is not None or not self.problems.is_full):
            self._each(binding.value, False, symbol)
        else:
            self.check(binding.value)

    def _composite(self, node: tree.Composite, is_last: bool) -> None:
        self.check(node.value, is_last=True)


_RULES: dict[type, Callable[[Vocabulary, Any, bool], None]] = {
    tree.Literal: Vocabulary._literal,
    tree.Name: Vocabulary._name,
    tree.Fact: Vocabulary._fact,
    tree.Unary: Vocabulary._unary,
    tree.Binary: Vocabulary._binary,
    tree.Conditional: Vocabulary._conditional,
    tree.ShapeOf: Vocabulary._shape,
    tree.Choice: Vocabulary._choice,
    tree.Pipeline: Vocabulary._pipeline,
    tree.Composite: Vocabulary._composite,
    tree.Call: Vocabulary._call,
    tree.Listing: Vocabulary._listing,
    tree.Element: Vocabulary._element,
    tree.Each: Vocabulary._each,
}


def _without_input(span: Span) -> Fix | None:
    """A fix that takes `in ->` away."""
    arrow = re.compile(r"\s*->\s*").match(span.source.text, span.end)
    return Fix("remove `in ->`", (Edit(Span(span.source, span.start, arrow.end()), ""),)) if arrow else None


def _renamed(problem: Diagnostic, better: str) -> Diagnostic:
    """The mistake with what is written here in its place, as a suggestion."""
    assert problem.span is not None
    fix = Fix(f"replace `{problem.span.text}` by `{better}`", (Edit(problem.span, better),), is_safe=False)
    return replace(problem, fix=fix)


def _foreign(node: tree.Fact) -> Diagnostic:
    """`nn.Conv2d`: what it is here, if that is known."""
    written, ours = re.sub(r"\s", "", node.span.text), layer_for(node.name.text)
    problem = ForeignLayer(written, ours).at(node.span)
    return _renamed(problem, ours) if ours is not None else problem


def _is_input(symbol: Symbol) -> bool:
    return isinstance(symbol.meaning, tree.Binding) and symbol.meaning.is_input
