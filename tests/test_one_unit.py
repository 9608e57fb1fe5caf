"""The backend whose C++ kernels are compiled together: it computes the same, and the compiler is called less."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
import torch
from torch import Tensor
from torch._inductor import config as inductor

pytestmark = pytest.mark.filterwarnings("ignore")  # torch's own, of its tracing and of its imports


@pytest.fixture
def one_unit() -> ModuleType:
    from archdsl import one_unit

    return one_unit


@pytest.fixture
def compiled(tmp_path: Path) -> Iterator[Path]:
    """The folder of what is compiled, empty; nothing is known of what was compiled before."""
    from torch._inductor.utils import fresh_cache

    torch.compiler.reset()
    # To find which vectors there are takes longer than all else.
    with fresh_cache(dir=str(tmp_path)), inductor.patch({"cpp.vec_isa_ok": False}):
        yield tmp_path
    torch.compiler.reset()


def three_kernels(x: Tensor, weight: Tensor) -> Tensor:
    """Between them stand matrix products, which are none."""
    return torch.tanh(torch.relu(x + 1) @ weight * 2.0) @ weight - 3.0


def units(folder: Path) -> int:
    return len(list(folder.rglob("*.main.so")))


def test_kernels_share_a_unit(compiled: Path, one_unit: ModuleType) -> None:
    x, weight = torch.randn(5, 6), torch.randn(6, 6)
    found = torch.compile(three_kernels, backend=one_unit.together)(x, weight)
    torch.testing.assert_close(found, three_kernels(x, weight))
    assert units(compiled) == 1


def test_backward_passes_have_theirs(compiled: Path, one_unit: ModuleType) -> None:
    x, weight = torch.randn(5, 6), torch.randn(6, 6)
    given = [x.clone().requires_grad_(), weight.clone().requires_grad_()]
    torch.compile(three_kernels, backend=one_unit.together)(*given).sum().backward()
    plain = [x.clone().requires_grad_(), weight.clone().requires_grad_()]
    three_kernels(*plain).sum().backward()
    for one, other in zip(given, plain, strict=True):
        torch.testing.assert_close(one.grad, other.grad)
    assert units(compiled) == 2


def test_sizes_are_arguments(compiled: Path, one_unit: ModuleType) -> None:
    """Where they are free, kernels take numbers, too."""
    function = torch.compile(three_kernels, backend=one_unit.together, dynamic=True)
    weight = torch.randn(6, 6)
    for rows in (5, 9):
        x = torch.randn(rows, 6)
        torch.testing.assert_close(function(x, weight), three_kernels(x, weight))
    assert units(compiled) == 1


def test_other_backends_are_as_they_were(compiled: Path, one_unit: ModuleType) -> None:
    from torch._inductor import async_compile

    before = async_compile.AsyncCompile
    torch.compile(three_kernels, backend=one_unit.together)(torch.randn(5, 6), torch.randn(6, 6))
    assert async_compile.AsyncCompile is before


KERNEL = '#include <torch/csrc/inductor/cpp_prefix.h>\nextern "C"  void kernel(const float* in_ptr0)\n{\n}\n'


def test_what_cannot_be_in_a_namespace_is_compiled_apart(one_unit: ModuleType) -> None:
    assert one_unit._is_simple(KERNEL)
    assert not one_unit._is_simple(KERNEL + KERNEL)
    assert not one_unit._is_simple("#define SIZE 3\n" + KERNEL)


def test_namespaces_hold_no_headers(one_unit: ModuleType) -> None:
    assert one_unit._in_namespace(2, KERNEL).splitlines()[:2] == [
        "namespace unit_2 {",
        "static  void kernel(const float* in_ptr0)",
    ]
