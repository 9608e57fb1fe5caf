"""A program with text in every place that the language has for text, and a payload put into some of them."""

from __future__ import annotations

import tomllib
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

from archdsl.compiler import Compiled, compile_source
from archdsl.diagnostics import Source
from archdsl.diagnostics.codes import HIDDEN_CHARACTER
from archdsl.diagnostics.report import report
from archdsl.ir.architecture import Architecture
from tests.selection import is_whole

PAYLOADS: dict[str, str] = {
    f"{who}.{name}": text
    for who, texts in tomllib.loads(Path(__file__).with_name("payloads.toml").read_text(encoding="utf-8")).items()
    for name, text in texts.items()
}

_OTHERS = 12


def meant(reader: str) -> list[str]:
    """The names of payloads that are meant for a reader of this kind."""
    return [name for name in PAYLOADS if name.partition(".")[0] == reader]


def meant_for(*readers: str) -> list[str]:
    """The names of payloads that are meant for a reader of these kinds, and of the others one in twelve, which differ
    from test to test: of all of them for all readers, each takes a while. `ARCHDSL_TESTS=all` takes all."""
    number = len("".join(readers))
    others = count(number)
    return [name for name in PAYLOADS if is_whole() or name.partition(".")[0] in readers or next(others) % _OTHERS == 0]


# Each place with what is harmless in it. Docs and remarks may have several lines; strings are written with escapes;
# what is a name must be one, or the text is not a program.
DOCS = {place: f"What {place} says." for place in ("block_doc", "model_doc", "variants_doc", "recipe_doc", "other_doc")}
REMARKS = {place: f"a remark at {place}" for place in ("item_remark", "statement_remark", "row_remark", "inner_remark")}
STRINGS = dict.fromkeys(
    ("default", "cell", "parameter_default", "variant_cell", "argument", "setting", "binding"), "word"
)
STRINGS["claim"] = "another word"
NAMES = {
    place: place
    for place in (
        "block_name", "parameter_name", "binding_name", "step_name", "fact_name", "model_name", "model_parameter",
        "setting_name", "stage_label", "column_name", "variant_label", "recipe_name", "other_model",
    )
}  # fmt: skip
HARMLESS = "harmless"
# Strings that may hold anything while the program stays what it is.
FREE = tuple(name for name in STRINGS if name not in ("claim", "argument"))
PLACES = {**DOCS, **REMARKS, **STRINGS, **NAMES}

TEXT = """\
# <item_remark>
<block_doc>
block <block_name>(
  channels,  # <inner_remark>
  stride = 1,
  <parameter_name> = <default>,
  <column_name> = none,
) {
  <binding_name> = round(channels * 1.5)
  main = in
    -> conv(<binding_name>, stride = stride) as <step_name>  # <statement_remark>
    -> conv(channels) when <parameter_name> == <argument>
    -> [norm -> act] when <column_name> == <argument>
  out = main
  out.<fact_name> = 2
  require <column_name> != <claim>
}

<model_doc>
model <model_name>(<model_parameter> = <parameter_default>, width = 1) {
  input   = 3 x 16 x 16
  classes = 10
  <setting_name> = <setting>
  bound   = <binding>
  stem    = conv_norm_act(8)
  stages {
    | op           | channels  | stride | layers | <column_name>     | name          |
    | <block_name> | 8 * width | 2      | 2      | <cell>            | <stage_label> |
    | <block_name> | 16        | 1      | 1      | <model_parameter> | -             |
    | <block_name> | 16        | 1      | 1      | -                 | -             |
  }
  head = global_avg_pool -> linear(classes)
  require params <= 1M  # <row_remark>
}

<variants_doc>
variants <model_name> {
  | name            | width | <model_parameter> |
  | <variant_label> | 1     | <variant_cell>    |
  | wide            | 2     | -                 |
}

<recipe_doc>
recipe <recipe_name> for <model_name> {
  epochs    = 350
  batch     = 64
  optimizer = sgd(0.1)
}

<other_doc>
model <other_model> extends <model_name>.wide {
  stages 1 { stride = 1 }
}
"""


def written(payload: str = "", *places: str) -> str:
    """The program with a payload in some places and harmless texts in the others."""
    text = TEXT
    payload = payload.replace("\r", "\0")  # which ends no line, and is refused alike
    for name, harmless in PLACES.items():
        given = payload if name in places else harmless
        if name in DOCS:
            given = "\n".join(f"## {line}" for line in given.split("\n"))
        elif name in REMARKS:
            given = given.replace("\n", "\n# ")
        elif name in STRINGS:
            given = '"' + given.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
        text = text.replace(f"<{name}>", given)
    return text


@cache
def compiled(payload: str = "", *places: str, name: str = "net.arch") -> Compiled:
    """What comes of that program, found in a file of that name. One for all who read it: several ask for the same."""
    return compile_source(Source(name, written(payload, *places)))


@cache
def reference(*places: str) -> tuple[Architecture, ...]:
    """What comes of it with another harmless text in those places."""
    return compiled(HARMLESS, *places).checked()


@cache
def architectures(payload: str, *places: str) -> tuple[Architecture, ...]:
    """The networks with a payload in them: out of the language where it lets the payload in, else put in behind its
    back, so that what the outputs do about it is seen in any case."""
    found = compiled(payload, *places)
    codes = {problem.code for problem in found.problems}
    assert codes <= {HIDDEN_CHARACTER}, report(found.problems)
    if not codes:
        return found.architectures
    return tuple(Architecture.model_validate(put(payload, one.model_dump())) for one in reference(*places))


def put(payload: str, part: Any) -> Any:
    """A part of an architecture with the payload in the place of harmless text."""
    match part:
        case str():
            return part.replace(HARMLESS, payload)
        case dict():
            return {key: put(payload, value) for key, value in part.items()}
        case list():
            return [put(payload, value) for value in part]
        case tuple() if not hasattr(part, "_fields"):
            return tuple(put(payload, value) for value in part)
        case _:
            return part
