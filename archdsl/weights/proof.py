"""Whether two modules compute the same on the same weights."""

from __future__ import annotations

import copy
from collections.abc import Collection, Iterator, Mapping
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from archdsl.weights.key_map import KeyMap
from archdsl.weights.trace import outputs_of

# Double precision: networks that are equal differ by 1e-12 or so, and one exchanged bias shows.
TOLERANCE = 1e-6
_LARGE = 1e4


class Difference(NamedTuple):
    """How far two outputs are apart, relative to the largest of what is expected, infinite where that is undefined; and
    `ours` and `theirs` as text: the values where they differ most, or the shapes where those do."""

    error: float
    ours: str
    theirs: str


def difference(
    ours: nn.Module, theirs: nn.Module, key_map: KeyMap, images: Tensor, large: Collection[str] = ()
) -> float:
    """The largest difference between the outputs on equal weights, relative to the largest output.

    `images` is B x C x H x W. The weights are random and leave nothing at zero, those of theirs in `large` are of
    magnitude 1e4 or so, and they are carried over the map; the modules themselves stay as they are. Infinite where an
    output is not finite or not of the same size.
    """
    settled = copy.deepcopy(theirs).double().eval()
    twin = copy.deepcopy(ours).double().eval()
    images = images.double()
    with torch.no_grad():
        settle(settled, images, large)
        twin.load_state_dict(key_map.to_ours(settled.state_dict()))
        expected, found = settled(images), twin(images)
    pairs = _pairs(found, expected)
    return max((_error(one, other) for one, other in pairs), default=float("inf"))


def _error(found: Tensor, expected: Tensor) -> float:
    """The largest difference, relative to the largest of what is expected; infinite where that is all zero."""
    expected, found = expected.flatten(), found.flatten()
    scale = float(expected.abs().max()) if expected.numel() else 0.0
    if expected.shape != found.shape or not scale > 0:
        return float("inf")
    error = float((found - expected).abs().max()) / scale
    return error if error == error else float("inf")


def _pairs(found: Any, expected: Any) -> list[tuple[Tensor, Tensor]]:
    """The outputs of both, by their names where these agree, else in their order; none where their numbers differ."""
    ours, theirs = dict(_named_tensors(found)), dict(_named_tensors(expected))
    if len(ours) != len(theirs):
        return []
    if ours.keys() == theirs.keys():
        return [(ours[name], theirs[name]) for name in ours]
    return list(zip(ours.values(), theirs.values(), strict=True))


def _named_tensors(value: Any, path: str = "") -> Iterator[tuple[str, Tensor]]:
    """The tensors of what a module puts out, with their places in it: names of a dict or a named tuple, or numbers."""
    if isinstance(value, Tensor):
        yield path, value
    elif isinstance(value, Mapping) or hasattr(value, "_asdict"):
        for name, inner in (value if isinstance(value, Mapping) else value._asdict()).items():
            yield from _named_tensors(inner, f"{path}.{name}")
    elif isinstance(value, list | tuple):
        for number, inner in enumerate(value):
            yield from _named_tensors(inner, f"{path}.{number}")


def differences(
    ours: nn.Module, theirs: nn.Module, key_map: KeyMap, images: Tensor, matching: Mapping[int, int]
) -> dict[int, Difference]:
    """The difference between the outputs of each operator of ours and its counterpart, as `difference` has it.

    By position of ours in the order of use; `matching` has that of theirs. Behind the last of them that of what the two
    modules put out. Empty where the two cannot be compared. The map may leave out tensors: ours keep their own, and
    what depends on them differs.
    """
    settled = copy.deepcopy(theirs).double().eval()
    twin = copy.deepcopy(ours).double().eval()
    images = images.double()
    with torch.no_grad():
        settle(settled, images)
        twin.load_state_dict(key_map.to_ours(settled.state_dict()), strict=False)
        (expected, last), (found, our_last) = outputs_of(settled, images), outputs_of(twin, images)
    if len(expected) <= max(matching.values(), default=0) or len(found) <= max(matching, default=0):
        return {}
    compared = {here: _difference(found[here], expected[there]) for here, there in sorted(matching.items())}
    for one, other in _pairs(our_last, last)[:1]:
        compared[len(found)] = _difference(one, other)
    return compared


def _difference(found: Tensor, expected: Tensor) -> Difference:
    if found.numel() != expected.numel() or found.numel() == 0:
        return Difference(float("inf"), *(" x ".join(map(str, one.shape[1:])) for one in (found, expected)))
    ours, theirs = found.flatten(), expected.flatten()
    scale = float(theirs.abs().max())
    place = int((ours - theirs).abs().argmax())
    error = float((ours - theirs).abs().max())
    error = error / scale if scale > 0 else error
    return Difference(error if error == error else float("inf"), f"{ours[place]:.6g}", f"{theirs[place]:.6g}")


def settle(module: nn.Module, images: Tensor, large: Collection[str] = ()) -> None:
    """Gives a module random weights under which each of them can be seen in its output.

    Weights that begin as a constant, as gains and biases do, become different from each other; a factor of zero would
    hide a whole branch. Batch norms get the statistics of these images, with those of nothing deep networks are
    chaotic, and scales that lead activations well beyond 6, where some are cut.
    """
    for key, tensor in module.state_dict().items():
        if key in large:
            tensor.mul_(_LARGE)
    generator = torch.Generator().manual_seed(0)
    norms = [norm for norm in module.modules() if isinstance(norm, _BatchNorm)]
    scales = {id(norm.weight) for norm in norms}
    statistics = {id(buffer) for norm in norms for buffer in (norm.running_mean, norm.running_var)}
    for tensor in (*module.parameters(), *module.buffers()):
        if not tensor.is_floating_point() or tensor.numel() == 0 or id(tensor) in statistics:
            continue
        low, high = tensor.min(), tensor.max()
        if low != high:
            continue
        noise = torch.rand(tensor.shape, generator=generator, dtype=tensor.dtype)
        if id(tensor) in scales:
            tensor.copy_(noise * 1.6 + 0.8)
        elif tensor.ndim == 0:
            tensor.copy_(noise * 0.4 + 0.8)
        else:
            tensor.copy_(low + noise * 0.2 - 0.1)
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # the average of all batches, and so the statistics of this one
        norm.train()
    module(images)
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
        norm.eval()
