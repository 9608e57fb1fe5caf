"""Which of all that a checkpoint holds are the weights: people save them beside optimizers, averages and settings."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from archdsl.diagnostics import Note, did_you_mean
from archdsl.diagnostics.render import printable
from archdsl.weights.errors import NoStateDict, SeveralStateDicts, UnknownState

if TYPE_CHECKING:
    from torch import Tensor

# `--state .` takes all state dicts of a file as the parts of one network.
ALL = "."
_DEEPEST = 3
_MOST_NAMES = 8
_TRAINED = "of training"
# Words of the names under which training keeps other things than networks; optimizers have `param_groups`, too.
_TRAINING = {
    *("optimizer", "optimizers", "optim", "optimiser", "opt", "scheduler", "schedulers", "sched", "scaler", "amp"),
    *("criterion", "loss", "losses", "rng", "callbacks", "loops", "metrics", "hparams", "args", "config"),
}


@dataclass(frozen=True)
class State:
    """One dict of tensors in a file, and where it is in it: `model`, `checkpoint.model`, empty at the top."""

    path: str
    tensors: Mapping[str, Tensor]
    is_training: bool = False


@dataclass
class Contents:
    """The state dicts of a file, and what in it is not a weight of a network: what it is by name."""

    states: list[State] = field(default_factory=list)
    others: dict[str, str] = field(default_factory=dict)


def contents(loaded: Any) -> Contents:
    """What an unpickled file holds."""
    found = Contents()
    _walk(loaded, (), found, set(), is_training=False)
    return found


def chosen(found: Contents, name: str | None, path: Path) -> tuple[State, dict[str, str]]:
    """The state dict that is meant, and what else the file holds. Raises DiagnosticError where that is not certain."""
    plain = [state for state in found.states if not state.is_training]
    state = _named(found.states, name, path) if name is not None else _only(plain, path)
    used = {id(tensor) for tensor in state.tensors.values()}
    others = dict(found.others)
    for other in found.states:
        left = sum(id(tensor) not in used for tensor in other.tensors.values())
        if left and not any(_within(other.path, known) for known in found.others):
            others[other.path or ALL] = f"{left} tensor{'s' if left > 1 else ''} of another state"
    return state, others


def _within(path: str, outer: str) -> bool:
    return path == outer or outer == ALL or path.startswith(f"{outer}.")


def _only(states: list[State], path: Path) -> State:
    if len(states) == 1:
        return states[0]
    if not states:
        raise NoStateDict(str(path)).error()
    names = [printable(state.path or ALL) for state in states[:_MOST_NAMES]]
    notes = (Note(f"parts of one network are taken together by --state {ALL}"),)
    raise SeveralStateDicts(str(path), len(states), names).error(notes=notes)


def _named(states: list[State], name: str, path: Path) -> State:
    """The state dict of that name, the parts below it as one, or the tensors of one whose keys have that prefix."""
    exact = [state for state in states if name in (state.path, state.path.rpartition(".")[2]) and state.path]
    if len(exact) == 1:
        return exact[0]
    parts = [state for state in states if _within(state.path, name) and (name != ALL or not state.is_training)]
    if parts and not exact:
        joined: dict[str, Tensor] = {}
        for part in parts:
            inner = part.path if name == ALL else part.path[len(name) + 1 :]
            joined |= {f"{inner}.{key}".lstrip("."): tensor for key, tensor in part.tensors.items()}
        return State(name, joined)
    below = [(state, prefix) for state in states for prefix in _prefixes(state, name)]
    if len(below) == 1:
        state, prefix = below[0]
        return State(
            name,
            {key[len(prefix) :]: tensor for key, tensor in state.tensors.items() if key.startswith(prefix)},
        )
    named = [state.path for state in states if state.path]
    named += sorted({key.partition(".")[0] for state in states for key in state.tensors if "." in key})
    problem = UnknownState(str(path), printable(name), bool(exact or below), [*map(printable, named[:_MOST_NAMES])])
    raise problem.error(help=did_you_mean(name, named))


def _prefixes(state: State, name: str) -> list[str]:
    """The prefix of keys of one state dict that a name means: `ema.` or, with the state dict before, `model.ema`."""
    inner = name.removeprefix(f"{state.path}.") if state.path else name
    prefix = f"{inner}."
    return [prefix] if any(key.startswith(prefix) for key in state.tensors) else []


def _walk(value: Any, path: tuple[str, ...], found: Contents, seen: set[int], *, is_training: bool) -> None:
    """Adds the state dicts in a value, itself or those in it by name. `seen` has those looked at, by id."""
    if not isinstance(value, Mapping) or id(value) in seen or len(path) > _DEEPEST:
        return
    seen.add(id(value))
    before = len(found.states)
    if "param_groups" in value and not is_training:
        is_training = True
        found.others[".".join(path) or ALL] = _TRAINED
    for key, inner in value.items():
        if isinstance(key, str):
            name = (*path, key)
            begins = not is_training and _is_of_training(key)
            if _holds_tensors(inner) and (begins or (isinstance(inner, list | tuple) and not is_training)):
                found.others[".".join(name)] = _TRAINED if begins else "a list without names"
            _walk(inner, name, found, seen, is_training=is_training or begins)
    own = dict(_own(value))
    if not own or "param_groups" in value:
        return
    prefix = ".".join(path)
    if len(found.states) > before and not any("." in key for key in own):
        # Single numbers beside the weights, such as the state of a generator or the best accuracy.
        if not is_training:
            found.others |= {f"{prefix}.{key}".lstrip("."): _described(tensor) for key, tensor in own.items()}
        return
    plain = {key: tensor for key, tensor in own.items() if _is_plain(tensor)}
    found.others |= {
        f"{prefix}.{key}".lstrip("."): f"{_described(tensor)}, no plain array"
        for key, tensor in own.items()
        if key not in plain
    }
    if plain:
        found.states.append(State(prefix, plain, is_training))


def _own(value: Mapping[Any, Any]) -> Iterator[tuple[str, Tensor]]:
    import torch

    for key, inner in value.items():
        if isinstance(key, str) and isinstance(inner, torch.Tensor):
            yield key, inner


def _holds_tensors(value: Any) -> bool:
    """Whether a dict or list, or one in it, has tensors. Recursive values are visited once."""
    import torch

    waiting, seen = [value], set[int]()
    while waiting:
        inner = waiting.pop()
        if id(inner) not in seen and isinstance(inner, Mapping | list | tuple):
            seen.add(id(inner))
            values = list(inner.values()) if isinstance(inner, Mapping) else list(inner)
            if any(isinstance(item, torch.Tensor) for item in values):
                return True
            waiting += values
    return False


def _is_of_training(key: str) -> bool:
    return not _TRAINING.isdisjoint(re.split(r"[^a-z]+", key.lower()))


def _described(tensor: Tensor) -> str:
    try:
        shape = " x ".join(map(str, tensor.shape)) or "1"
    except RuntimeError:  # Nested tensors have no shape.
        shape = "nested"
    return f"a tensor of {shape}"


def _is_plain(tensor: Tensor) -> bool:
    """Whether a tensor is an array of numbers and nothing else: sparse, quantized, nested, or without numbers."""
    import torch

    special = tensor.is_nested or tensor.is_quantized or tensor.is_meta or tensor.is_complex()
    return tensor.layout is torch.strided and not special
