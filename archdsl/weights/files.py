"""Checkpoints read and written. Files are untrusted: nothing in one is run, and a broken one is a diagnostic."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from archdsl.diagnostics import Diagnostic, Failure
from archdsl.diagnostics.codes import CANNOT_READ, MISSING_TOOL, NOT_WEIGHTS
from archdsl.diagnostics.render import printable

if TYPE_CHECKING:
    from torch import Tensor

SAFETENSORS = ".safetensors"
_PICKLES = (".pth", ".pt", ".bin", ".ckpt", ".tar")
# What wrappers put before every key: torch.compile, and DataParallel with its kin.
_WRAPPERS = ("_orig_mod.", "module.")
_MOST_TENSORS = 100_000
_DEEPEST = 3


@dataclass(frozen=True)
class Checkpoint:
    """The tensors of a file under their keys; `is_ordered` where they stand in the order of definition."""

    path: Path
    tensors: Mapping[str, Tensor]
    is_ordered: bool


def read_checkpoint(path: str | Path) -> Checkpoint:
    """The tensors of a `.safetensors` file, or of a `.pth` that holds nothing but tensors and plain values.

    Raises Failure when the file cannot be read, would have to run code, or does not hold one set of tensors.
    """
    path = Path(path)
    if path.suffix not in (SAFETENSORS, *_PICKLES):
        message = f"{path} is neither `.safetensors` nor `.pth`"
        raise Failure([Diagnostic(NOT_WEIGHTS, message, None, help="the suffix says how a file is read")])
    try:
        if not path.is_file():
            what = "is a folder" if path.is_dir() else "is no file" if path.exists() else "does not exist"
            raise Failure([Diagnostic(CANNOT_READ, f"cannot read {path}: it {what}", None)])
        is_ordered = path.suffix != SAFETENSORS
        tensors = _pickled(path) if is_ordered else _safetensors(path)
    except OSError as error:
        reason = error.strerror or str(error)
        raise Failure(
            [Diagnostic(CANNOT_READ, f"cannot read {path}: {reason[:1].lower()}{reason[1:]}", None)]
        ) from None
    if not tensors or len(tensors) > _MOST_TENSORS:
        how_many = f"more than {_MOST_TENSORS:,}" if tensors else "no"
        raise Failure([Diagnostic(NOT_WEIGHTS, f"{path} holds {how_many} tensors", None)])
    return Checkpoint(path, _unwrapped(tensors), is_ordered)


def as_safetensors(tensors: Mapping[str, Tensor]) -> bytes:
    """The contents of a `.safetensors` file. Raises Failure when safetensors is not installed."""
    _needs_safetensors()
    from safetensors.torch import save

    data: bytes = save({key: tensor.contiguous() for key, tensor in tensors.items()}, metadata={"format": "pt"})
    return data


def as_file(tensors: Mapping[str, Tensor], style: str) -> bytes:
    """The contents of a file of tensors: `safetensors`, or `pth`, which `torch.load(..., weights_only=True)` reads."""
    if style == "safetensors":
        return as_safetensors(tensors)
    import torch

    file = BytesIO()
    torch.save({key: tensor.contiguous() for key, tensor in tensors.items()}, file)
    return file.getvalue()


def _safetensors(path: Path) -> dict[str, Tensor]:
    _needs_safetensors()
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        tensors: dict[str, Tensor] = load_file(path)
    except (SafetensorError, ValueError, KeyError) as error:
        reason = " ".join(str(error).split())
        raise Failure([Diagnostic(NOT_WEIGHTS, f"{path} is no safetensors file: {reason}", None)]) from None
    return tensors


def _needs_safetensors() -> None:
    try:
        import safetensors.torch  # noqa: F401
    except ImportError:
        message = "safetensors is not installed"
        raise Failure([Diagnostic(MISSING_TOOL, message, None, help="pip install 'archdsl[weights]'")]) from None


def _pickled(path: Path) -> dict[str, Tensor]:
    """The tensors of a pickle, which is loaded with `weights_only`: no code of the file's choosing runs."""
    import torch

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about the age of a format that we do not write
            loaded = torch.load(path, map_location="cpu", weights_only=True)
    except OSError:
        raise
    except Exception:  # The unpickler of a hostile file fails in any way it likes.
        message = f"{path} is no file of tensors alone"
        help_line = (
            "a pickle can run code, so nothing else in one is loaded; save the state dict, best as `.safetensors`"
        )
        raise Failure([Diagnostic(NOT_WEIGHTS, message, None, help=help_line)]) from None
    found = dict(_state_dicts(loaded, (), set()))
    if len(found) != 1:
        names = ", ".join(f"`{printable(name)}`" for name in found)
        message = f"{path} holds {len(found)} state dicts: {names}" if found else f"{path} holds no state dict"
        raise Failure([Diagnostic(NOT_WEIGHTS, message, None, help="save the one that you mean alone")])
    return next(iter(found.values()))


def _state_dicts(loaded: Any, path: tuple[str, ...], seen: set[int]) -> Iterator[tuple[str, dict[str, Tensor]]]:
    """The dicts of tensors in what a file holds: itself, or those in it by name. `seen` has those looked at, by id."""
    import torch

    if not isinstance(loaded, Mapping) or id(loaded) in seen or len(path) > _DEEPEST:
        return
    seen.add(id(loaded))
    if loaded and all(isinstance(key, str) and isinstance(value, torch.Tensor) for key, value in loaded.items()):
        yield ".".join(path), {key: value for key, value in loaded.items() if _is_plain(value)}
        return
    for key, value in loaded.items():
        yield from _state_dicts(value, (*path, str(key)), seen)


def _is_plain(tensor: Tensor) -> bool:
    """Whether a tensor is an array of numbers and nothing cleverer: sparse, quantized, nested, or without numbers."""
    import torch

    special = tensor.is_nested or tensor.is_quantized or tensor.is_meta or tensor.is_complex()
    return tensor.layout is torch.strided and not special


def _unwrapped(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """The tensors without the prefix that a wrapper has put before every key."""
    for _ in range(_DEEPEST):
        for prefix in _WRAPPERS:
            if all(key.startswith(prefix) for key in tensors):
                tensors = {key.removeprefix(prefix): tensor for key, tensor in tensors.items()}
    return tensors
