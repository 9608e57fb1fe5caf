"""From the grammar's rules to the syntax tree: one method a rule, each given the rule's children in order.

Problems are imported where they are found: most texts have no mistake.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from lark.lexer import Token
from msgspec.structs import replace

from archdsl.diagnostics import Diagnostic, Source, Span
from archdsl.language import tree
from archdsl.language.bounds import longest_operation
from archdsl.language.operators import is_chain, nest
from archdsl.limits import limits

# Each unit as a power of ten, and those of bytes that are powers of two.
_UNITS = {"": 0, "K": 3, "M": 6, "G": 9, "T": 12, "%": -2, "ms": -3, "us": -6, "s": 0, "px": 0}
_UNITS |= {f"{prefix}B": _UNITS[prefix] for prefix in "KMGT"}
_BINARY_UNITS = {"KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40}
# A text that is a value may be so many times as long as a name: it is compared, and stands in figures.
_TEXT_IN_NAMES = 4


# So many names are said in that of the list that they are taken from.
_FEW = 3


class Builder:
    """Builds the tree of one text after another."""

    source: Source
    docs: dict[int, str]
    offset: int
    problems: list[Diagnostic]

    def begin(self, source: Source, docs: dict[int, str], offset: int) -> list[Diagnostic]:
        """Turns to a piece of a source that begins at `offset`; `docs` are the doc comments by line.

        Returns where the problems will be that the grammar cannot see.
        """
        self.source, self.docs, self.offset, self.problems = source, docs, offset, []
        return self.problems

    # Helpers

    def _span(self, first: Any, last: Any) -> Span:
        start = self.offset + (first.start_pos or 0) if isinstance(first, Token) else first.span.start
        end = self.offset + (last.end_pos or 0) if isinstance(last, Token) else last.span.end
        return Span(self.source, start, end)

    def _identifier(self, token: Token) -> tree.Identifier:
        return tree.Identifier(self._span(token, token), self._short(token))

    def _short(self, token: Token, what: str = "name") -> str:
        """The text of a name, no longer than the bound; a problem where it is."""
        text, times = str(token), _TEXT_IN_NAMES if what == "text" else 1
        bound = times * limits().name
        if len(text) > bound:
            from archdsl.language.errors import TooLongName

            self.problems.append(TooLongName(what, len(text), times).at(self._span(token, token)))
        return text[:bound]

    def _doc(self, keyword: Token) -> str:
        return self.docs.get(self._span(keyword, keyword).line, "") if self.docs else ""

    def _check_length(self, elements: Sequence[Any], what: str, first: Any, last: Any) -> bool:
        """Whether a list has as many elements as it may; a problem where it has more."""
        count, bound = len(elements), limits().elements
        if count > bound:
            from archdsl.language.errors import TooManyElements

            self.problems.append(TooManyElements(count, what).at(self._span(first, last)))
        return count <= bound

    # Expressions

    def literal(self, children: list[Any]) -> tree.Literal:
        (token,) = children
        return tree.Literal(self._span(token, token), self._value(token), str(token))

    def _value(self, token: Token) -> int | float | bool | str | None:
        kind, text = token.type, str(token)
        if kind == "NUMBER":
            return self._number(token)
        if kind == "STRING":
            return _unescape(self._short(token, "text")[1:-1])
        return {"true": True, "false": False, "none": None}[text]

    def _number(self, token: Token) -> int | float:
        digits = str(token).rstrip("%BKMGTimpsux")
        unit = token[len(digits) :]
        if len(digits) > limits().digits:
            from archdsl.language.errors import TooLongNumber

            self.problems.append(TooLongNumber(len(digits)).at(self._span(token, token)))
            return 0
        if unit in _BINARY_UNITS:
            return self._bytes(digits, token)
        power = _UNITS[unit]
        if digits.isdigit() and power >= 0:
            scale: int = 10**power
            return int(digits) * scale
        # The decimal point moves before the number becomes binary: 7% is 0.07 and not 7 * 0.01.
        mantissa, _, exponent = digits.lower().partition("e")
        value = float(f"{mantissa}e{int(exponent or 0) + power}")
        if math.isinf(value):
            return self._too_large(token)
        return int(value) if power > 0 and value.is_integer() else value

    def _bytes(self, digits: str, token: Token) -> int | float:
        """A number in a unit that is a power of two."""
        size = _BINARY_UNITS[token[len(digits) :]]
        if digits.isdigit():
            return int(digits) * size
        value = float(digits) * size
        if math.isinf(value):
            return self._too_large(token)
        return int(value) if value.is_integer() else value

    def _too_large(self, token: Token) -> int:
        from archdsl.language.errors import TooLargeNumber

        self.problems.append(TooLargeNumber(token).at(self._span(token, token)))
        return 0

    def name(self, children: list[Any]) -> tree.Name:
        (token,) = children
        return tree.Name(self._span(token, token), self._short(token))

    def fact(self, children: list[Any]) -> tree.Fact:
        owner, name = children  # a number is the variant of a model: `resnet.50`
        return tree.Fact(self._span(owner, name), owner, name)

    def call(self, children: list[Any]) -> tree.Call:
        function, (arguments, closing) = children
        return tree.Call(self._span(function, closing), function, arguments)

    def arguments(self, children: list[Any]) -> tuple[tuple[tree.Argument, ...], Token]:
        given = tuple(child for child in children[1:-1] if child is not None)
        return given if self._check_length(given, "arguments", children[0], children[-1]) else (), children[-1]

    def positional_argument(self, children: list[Any]) -> tree.Argument:
        (value,) = children
        return tree.Argument(value.span, None, _expression(value))

    def keyword_argument(self, children: list[Any]) -> tree.Argument:
        name, value = children
        return tree.Argument(self._span(name, value), self._identifier(name), _expression(value))

    def operation(self, children: list[Any]) -> tree.Expression:
        last: tree.Expression = children[-1]
        if len(children) > 5 and len(children) > longest_operation():
            from archdsl.language.errors import TooLongOperation

            count = len(children)
            problem = TooLongOperation(count, longest_operation(), -(-count // 4))
            self.problems.append(problem.at(self._span(children[0], last)))
            return last
        if is_chain(children):
            from archdsl.language.errors import ChainedComparison
            from archdsl.language.fixes import for_chain

            self.problems.append(ChainedComparison().at(self._span(children[0], last), fix=for_chain(children)))
        return nest(children, self.offset)

    def if_else(self, children: list[Any]) -> tree.Conditional:
        keyword, condition, chosen, otherwise = children
        return tree.Conditional(self._span(keyword, otherwise), _expression(condition), _expression(chosen), otherwise)

    def named_step(self, children: list[Any]) -> tree.Step:
        value, name, condition = (*children, None)[:3]
        return tree.Step(self._span(value, condition or name), value, self._identifier(name), condition)

    def guarded_step(self, children: list[Any]) -> tree.Step:
        value, condition = children
        return tree.Step(self._span(value, condition), value, None, condition)

    def pipeline(self, children: list[Any]) -> tree.Pipeline:
        if not self._check_length(children, "steps", children[0], children[-1]):
            children = children[:1]
        steps = tuple(child if isinstance(child, tree.Step) else tree.Step(child.span, child) for child in children)
        if any(isinstance(step.value, tree.Conditional) for step in steps[:-1]):
            from archdsl.language.ambiguity import after_else

            self.problems += after_else(steps)
        return tree.Pipeline(self._span(steps[0], steps[-1]), steps)

    def group(self, children: list[Any]) -> Any:
        opening, value, closing = children
        value = _expression(value)
        if isinstance(value, tree.Name | tree.Literal):
            return value
        # With its parentheses, so that what a diagnostic underlines is balanced.
        _, *parts = (getattr(value, name) for name in value.__struct_fields__)
        return type(value)(self._span(opening, closing), *parts)

    def composite(self, children: list[Any]) -> tree.Composite:
        opening, value, closing = children
        return tree.Composite(self._span(opening, closing), _expression(value))

    def listing(self, children: list[Any]) -> tree.Listing:
        opening, *elements, closing = children
        if not self._check_length(elements, "values", opening, closing):
            elements = elements[:1]
        return tree.Listing(self._span(opening, closing), tuple(_expression(element) for element in elements))

    def element(self, children: list[Any]) -> tree.Element:
        owner, _, index, closing = children
        return tree.Element(self._span(owner, closing), owner, _expression(index))

    def each(self, children: list[Any]) -> tree.Each:
        keyword, *variables, over, body = children
        *index, variable = [self._identifier(token) for token in variables]
        return tree.Each(
            self._span(keyword, body), index[0] if index else None, variable, _expression(over), _expression(body)
        )

    def choice(self, children: list[Any]) -> tree.Choice:
        opening, *options, closing = children
        if not self._check_length(options, "options", opening, closing):
            options = options[:1]
        return tree.Choice(self._span(opening, closing), tuple(_expression(option) for option in options))

    # Statements

    def binding(self, children: list[Any]) -> tree.Binding:
        name, fact, value = children
        return tree.Binding(
            self._span(name, value),
            self._identifier(name),
            self._identifier(fact) if fact is not None else None,
            _expression(value),
        )

    def several(self, children: list[Any]) -> tree.Binding:
        """`out = a, b`."""
        name, *values = children
        if not self._check_length(values, "values", name, values[-1]):
            values = values[:1]
        elements = tuple(_expression(value) for value in values)
        listing = tree.Listing(self._span(elements[0], elements[-1]), elements, is_bare=True)
        return tree.Binding(self._span(name, values[-1]), self._identifier(name), None, listing)

    def unpacking(self, children: list[Any]) -> tuple[tree.Binding, ...]:
        """`x, y = value`."""
        *tokens, value = children
        if not self._check_length(tokens, "names", tokens[0], tokens[-1]):
            tokens = tokens[:1]
        names = tuple(self._identifier(token) for token in tokens)
        own = tree.Identifier(self._span(tokens[0], tokens[-1]), _name_of_list([name.text for name in names]))
        whole = self._span(tokens[0], value)
        parts = [
            tree.Binding(name.span, name, None, _element(own, number, name.span), part_of=whole)
            for number, name in enumerate(names)
            if name.text != "_"
        ]
        return tree.Binding(whole, own, None, _expression(value), unpacked=names), *parts

    def shared(self, children: list[Any]) -> tree.Binding:
        keyword, name, value = children
        return tree.Binding(
            self._span(keyword, value), self._identifier(name), None, _expression(value), is_shared=True
        )

    def require(self, children: list[Any]) -> tree.Require:
        keyword, claim = children
        return tree.Require(self._span(keyword, claim), _expression(claim))

    def bindings(self, children: list[Any]) -> tuple[tuple[tree.Binding, ...], Token]:
        return _statements(children), children[-1]

    cell_bindings = output_bindings = bindings

    def cell_binding(self, children: list[Any]) -> tree.CellBinding:
        name, value = children
        return tree.CellBinding(self._span(name, value), self._identifier(name), _expression(value))

    def scale(self, children: list[Any]) -> tree.Scale:
        keyword, (bindings, closing) = children
        return tree.Scale(self._span(keyword, closing), bindings)

    def inputs(self, children: list[Any]) -> tuple[tree.Inputs | tree.Binding, ...]:
        keyword, (bindings, closing) = children
        return tree.Inputs(self._span(keyword, closing)), *(replace(binding, is_input=True) for binding in bindings)

    def outputs(self, children: list[Any]) -> tree.Outputs:
        keyword, (bindings, closing) = children
        return tree.Outputs(self._span(keyword, closing), bindings)

    def stages(self, children: list[Any]) -> tree.Stages:
        keyword, _, table, closing = children
        span = self._span(keyword, closing)
        return tree.Stages(span, self._table(table, span))

    def stages_override(self, children: list[Any]) -> tree.StagesOverride:
        keyword, first, last, (bindings, closing) = children
        span = self._span(keyword, closing)
        return tree.StagesOverride(span, self._stage(first), self._stage(last or first), bindings)

    def added_stages(self, children: list[Any]) -> tree.AddedStages:
        keyword, side, number, _, table, closing = children
        span = self._span(keyword, closing)
        return tree.AddedStages(span, self._stage(number), side == "after", self._table(table, span))

    def removed_stages(self, children: list[Any]) -> tree.RemovedStages:
        keyword, first, last = children
        span = self._span(keyword, last or first)
        return tree.RemovedStages(span, self._stage(first), self._stage(last or first))

    def _stage(self, token: Token) -> int:
        """The number of a row."""
        value = self._number(token)
        if isinstance(value, int) and value >= 1:
            return value
        from archdsl.language.errors import NotStageNumber

        self.problems.append(NotStageNumber(token).at(self._span(token, token)))
        return 1

    def nested(self, children: list[Any]) -> tree.Nested:
        name, arguments, _, table, closing = children
        span = self._span(name, closing)
        return tree.Nested(span, self._identifier(name), arguments[0] if arguments else (), self._table(table, span))

    # Tables

    def default_cell(self, children: list[Any]) -> tree.DefaultCell:
        (token,) = children
        return tree.DefaultCell(self._span(token, token))

    def plain_cell(self, children: list[Any]) -> tree.Literal | tree.Name:
        return self.literal(children) if children[0].type == "NUMBER" else self.name(children)

    def row(self, children: list[Any]) -> tree.Row:
        cells = tuple(_expression(cell) for cell in children[1:-1] if not isinstance(cell, Token))
        if not self._check_length(cells, "cells", children[0], children[-1]):
            cells = cells[:1]
        return tree.Row(self._span(children[0], children[-1]), cells)

    def table(self, children: list[Any]) -> list[tree.Row]:
        return children

    def _table(self, rows: list[tree.Row], span: Span) -> tree.Table:
        if not rows:
            from archdsl.language.errors import EmptyTable

            self.problems.append(EmptyTable().at(span))
            return tree.Table(span, (), ())
        head, *body = rows
        header = []
        for cell in head.cells:
            if isinstance(cell, tree.Name):
                header.append(tree.Identifier(cell.span, cell.text))
            else:
                from archdsl.language.errors import HeaderNotName

                self.problems.append(HeaderNotName().at(cell.span))
                header.append(tree.Identifier(cell.span, ""))
        is_cut = any(len(row.cells) > len(header) for row in body) and self._is_cut(head)
        for row in body:
            if len(row.cells) != len(header) and not is_cut:
                from archdsl.language.errors import RaggedRow

                self.problems.append(RaggedRow(len(row.cells), len(header)).at(row.span))
        if not body:
            from archdsl.language.errors import TableWithoutRows

            self.problems.append(TableWithoutRows().at(head.span))
        whole = head.span.to(rows[-1].span)
        return tree.Table(whole, tuple(header), tuple(row for row in body if len(row.cells) == len(header)))

    def _is_cut(self, head: tree.Row) -> bool:
        """Whether a comment begins in the middle of a header, `| op | #channels |`; a problem where one does."""
        from archdsl.language.fixes import cut_row

        found = cut_row(head.span)
        self.problems += [found] if found is not None else []
        return found is not None

    # Items

    def use(self, children: list[Any]) -> tree.Use:
        keyword, path = children
        return tree.Use(self._span(keyword, path), _unescape(str(path)[1:-1]), self._doc(keyword))

    def parameter(self, children: list[Any]) -> tree.Parameter:
        name, default = children[0], children[1] if len(children) > 1 else None
        return tree.Parameter(
            self._span(name, default if default is not None else name),
            self._identifier(name),
            _expression(default) if default is not None else None,
        )

    def parameters(self, children: list[Any]) -> tuple[tree.Parameter, ...]:
        declared = tuple(child for child in children if isinstance(child, tree.Parameter))
        return declared if not declared or self._check_length(declared, "parameters", declared[0], declared[-1]) else ()

    def label(self, children: list[Any]) -> tree.Identifier:
        (token,) = children
        if not token.isidentifier() and not token.isalnum():  # a number such as `1.5`, `2%` or `1e-3`
            from archdsl.language.errors import NotLabel

            self.problems.append(NotLabel(token).at(self._span(token, token)))
        return self._identifier(token)

    def reference(self, children: list[Any]) -> tree.Reference:
        name, variant, arguments = children
        last = arguments[1] if arguments else variant or name
        return tree.Reference(
            self._span(name, last), self._identifier(name), variant, arguments[0] if arguments else ()
        )

    def block_body(self, children: list[Any]) -> tuple[tuple[Any, ...], Token]:
        return _statements(children), children[-1]

    model_body = recipe_body = block_body

    def block(self, children: list[Any]) -> tree.Block:
        extern, keyword, name, parameters, (body, closing) = children
        first = extern or keyword
        span, is_extern = self._span(first, closing), extern is not None
        return tree.Block(span, self._identifier(name), parameters, body, self._doc(first), is_extern)

    def model(self, children: list[Any]) -> tree.Model:
        keyword, name, parameters, parent, (body, closing) = children
        return tree.Model(
            self._span(keyword, closing), self._identifier(name), parameters or (), parent, body, self._doc(keyword)
        )

    def variants(self, children: list[Any]) -> tree.Variants:
        keyword, name, _, table, closing = children
        span = self._span(keyword, closing)
        return tree.Variants(span, self._identifier(name), self._table(table, span), self._doc(keyword))

    def recipe(self, children: list[Any]) -> tree.Recipe:
        keyword, name, model, parent, (body, closing) = children
        base = self._identifier(parent) if parent is not None else None
        return tree.Recipe(self._span(keyword, closing), self._identifier(name), model, base, body, self._doc(keyword))

    # Whole texts

    def start(self, children: list[Any]) -> tuple[tree.Item, ...]:
        return tuple(children)

    def alone(self, children: list[Any]) -> tree.Expression:
        (value,) = children
        made: tree.Expression = _expression(value)
        return made


def _expression(value: Any) -> Any:
    """A lone guarded or named step is a pipeline of one."""
    return tree.Pipeline(value.span, (value,)) if isinstance(value, tree.Step) else value


def _statements(children: list[Any]) -> tuple[Any, ...]:
    """The statements of a body; `x, y = value` is several."""
    found: list[Any] = []
    for child in children:
        found += child if isinstance(child, tuple) else [child] if isinstance(child, tree.Node) else []
    return tuple(found)


def _name_of_list(names: list[str]) -> str:
    """What a list is called that is taken apart under these names: `x_y`, or `p3_to_p7` for more than three."""
    said = [name for name in names if name != "_"] or ["unpacked"]
    if len(said) == 1:
        return f"{said[0]}_of_{len(names)}"
    return "_".join(said) if len(said) <= _FEW else f"{said[0]}_to_{said[-1]}"


def _element(owner: tree.Identifier, number: int, span: Span) -> tree.Element:
    """`owner[number]`, of a value that has its name at a place."""
    return tree.Element(span, tree.Name(owner.span, owner.text), tree.Literal(span, number, str(number)))


def _unescape(text: str) -> str:
    parts = text.split("\\\\")
    for escape, character in (("\\n", "\n"), ("\\t", "\t"), ('\\"', '"')):
        parts = [part.replace(escape, character) for part in parts]
    return "\\".join(parts)
