"""Completion: what can be written at the cursor."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from lsprotocol.types import CompletionItem, CompletionItemKind, MarkupContent, MarkupKind, Position

from archdsl.elaborate.check.models import SPECIAL
from archdsl.elaborate.problems import ElaborationError
from archdsl.elaborate.resolve.definitions import Definition, Environment, ModelDefinition
from archdsl.elaborate.resolve.inheritance import parameters_of
from archdsl.elaborate.resolve.meaning import meaning_of
from archdsl.elaborate.resolve.merge import merge
from archdsl.elaborate.resolve.objectives import COUNTS
from archdsl.elaborate.resolve.parts import maps_of, part_of
from archdsl.elaborate.resolve.scopes import labels, rows_of, scope_of_model
from archdsl.elaborate.resolve.stage_rows import OWN_COLUMNS
from archdsl.elaborate.resolve.symbols import Kind, Symbol, file_of, parameters_of_symbol, signature_of
from archdsl.elaborate.resolve.words import FUNCTIONS, OWN_FACTS, SETTINGS, WORDS
from archdsl.ir.operators import PRIMITIVES
from archdsl.language import tree
from archdsl.lsp import recipes, words
from archdsl.lsp.context import Bracket, Context, bound_names, context
from archdsl.lsp.describe import describe, head_of_block, head_of_model, head_of_primitive
from archdsl.lsp.document import Document


def completion(document: Document, position: Position) -> list[CompletionItem]:
    """What can stand at a position, the likeliest first."""
    offset = document.positions.offset(position)
    here = context(document.source.text[:offset])
    if here.is_comment:
        return []
    found = {item.label: item for item in reversed(list(_Completion(document, here).items()))}
    return list(found.values())[::-1]


class _Completion:
    """The answer at one place."""

    def __init__(self, document: Document, here: Context):
        self.document, self.here = document, here
        self.environment: Environment = document.environment
        # An item that cannot be read at the moment may have been readable in the last version that compiled.
        self.known = [self.environment, *([document.sound.environment] if document.sound else [])]

    def items(self) -> Iterator[CompletionItem]:
        here = self.here
        bracket = here.innermost
        if here.item == "use":
            yield from self._files()
        elif not here.item:
            yield from _keywords(words.ITEMS) if not here.last else ()
        elif not here.brackets:
            yield from self._head()
        elif here.last == ".":
            yield from self._facts()
        elif bracket is not None and bracket.sign == "(" and bracket.inside[-1:] in ([], [","]):
            yield from self._arguments(bracket)
        elif here.line[:1] == ["|"]:
            yield from self._cell()
        elif not here.line and bracket is not None and bracket.sign == "{":
            yield from self._statements()
        elif here.line[:1] == ["require"]:
            yield from _items(words.MEASURES | words.QUANTITIES, CompletionItemKind.Constant, "0")
            yield from self._expression()
        elif here.item == "model" and here.line[:1] == ["objective"]:
            counts = {name: words.MEASURES[name] for name in COUNTS}
            yield from _items(counts | words.QUANTITIES | words.MERITS, CompletionItemKind.Constant, "0")
            yield from _items(words.GOALS, CompletionItemKind.Function, "0")
            yield from self._expression()
        else:
            yield from self._expression()
            if here.item == "model" and here.line[1:] == ["="] and here.line[0] not in SPECIAL:
                yield from self._models("5")  # one that is to be a part

    # Heads -----------------------------------------------------------------------------------------------------------

    def _head(self) -> Iterator[CompletionItem]:
        """`extends name.variant`, `variants name`, `for name`."""
        head = self.here.head
        if head[-1:] == ["."] and len(head) > 1:
            model = self._model(head[-2])
            yield from _named(labels(model), CompletionItemKind.EnumMember, "0") if model else ()
        elif head[-1:] in (["extends"], ["for"], ["variants"]):
            yield from self._models("0")
        elif self.here.item == "model":
            yield from _keywords({"extends": "takes over what another model says: `extends base.small`"})

    def _models(self, order: str) -> Iterator[CompletionItem]:
        models = {name: model for environment in self.known for name, model in environment.models.items()}
        for name, model in models.items():
            yield _item(name, CompletionItemKind.Class, order, head_of_model(model.model), model.model.doc)

    def _files(self) -> Iterator[CompletionItem]:
        if '"' not in self.here.line:
            return
        own = file_of(self.document.source)
        try:
            beside = sorted(path.name for path in own.parent.glob("*.arch") if path.name != own.name)
        except OSError:
            return
        for name in beside:
            yield _item(name, CompletionItemKind.File, "0")

    # Statements ------------------------------------------------------------------------------------------------------

    def _statements(self) -> Iterator[CompletionItem]:
        here = self.here
        bound = bound_names(here)
        if here.is_inside("stages", "scale"):
            yield from self._columns()
        elif here.item == "model":
            unbound = {name: text for name, text in words.SETTINGS.items() if name not in bound}
            yield from _items(unbound, CompletionItemKind.Property, "0")
            yield from _keywords(words.STATEMENTS)
        elif here.item == "recipe":
            unbound = {name: text for name, text in recipes.settings() if name not in bound}
            yield from _items(unbound, CompletionItemKind.Property, "0")
            yield _item("progressive", CompletionItemKind.Keyword, "1", "progressive(stages = 4) { ... }")
        elif here.item == "block":
            if "out" not in bound:
                yield _item("out", CompletionItemKind.Property, "0", "the tensor that the block gives")
            yield from _keywords({"require": "refuses arguments that make no sense"})
        elif here.item == "extern":
            undeclared = {name: text for name, text in words.DECLARED.items() if name not in bound}
            yield from _items(undeclared, CompletionItemKind.Property, "0")
            yield from _keywords({"require": "refuses arguments that make no sense"})

    # Tables ----------------------------------------------------------------------------------------------------------

    def _cell(self) -> Iterator[CompletionItem]:
        """A cell of a table, or a name in its header."""
        bracket = self.here.innermost
        assert bracket is not None
        header = _header(bracket)
        column = self.here.line.count("|") - 1
        if self.here.item == "recipe":
            is_setting = header is not None and column < len(header) and header[column] == "setting"
            names = ("setting", "from", "to") if header is None else recipes.RISING if is_setting else ()
            yield from _named(names, CompletionItemKind.Field, "0")
            return
        if header is None:
            yield from self._columns()
        elif column < len(header) and header[column] == "op" and self.here.item == "model":
            yield from self._blocks("0")
            yield from self._primitives("1")
        else:
            yield from self._own("0")
            yield from _items({word: words.WORDS[word] for word in sorted(WORDS)}, CompletionItemKind.Constant, "1")
            yield from self._functions("2")
            yield from self._primitives("3")

    def _columns(self) -> Iterator[CompletionItem]:
        """The columns that a table can have."""
        if self.here.item == "variants":
            yield _item("name", CompletionItemKind.Field, "0", words.COLUMNS["name"])
            model = self._model(self.here.name)
            for name, parameter in (parameters_of(model) if model else {}).items():
                yield _item(name, CompletionItemKind.Field, "1", parameter.span.text)
            return
        yield from _items({name: words.COLUMNS[name] for name in OWN_COLUMNS}, CompletionItemKind.Field, "0")
        model = self._model(self.here.name)
        used = [row.cells["op"][0] for row in rows_of(model) if "op" in row.cells] if model else []
        ops = {cell.text for cell in used if isinstance(cell, tree.Name)}
        for name in sorted(self.environment.block_names):
            definition = self._block(name)
            for column in definition.parameters if definition else ():
                yield _item(column, CompletionItemKind.Field, "1" if name in ops else "2", f"of {name}")

    # Expressions -----------------------------------------------------------------------------------------------------

    def _facts(self) -> Iterator[CompletionItem]:
        """What can follow a dot: a map of the part, a variant of a model that is to be one, a fact of a tensor."""
        owner = self.here.line[-2] if len(self.here.line) > 1 else ""
        yield from _named(self._maps(owner), CompletionItemKind.Field, "0")
        base = next(filter(None, (environment.part(owner) for environment in self.known)), None)
        if base is not None and meaning_of(owner, self.environment) is None:
            yield from _named(labels(base), CompletionItemKind.EnumMember, "0")
            return
        yield from _items(words.FACTS, CompletionItemKind.Field, "0")
        facts = {
            symbol.name for each in self.document.occurrences for symbol in each.symbols if symbol.kind is Kind.FACT
        }
        yield from (_item(name, CompletionItemKind.Field, "1") for name in sorted(facts.difference(OWN_FACTS)))

    def _maps(self, owner: str) -> Iterable[str]:
        """The maps of the part that a model calls so."""
        # While its text cannot be read, there is no such model; the line that binds the part is there all the same.
        bound = (
            re.findall(rf"^[ \t]*{re.escape(owner)}[ \t]*=[ \t]*([A-Za-z_]\w*)", self.here.text, re.MULTILINE)
            if owner
            else []
        )
        for environment in self.known:
            model = environment.model(self.here.name) if self.here.item == "model" else None
            base = next(filter(None, map(environment.part, bound)), None)
            try:
                part = part_of(merge(model)) if model is not None else None
                if part is not None and part.name == owner:
                    return part.maps
                if base is not None:
                    return maps_of(merge(base))
            except ElaborationError:
                continue  # a mistake that is told elsewhere
        return ()

    def _arguments(self, bracket: Bracket) -> Iterator[CompletionItem]:
        """Arguments by name, and values."""
        called = bracket.before[-1] if bracket.before else ""
        if self.here.item == "recipe" and len(self.here.brackets) > 1:
            for name, text in recipes.arguments(called):
                yield _item(f"{name} = ", CompletionItemKind.Variable, "0", "", text)
            yield from self._recipe_value()
            return
        if len(self.here.brackets) == 1 and "extends" not in self.here.head:
            return  # parameters that are being declared
        if len(self.here.brackets) == 1:
            base = self._model(_base(self.here.head))
            for name, parameter in (parameters_of(base) if base else {}).items():
                yield _item(f"{name} = ", CompletionItemKind.Variable, "0", parameter.span.text)
            return
        layer = self._layer(called)
        for name, symbol in parameters_of_symbol(layer).items():
            yield _item(f"{name} = ", CompletionItemKind.Variable, "0", _detail(symbol))
        takes = signature_of(layer)
        own = {word for _, known in takes.words for word in known} - WORDS if takes is not None else set()
        yield from _items({word: words.OF_ARGUMENTS[word] for word in sorted(own)}, CompletionItemKind.Constant, "0")
        yield from self._expression()

    def _expression(self) -> Iterator[CompletionItem]:
        if self.here.item == "recipe":
            yield from self._recipe_value()
            return
        yield from self._own("1")
        after_arrow = self.here.last == "->"
        yield from self._blocks("2")
        yield from self._primitives("3")
        yield from _items(
            {name: words.SETTINGS[name] for name in SETTINGS}, CompletionItemKind.Property, "1" if after_arrow else "4"
        )
        if not after_arrow:
            yield from self._functions("4")
            yield from _items({word: words.WORDS[word] for word in sorted(WORDS)}, CompletionItemKind.Constant, "5")
        yield from _keywords(words.EXPRESSIONS)

    def _recipe_value(self) -> Iterator[CompletionItem]:
        """The value of a setting: its functions and words, then the other settings of the recipe."""
        setting = self.here.line[0] if self.here.line else ""
        if setting in dict(recipes.settings()):
            for name, signature, text in recipes.functions(setting):
                yield _item(name, CompletionItemKind.Function, "0", signature, text)
            yield from _named(recipes.words(setting), CompletionItemKind.Constant, "0")
        yield from _named(bound_names(self.here), CompletionItemKind.Variable, "1")
        yield from _items({word: words.EXPRESSIONS[word] for word in ("if", "none")}, CompletionItemKind.Keyword, "6")

    def _own(self, order: str) -> Iterator[CompletionItem]:
        """Parameters and bindings, those of the text before the cursor and those that a model inherits."""
        here = self.here
        if here.item == "variants":
            return
        if here.item in ("block", "extern"):
            yield _item("in", CompletionItemKind.Variable, order, words.WORDS["in"])
        for name in bound_names(here):
            if name not in SPECIAL or name == "classes":
                yield _item(name, CompletionItemKind.Variable, order)
        inherited = self._model(here.name) if here.item == "model" else None
        if inherited is None and "extends" in here.text:
            inherited = self._model(_base(here.text.replace("{", " ").replace("(", " ").replace(".", " . ").split()))
        own = scope_of_model(inherited) if inherited else {}
        for name, symbol in own.items():
            if symbol is not None and (name not in SPECIAL or name == "classes"):
                yield _item(name, CompletionItemKind.Variable, order, _detail(symbol))

    def _blocks(self, order: str) -> Iterator[CompletionItem]:
        for name in sorted({name for environment in self.known for name in environment.block_names}):
            definition = self._block(name)
            if definition is not None:
                block = definition.block
                yield _item(name, CompletionItemKind.Function, order, head_of_block(definition), block.doc)

    def _primitives(self, order: str) -> Iterator[CompletionItem]:
        for name, operator in PRIMITIVES.items():
            if name not in SETTINGS:
                doc = (operator.__doc__ or "").partition("\n")[0]
                yield _item(name, CompletionItemKind.Method, order, head_of_primitive(name), doc)

    def _functions(self, order: str) -> Iterator[CompletionItem]:
        for name in sorted(FUNCTIONS - PRIMITIVES.keys()):
            yield _item(name, CompletionItemKind.Operator, order, words.FUNCTIONS.get(name, ""))

    # What names mean -------------------------------------------------------------------------------------------------

    def _model(self, name: str) -> ModelDefinition | None:
        return next(filter(None, (environment.model(name) for environment in self.known)), None)

    def _block(self, name: str) -> Definition | None:
        return next(filter(None, (environment.block(name) for environment in self.known)), None)

    def _layer(self, name: str) -> Symbol | None:
        return next(filter(None, (meaning_of(name, environment) for environment in self.known)), None)


def _base(head: Iterable[str]) -> str:
    """The model that a head extends."""
    tokens = list(head)
    index = tokens.index("extends") + 1 if "extends" in tokens else len(tokens)
    return tokens[index] if index < len(tokens) else ""


def _header(bracket: Bracket) -> list[str] | None:
    """The names of the header of the table in some braces; None while that is the line that is being written."""
    tokens = bracket.inside
    end = next((i for i in range(1, len(tokens)) if tokens[i - 1] == tokens[i] == "|"), None)
    return None if end is None else [token for token in tokens[:end] if token != "|"]


def _detail(symbol: Symbol) -> str:
    match symbol:
        case Symbol(meaning=tree.Parameter() as parameter):
            return f"{parameter.span.text}, a parameter of {symbol.owner}"
        case Symbol(meaning=tree.Binding() as binding):
            return " ".join((binding.part_of or binding.span).text.split())[:80]
        case _:
            return describe(symbol).split("\n")[1]


def _named(symbols: Iterable[str], kind: CompletionItemKind, order: str) -> Iterator[CompletionItem]:
    return (_item(name, kind, order) for name in symbols)


def _items(texts: dict[str, str], kind: CompletionItemKind, order: str) -> Iterator[CompletionItem]:
    return (_item(name, kind, order, "", text) for name, text in texts.items())


def _keywords(texts: dict[str, str]) -> Iterator[CompletionItem]:
    return _items(texts, CompletionItemKind.Keyword, "6")


def _item(label: str, kind: CompletionItemKind, order: str, detail: str = "", text: str = "") -> CompletionItem:
    documentation = MarkupContent(MarkupKind.Markdown, text) if text else None
    return CompletionItem(
        label, kind=kind, detail=detail or None, documentation=documentation, sort_text=f"{order}{label}"
    )
