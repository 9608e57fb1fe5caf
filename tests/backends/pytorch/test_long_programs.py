"""Texts within the bounds that are long, or of very many conditions: what is checked is also built."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest

from archdsl.backends.pytorch import emit
from archdsl.compiler import compile_source
from archdsl.diagnostics import Source
from tests.properties.checks import check_alone, check_file, module_of

HEAD = "model m {\n  input = 3 x 8 x 8\n"


def guards(count: int) -> str:
    return "".join(f"\n    -> conv({8 + n % 3}) when n > {n}" for n in range(count))


def block(body: str, calls: str) -> str:
    return f"block b(n) {{\n{body}\n}}\n{HEAD}  stem = {calls}\n}}\n"


def selects(count: int) -> str:
    lines = "".join(f"  t{n + 1} = if n > {n} then t{n} -> conv({8 + n % 3}) else t{n}\n" for n in range(count))
    return f"  t0 = in\n{lines}  out = t{count}"


def chosen(count: int) -> str:
    """Long pipelines on both sides of a condition: the layers of one side do not exist in the other network."""
    steps = " -> conv(3)" * count
    return f"  out = if n > 1 then (in{steps}) + in else (in -> norm{' -> act' * count}) * in"


def texts(count: int) -> Iterator[tuple[str, str]]:
    """Texts of so many steps each, by what they are."""
    yield "a long pipeline", block(f"  out = in{' -> relu' * count}", "b(1)")
    yield "a long pipeline in a sum", block(f"  out = in + (in{' -> relu' * count}) * 2", "b(1)")
    yield "a long stem", f"{HEAD}  stem = relu{' -> relu' * count}\n}}\n"
    yield "many guards", block(f"  out = in{guards(count)}", f"b(0) -> b({count})")
    yield "many guards in a module", block(f"  t = in{guards(count)}\n  out = t -> act", f"b({count}) -> b(0)")
    yield "many repeats", block(f"  out = in{' -> conv(4) * n' * count}", "b(0) -> b(1)")
    yield "many choices", block(f"  out = in{' -> if n > 1 then conv(4) else conv(5)' * count}", "b(1) -> b(2)")
    yield "many tensors that are chosen", block(selects(count), f"b({count}) -> b(0)")
    yield "long pipelines of a choice", block(chosen(count), "b(1) -> b(2)")
    yield "many tensors that are joined", block(f"  out = concat(in{', in -> conv(n)' * count})", "b(1) -> b(2)")
    yield (
        "many guards in a stem",
        f"model m(n = 0) {{\n  input = 3 x 8 x 8\n  stem = relu{guards(count)}\n}}\n"
        f"variants m {{\n  | name | n |\n  | a | 0 |\n  | b | {count} |\n}}\n",
    )


@pytest.mark.parametrize(("name", "text"), list(texts(30)))
def test_networks(name: str, text: str) -> None:
    architectures = compile_source(Source("program.arch", text)).checked()
    check_file(architectures)
    namespace = module_of(emit(architectures, "program.arch"))
    for architecture in architectures:
        check_alone(architecture, namespace)


@pytest.mark.parametrize(("name", "text"), list(texts(500)))
def test_sources_of_long_texts(name: str, text: str) -> None:
    source = emit(compile_source(Source("program.arch", text)).checked(), "program.arch")
    ast.parse(source)
    # About as long as the text: nothing is written again inside of what follows it.
    assert len(source) < 400 * 500
