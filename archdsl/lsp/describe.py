"""What a symbol is, as Markdown: how it is written, and its documentation."""

from __future__ import annotations

import inspect

from archdsl.elaborate.evaluate.describe import describe as shown
from archdsl.elaborate.resolve.definitions import Definition, ModelDefinition, RecipeDefinition
from archdsl.elaborate.resolve.signatures import of_function
from archdsl.elaborate.resolve.symbols import Kind, Symbol
from archdsl.ir.checks import arguments
from archdsl.ir.operators import PRIMITIVES, Operator
from archdsl.ir.operators.formulas import Formulas, cases, condition
from archdsl.language import tree
from archdsl.lsp import recipes, words
from archdsl.lsp.escapes import code, prose


def describe(symbol: Symbol) -> str:
    """Markdown for one symbol."""
    match symbol:
        case Symbol(meaning=Definition() as definition):
            declared = _declared(definition.block) if definition.block.is_extern else ""
            return "\n\n".join(filter(None, [_titled(head_of_block(definition), definition.block.doc), declared]))
        case Symbol(meaning=ModelDefinition() as definition):
            return _titled(head_of_model(definition.model), definition.model.doc)
        case Symbol(meaning=RecipeDefinition() as definition):
            return _titled(head_of_recipe(definition.recipe), definition.recipe.doc)
        case Symbol(kind=Kind.RECIPE_SETTING | Kind.RECIPE_FUNCTION | Kind.RECIPE_ARGUMENT):
            return recipes.describe(symbol)
        case Symbol(kind=Kind.PARAMETER, meaning=tree.Parameter() as parameter):
            return _titled(parameter.span.text, f"parameter of `{symbol.owner}`")
        case Symbol(kind=Kind.BINDING, meaning=tree.Binding() as binding):
            said = words.SETTINGS.get(symbol.name) or _of_binding(binding, symbol.owner)
            return _titled(_short((binding.part_of or binding.span).text), said)
        case Symbol(kind=Kind.PRIMITIVE):
            return _primitive(symbol.name)
        case Symbol(kind=Kind.ATTRIBUTE) if symbol.owner in PRIMITIVES:
            return _titled(_attribute(symbol.owner, symbol.name), f"argument of `{symbol.owner}`")
        case Symbol(kind=Kind.ATTRIBUTE):
            return _titled(symbol.name, f"argument of `{symbol.owner}`")
        case Symbol(kind=Kind.FUNCTION):
            arguments = ", ".join(of_function(symbol.name).parameters) or "..."
            return _titled(f"{symbol.name}({arguments})", words.FUNCTIONS.get(symbol.name, ""))
        case Symbol(kind=Kind.SETTING):
            return _titled(symbol.name, words.SETTINGS[symbol.name])
        case Symbol(kind=Kind.COLUMN):
            return _titled(symbol.name, words.COLUMNS[symbol.name])
        case Symbol(kind=Kind.WORD):
            return _titled(symbol.name, words.WORDS.get(symbol.name) or words.OF_ARGUMENTS[symbol.name])
        case Symbol(kind=Kind.FACT):
            return _titled(f".{symbol.name}", "a fact that travels with tensors")
        case Symbol(kind=Kind.STAGE):
            return _titled(symbol.name, f"the tensor that the stage of `{symbol.owner}` puts out")
        case Symbol(kind=Kind.VARIANT):
            return _titled(f"{symbol.owner}.{symbol.name}", f"a variant of `{symbol.owner}`")
        case _:
            return _titled(symbol.name, str(symbol.kind))


def _of_binding(binding: tree.Binding, owner: str) -> str:
    """What is known of a binding from its text: of layers, whether their uses have the same weights."""
    if binding.is_shared:
        return f"bound in `{owner}`; all uses have the same weights"
    value = binding.value.left if isinstance(binding.value, tree.Binary) else binding.value
    is_layer = isinstance(value, tree.Composite)
    return f"bound in `{owner}`" + ("; each use has weights of its own, unless it is `shared`" if is_layer else "")


def head_of_block(definition: Definition) -> str:
    """`block mbconv(channels, kernel = 3)`."""
    word = "extern block" if definition.block.is_extern else "block"
    return f"{word} {definition.name}({head_of_parameters(definition.block.parameters)})"


def _declared(block: tree.Block) -> str:
    """What a text says of a module that the caller of the network brings."""
    bindings = [statement for statement in block.body if isinstance(statement, tree.Binding)]
    texts = [_short(binding.span.text) for binding in bindings if binding.name.text in words.DECLARED]
    return "\n".join(["The caller of the network brings the module; the text declares", *map(code, texts)])


def head_of_model(model: tree.Model) -> str:
    """`model b4_fused extends efficientnet.b4`."""
    given = f"({head_of_parameters(model.parameters)})" if model.parameters else ""
    extends = f" extends {_short(model.parent.span.text)}" if model.parent else ""
    return f"model {model.name.text}{given}{extends}"


def head_of_recipe(recipe: tree.Recipe) -> str:
    above = f" extends {recipe.parent.text}" if recipe.parent else ""
    return _short(f"recipe {recipe.name.text} for {recipe.model.span.text}{above}")


def head_of_primitive(name: str) -> str:
    """`conv(channels, kernel = 1)`."""
    return f"{name}({', '.join(_attribute(name, argument) for argument in arguments(PRIMITIVES[name]))})"


def _titled(title: str, text: str) -> str:
    return f"{code(title)}\n{prose(text)}" if text else code(title)


def _short(text: str) -> str:
    lines = text.splitlines()
    return text if len(lines) <= 12 else "\n".join([*lines[:12], "..."])


def head_of_parameters(parameters: tuple[tree.Parameter, ...]) -> str:
    """`channels, kernel = 3`."""
    return ", ".join(" ".join(parameter.span.text.split()) for parameter in parameters)


def _attribute(primitive: str, name: str) -> str:
    default = arguments(PRIMITIVES[primitive]).get(name, ...)
    return name if default is ... else f"{name} = {shown(default)}"


def _primitive(name: str) -> str:
    operator = PRIMITIVES[name]
    doc = inspect.getdoc(operator) if operator.__doc__ else ""
    return f"{_titled(head_of_primitive(name), doc or '')}\n\n{_cases(operator)}"


def _cases(operator: type[Operator]) -> str:
    """What it does to a shape and what it costs, by the words that must be given to it."""
    found = cases(operator)
    if len(found) == 1:
        return _rules(*found.values())
    return "\n".join(
        f"- `{condition(operator, words)}`: {_rules(rules).removeprefix('- output: ')}"
        for words, rules in found.items()
    )


def _rules(rules: Formulas) -> str:
    lines = [
        "as large as the input" if rules.keeps_shape else f"output: `{rules.channels} x {rules.height} x {rules.width}`"
    ]
    lines += [f"parameters: `{rules.parameters}`"] if rules.parameters != "0" else []
    lines += [f"MACs: `{rules.macs}`"] if rules.macs != "0" else []
    return "\n".join(f"- {line}" for line in lines)
