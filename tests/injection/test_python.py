"""Emitted Python: the very tree that harmless text gives, importing it does nothing, and a reader sees what runs."""

from __future__ import annotations

import ast
import builtins
import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import ModuleType

import pytest
from pydantic import ValidationError
from torch import nn

from archdsl.api import loads
from archdsl.backends.pytorch import emit
from archdsl.backends.pytorch.texts import function_name
from archdsl.compiler import compile_source
from archdsl.diagnostics import DiagnosticError, Source
from archdsl.ir.architecture import Architecture
from tests.injection.places import (
    DOCS,
    FREE,
    HARMLESS,
    NAMES,
    PAYLOADS,
    REMARKS,
    architectures,
    compiled,
    meant,
    meant_for,
    put,
    reference,
    written,
)
from tests.selection import one_in

# The places whose text reaches the file; `test_other_text_stays_out` is about the rest.
SHOWN = ("block_doc", "model_doc", "other_doc")


def shape(source: str) -> str:
    """The tree of a file without its docstrings."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        match node:
            case ast.Module(body=[ast.Expr(value=ast.Constant(value=str())), *rest]):
                node.body = rest
            case ast.ClassDef(body=[ast.Expr(value=ast.Constant(value=str())), *rest]):
                node.body = rest or [ast.Pass()]
            case ast.FunctionDef(body=[ast.Expr(value=ast.Constant(value=str())), *rest]):
                node.body = rest
    return ast.dump(tree)


@cache
def harmless(*places: str) -> str:
    """The shape of the file of the reference."""
    return shape(emit(reference(*places), "net.arch"))


def run(source: str) -> ModuleType:
    """Imports a file, in a folder where what comes to act would leave something behind."""
    module = ModuleType("emitted")
    exec(compile(source, "emitted.py", "exec"), module.__dict__)
    assert not hasattr(builtins, "pwned")
    assert not Path("pwned").exists()
    return module


def is_plain(source: str) -> bool:
    """Whether a reader sees every character as what it is."""
    return source.replace("\n", "").isprintable()


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("payload", meant_for("python", "names"))
def test_docs_and_strings_are_docs_and_strings(payload: str) -> None:
    for place in SHOWN:
        source = emit(architectures(PAYLOADS[payload], place), "net.arch")
        assert shape(source) == harmless(place)
        assert is_plain(source)
        run(source)


def test_the_shape_of_a_file_tells_code_from_text() -> None:
    """The comparison above can fail: what ends its docstring is seen."""
    source = emit(reference("model_doc"), "net.arch")
    assert shape(source.replace(HARMLESS, '"""; pwned = 1; """')) != shape(source)
    assert shape(source.replace(HARMLESS, "harmless, too")) == shape(source)


@pytest.mark.parametrize("place", [*DOCS, *REMARKS, *FREE])
def test_other_text_stays_out(place: str) -> None:
    found = compiled(HARMLESS, place)
    assert (HARMLESS in emit(found.checked(), "net.arch")) == (place in SHOWN)


@pytest.mark.parametrize("payload", meant_for("python", "names", "paths"))
def test_names_of_files_are_no_code(payload: str) -> None:
    source = emit(reference(), PAYLOADS[payload])
    assert shape(source) == harmless()
    assert is_plain(source)
    run(source)


@pytest.mark.parametrize("place", NAMES)
def test_names_are_names_or_mistakes(place: str) -> None:
    built, at = 0, list(NAMES).index(place)
    # What can be a name at all stands everywhere; of the others, which are refused, each in some of the places.
    others = [name for name in meant_for("python") if not name.startswith("names.")]
    for number, name in enumerate([*meant("names"), *one_in(4, others, at % 4)]):
        payload = PAYLOADS[name]
        found = compile_source(Source("net.arch", written(payload, place)), claims=False)
        if found.problems:
            assert not found.architectures
            continue
        source = emit(found.architectures, "net.arch")
        assert is_plain(source)
        module = run(source)
        assert {function_name(architecture.name) for architecture in found.architectures} <= set(module.__all__)
        for architecture in one_in(3, found.architectures, number % 3):
            model = getattr(module, function_name(architecture.name))()
            assert sum(weight.numel() for weight in model.parameters()) == architecture.costs.model().params
            built += 1
    assert built > 10, "some payloads are names"


@pytest.mark.parametrize("payload", meant_for("python", "paths", "terminal"))
def test_networks_of_a_text(payload: str) -> None:
    """What `archdsl.loads(...)` builds by executing it: the name of a text is as free as the text."""
    name, places = PAYLOADS[payload], ("model_doc", "block_doc")
    text = written(name, *places)
    if compiled(name, *places).problems:
        with pytest.raises(DiagnosticError) as told:
            loads(text, "wide", name=name)
        assert is_plain(str(told.value))
    else:
        loads(text, "wide", name=name).build()
    assert not hasattr(builtins, "pwned")
    assert not Path("pwned").exists()


EXTERN = """
## What the module is.
extern block probe(text) {
  out    = in.channels x in.height x in.width
  params = 0
  macs   = 0
}
block outer(text) {
  out = in -> probe(text) -> conv(4)
}
model net {
  input = 3 x 8 x 8
  stem  = probe("harmless") -> outer("harmless")
}
"""


@pytest.mark.parametrize("payload", meant_for("python", "names"))
def test_texts_for_modules_of_the_caller_are_strings(payload: str) -> None:
    """The one place where a string of a text is in the file: it stays one, with the same characters."""
    text, (architecture,) = PAYLOADS[payload], compile_source(Source("net.arch", EXTERN)).architectures
    # Behind the back of the language, which refuses some; without formulas, which are notation of their own.
    parts = json.loads(architecture.to_json().replace(f'"text": "{HARMLESS!r}"', ""))
    architecture = type(architecture).model_validate(parts)
    hostile = type(architecture).model_validate(put(text, parts))
    source, plain = (emit([one], "net.arch") for one in (hostile, architecture))
    assert is_plain(source)
    tree = ast.parse(source)
    found = [node for node in ast.walk(tree) if isinstance(node, ast.Constant) and node.value == text]
    for node in found:
        node.value = HARMLESS
    assert len(found) == plain.count(f'"{HARMLESS}"') == 2
    assert shape(ast.unparse(tree)) == shape(plain)
    given: list[str] = []

    def probe(in_channels: int, text: str) -> nn.Module:
        given.append(text)
        return nn.Identity()

    run(source).net(probe=probe)
    assert given == [text] * 2


JSON = """
## Of a block.
block part(channels, ratio = 0.5, gate = sigmoid, word = "one", kernels = [1, 3]) {
  mid = channels // 2
  xs = for i, k in kernels: in -> conv(mid, k)
  y = if word == "one" then sum(xs) else in
  out = concat(y -> gate when ratio, in) -> [conv(channels) -> norm] as last -> conv(channels) * 2
}
## Of the model.
model net(width = 8) {
  input = 3 x 16 x 16
  classes = 4
  act = relu
  stem = conv(width) -> act
  stages {
    | name | op   | channels | layers | word  |
    | c1   | part | 8        | 2      | "two" |
  }
  outputs {
    maps   = c1 -> conv(2)
    scores = concat(c1, stem -> conv(2)) -> global_avg_pool -> linear(classes)
  }
  require params >= 1
}
"""
PART = """
extern block probe(width, word = "one") {
  out    = width x in.height x in.width
  params = width
  macs   = width
}
## Of the other.
model other {
  input = 3 x 16 x 16
  stem = conv(8) -> probe(4)
  stages {
    | name | op            | channels |
    | c1   | conv_norm_act | 8        |
  }
}
model net {
  input = 3 x 16 x 16
  backbone = other
  outputs { maps = backbone.c1 -> probe(2, "two") -> conv(2) }
}
"""
FOREIGN = (
    "x\nimport pwned\n",
    "x' + pwned() + '",
    '""" + pwned() + """',
    "x(pwned=pwned)",
    "pwned(1)",
    "max(1, pwned('a'))",
    "x\\",
    "a, pwned",
    "pwned.x",
    "pwned: pwned",
)


def strings(value: object, at: tuple[object, ...] = ()) -> Iterator[tuple[tuple[object, ...], bool]]:
    """Where strings stand in JSON, keys (True) among them."""
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        if isinstance(key, str):
            yield (*at, key), True
        yield from strings(inner, (*at, key))
    if isinstance(value, str):
        yield at, False


@pytest.mark.parametrize("text", [JSON, PART], ids=["blocks", "part"])
def test_an_architecture_of_anybody_is_names_and_formulas(text: str) -> None:
    """`archdsl evaluate` builds the network that the JSON of a run describes, which may come from anywhere."""
    whole = json.loads(loads(text, variant="net").architecture.to_json())
    emitted = 0
    for number, (at, is_key) in enumerate(strings(whole)):
        for payload in FOREIGN[number % 3 :: 3]:
            document = json.loads(json.dumps(whole))
            place = document
            for key in at[:-1]:
                place = place[key]
            if is_key:
                place[payload] = place.pop(at[-1])
            else:
                place[at[-1]] = payload
            try:
                tree = ast.parse(emit([Architecture.from_json(json.dumps(document))], "net.arch"))
            except (ValidationError, LookupError):
                continue  # refused, or a name of nothing
            emitted += 1
            said = {
                value
                for node in ast.walk(tree)
                if not isinstance(node, ast.Constant)
                for value in vars(node).values()
                if isinstance(value, str)
            }
            assert not any("pwned" in value for value in said), (at, payload)
    assert emitted > 50  # places and texts, which are comments and docstrings at most
