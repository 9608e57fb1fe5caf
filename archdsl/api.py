"""The Python interface: load a spec, look at it, build it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from archdsl.diagnostics import ArchWarning, DiagnosticError, Source
from archdsl.file_errors import NoModels, SeveralNetworks
from archdsl.ir.architecture import Architecture

if TYPE_CHECKING:
    from torch import Tensor, nn

    from archdsl.backends.estimate import Level
    from archdsl.backends.estimate_html import Table
    from archdsl.backends.latency import Time
    from archdsl.backends.memory import Memory
    from archdsl.compiler import Compiled
    from archdsl.externs import Make
    from archdsl.ir.cost import Cost
    from archdsl.search_space.space import Space


@dataclass(frozen=True)
class Network:
    """One network of a spec: its architecture, and everything that can be made of it."""

    architecture: Architecture

    @property
    def name(self) -> str:
        return self.architecture.name

    @cached_property
    def source(self) -> str:
        """The PyTorch source that `archdsl build` writes for this network."""
        from archdsl.backends.pytorch import emit

        return emit([self.architecture], Path(self.architecture.place.file).name)

    @cached_property
    def module(self) -> ModuleType:
        """That source, executed as a Python module of its own."""
        from archdsl.built import module_of

        return module_of(self.source, self.name)

    def build(self, *, extern: Mapping[str, Make] | None = None, **options: Any) -> nn.Module:
        """The network as a module with fresh weights.

        `extern` are what construct the modules that an `extern block` of the text declares, by the block's name; those
        of `Externs` around the call need not be given. What they construct is held to what the text declares.

        `options` are those of the emitted function: `num_classes`, `in_channels`, `dropout_rate`, `drop_path_rate`,
        `features_only`;
        and timm's names where they mean the same: `in_chans`, `drop_rate`, `out_indices`, `output_stride`.
        Raises TypeError for one that the network does not have, ValueError for a value out of range, and
        DiagnosticError for a module that is not given or is not what the text declares.
        """
        from archdsl.backends.pytorch.texts import function_name
        from archdsl.extern_modules import constructors
        from archdsl.options import build

        make = partial(getattr(self.module, function_name(self.name)), **constructors(self.architecture, extern))
        return build(make, self.architecture, options)

    @property
    def params(self) -> int:
        """Learnable scalars."""
        return self._cost.params

    @property
    def macs(self) -> int:
        """Multiply-accumulates for one image at the input size of the spec."""
        return self._cost.macs

    @property
    def flops(self) -> int:
        """2 x `macs`."""
        return self._cost.flops

    @property
    def activations(self) -> int:
        """Output elements of convolutions and linear layers, for one image at the input size of the spec."""
        return self._cost.activations

    @cached_property
    def _cost(self) -> Cost:
        return self.architecture.costs.model()

    def memory(self, batch: int = 1, *, training: bool = False, **setting: Any) -> Memory:
        """How many bytes inference on a batch takes or, with `training`, a step of forward, backward and update.

        `setting` are those of `archdsl.backends.memory.Setting`: `dtype`, `optimizer`, `ema`, `checkpoint`, `on`, `isa`
        (that of this machine unless said otherwise) and `threads`.
        """
        from archdsl.backends.memory import Setting, isa_of_this_machine, memory

        setting = {"isa": isa_of_this_machine(), **setting}
        return memory(self.architecture, Setting(batch, training=training, **setting))

    def largest_batch(self, budget: int | str, *, training: bool = False, **setting: Any) -> int:
        """The most images at a time whose peak of memory is within a budget, `"16GB"` (10^9) or `"16GiB"` (2^30).

        0 when a single image does not fit. `setting` is as for `memory`.
        """
        from archdsl.backends.memory import Setting, amount, isa_of_this_machine, largest_batch

        size = amount(str(budget))
        if size is None or (isinstance(budget, str) and budget.strip()[-1:].isdigit()):
            raise ValueError(f"{budget!r} is not an amount of memory; write 16GB or 16GiB")
        setting = {"isa": isa_of_this_machine(), **setting}
        return largest_batch(self.architecture, Setting(training=training, **setting), size)

    def latency(
        self, device: str | Path = "a100", *, batch: int = 1, training: bool = False, dtype: str | None = None
    ) -> Time:
        """How long inference of a batch takes on a device, or with `training` a step of forward, backward and update.

        `device` is one that ships, `a100`, or the file of a profile that `archdsl calibrate` wrote. What is returned
        has `seconds` and what bounds them. Raises DiagnosticError where there is no such device.
        """
        from archdsl.backends.latency import Latencies, profile

        return Latencies(self.architecture, profile(str(device)), batch=batch, training=training, dtype=dtype).model()

    def table(self, level: Level = "stage", *, batch: int = 1) -> Table:
        """What each stage, block or operator costs for `batch` images: a table in a notebook, and text elsewhere."""
        from archdsl.backends.estimate import LEVELS, estimate
        from archdsl.backends.estimate_html import Table

        parts = [each for each in LEVELS if each != "model"]
        if level not in parts:
            raise ValueError(f"`level` is one of {', '.join(parts)}, not {level!r}")
        if not isinstance(batch, int) or batch < 1:
            raise ValueError(f"`batch` is a positive whole number, not {batch!r}")
        return Table(estimate(self.architecture, batch=batch, level=level), level)

    def diagram(
        self, level: str = "stage", format: str = "svg", *, layout: str = "tb", width: str | None = None,
        costs: bool = True,
    ) -> bytes:  # fmt: skip
        """The diagram at `level` stage, block or operator, as svg, pdf, png, dot, mermaid or tikz.

        `layout` is tb, from top to bottom, or lr, from left to right; `width`, of an svg, pdf, png or tikz, a text as
        `"3.3in"`; without `costs`, parameters and MACs are left out: as for `archdsl diagram`.
        What is returned are bytes, which a notebook shows as a picture.
        Raises ValueError for another value, DiagnosticError where there is too much to draw.
        """
        from archdsl.backends.picture import Picture

        return Picture.of(self.architecture, level, format, layout=layout, width=width, costs=costs)

    def passes(self, *names: str) -> Network:
        """The network after passes over its architecture, by their names; they run in the order of `archdsl.passes`.

        Raises ValueError for a name that no pass has.
        """
        from archdsl.passes import run

        return Network(run(self.architecture, names))

    def fold_batch_norm(self) -> Network:
        """The same network for inference, with batch norms folded into the convolutions and linear layers before them.

        `fold_state_dict` makes its weights of those of this network.
        """
        return self.passes("fold_batch_norm")

    def fold_state_dict(self, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """A `state_dict` of this network as that of `fold_batch_norm()`: both have the same outputs in `eval()`.

        Raises ValueError for keys that this network does not have, and for layers of which a part is missing.
        """
        from archdsl.inference_state import carried

        return carried(self.architecture, ["fold_batch_norm"], state)

    def for_inference(self) -> Network:
        """The network after all passes that inference allows, `archdsl.passes.INFERENCE`.

        `inference_state_dict` makes its weights of those of this network.
        """
        from archdsl.passes import INFERENCE

        return self.passes(*INFERENCE)

    def inference_state_dict(self, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """A `state_dict` of this network as that of `for_inference()`: both have the same outputs in `eval()`.

        Raises ValueError for keys that this network does not have, and for layers of which a part is missing.
        """
        from archdsl.inference_state import carried
        from archdsl.passes import INFERENCE

        return carried(self.architecture, INFERENCE, state)

    def _repr_svg_(self) -> str:
        return self.diagram().decode()

    def __repr__(self) -> str:
        a = self.architecture
        return f"<{a.name}: input {a.input}, {self.params:,} parameters, {self.macs:,} MACs>"


def load(
    path: str | Path,
    variant: str | None = None,
    *,
    resolution: int | tuple[int, int] | None = None,
    parameters: Mapping[str, bool | int | float | str | None] | None = None,
) -> Network:
    """The network that a spec describes; of a family, the `variant` (`b1` or `efficientnet_b1`).

    `resolution` and `parameters` replace the size of the input and parameters of the model.
    Raises DiagnosticError, with diagnostics, when the file holds mistakes or there are several networks to choose from.
    Issues one ArchWarning with everything that `archdsl check` warns of, such as names that nothing reads.
    """
    return _only(_compiled(path, variant, resolution, parameters), str(path))


def load_all(
    path: str | Path,
    *,
    variant: str | None = None,
    resolution: int | tuple[int, int] | None = None,
    parameters: Mapping[str, bool | int | float | str | None] | None = None,
) -> dict[str, Network]:
    """All networks of a spec, by name; models with open choices are none (see `space`).

    Raises DiagnosticError, with diagnostics, when the file holds mistakes.
    """
    compiled = _compiled(path, variant, resolution, parameters)
    networks = {architecture.name: Network(architecture) for architecture in compiled.checked()}
    _warn(compiled)
    return networks


def _compiled(
    path: str | Path,
    variant: str | None,
    resolution: int | tuple[int, int] | None,
    parameters: Mapping[str, bool | int | float | str | None] | None,
) -> Compiled:
    from archdsl.compiler import compile_file

    return compile_file(path, variant=variant, resolution=resolution, parameters=parameters, claims=False)


def fit(
    path: str | Path,
    variant: str | None = None,
    *,
    params: float | str | None = None,
    macs: float | str | None = None,
    flops: float | str | None = None,
    activations: float | str | None = None,
    vary: Iterable[str] = (),
    parameters: Mapping[str, bool | int | float | str | None] | None = None,
) -> Network:
    """The largest network of a model, or from a `variant` of it on, that is within the budgets.

    Budgets are numbers or texts such as `"5.3M"` and `"300M +- 2%"`. `vary` names the parameters that may change,
    `"width"` or `"width=0.25..2:0.05"`: `phi` when none is named, else whichever the model has of `width`, `depth` and
    `resolution`. `parameters` are values of others. What was found is in `architecture.parameters`.
    Raises DiagnosticError, with diagnostics, when the file holds mistakes or no network is within the budgets.
    """
    from archdsl.fitting.budgets import limit
    from archdsl.fitting.family import open_family
    from archdsl.fitting.largest import largest
    from archdsl.fitting.ranges import ranges
    from archdsl.sources import read

    given = {"params": params, "macs": macs, "flops": flops, "activations": activations}
    limits = [limit(name, Source(name, str(value))) for name, value in given.items() if value is not None]
    if not limits:
        from archdsl.fitting.errors import NoBudget

        raise NoBudget().error(help="give one: `macs=400e6`")
    texts = ",".join(vary)
    family = open_family(read(path), variant)
    found = largest(family, limits, ranges(Source("vary", texts)) if texts else (), parameters)
    return Network(family.at(found.values))


def space(
    path: str | Path,
    name: str | None = None,
    *,
    resolution: int | tuple[int, int] | None = None,
    parameters: Mapping[str, bool | int | float | str | None] | None = None,
) -> Space:
    """The search space of a spec, a model with open choices; where there are several, the one called `name`.

    `space.sample(1000, seed=7)` draws networks, `space.costs(samples)` counts thousands of them a second,
    `space.latencies(samples, "a100")` predicts how long they take on a device, and
    `Network(space.architecture(sample))` is one of them in full.
    Raises DiagnosticError, with diagnostics, when the file holds mistakes or no such space.
    """
    from archdsl.sources import read
    from archdsl.spaces import open_space

    return open_space(read(path), name, resolution=resolution, parameters=parameters)


def create_model(
    name: str,
    *,
    resolution: int | tuple[int, int] | None = None,
    parameters: Mapping[str, bool | int | float | str | None] | None = None,
    **options: Any,
) -> nn.Module:
    """A model of the shipped specs by its name, `efficientnetv2_s`, or by torchvision's, timm's or Google's, with fresh
    weights.

    `options` are those of `Network.build`: `num_classes`, `in_channels`, `features_only`, `drop_path_rate`.
    Raises DiagnosticError when there is no such model.
    """
    return find(name, resolution=resolution, parameters=parameters).build(**options)


def find(
    name: str,
    *,
    resolution: int | tuple[int, int] | None = None,
    parameters: Mapping[str, bool | int | float | str | None] | None = None,
) -> Network:
    """The network of the shipped specs that a name or an alias means. Raises DiagnosticError when there is none."""
    from archdsl.catalogue import resolve

    path, model = resolve(name)
    return load(path, model, resolution=resolution, parameters=parameters)


def loads(text: str, variant: str | None = None, *, name: str = "<text>") -> Network:
    """`load` for a text."""
    from archdsl.compiler import compile_source

    return _only(compile_source(Source(name, text), variant=variant, claims=False), name)


def _only(compiled: Compiled, name: str) -> Network:
    networks = {architecture.name: Network(architecture) for architecture in compiled.checked()}
    if compiled.spaces and not networks:
        raise DiagnosticError([space.is_open() for space in compiled.spaces])
    if len(networks) == 1:
        _warn(compiled)
        return next(iter(networks.values()))
    labels = [network.architecture.variant or network.name for network in networks.values()]
    if not networks:
        raise NoModels(name).error()
    raise SeveralNetworks(name, labels if len(set(labels)) == len(labels) else list(networks)).error()


def _warn(compiled: Compiled) -> None:
    """Warns of a file's warnings, in the words of the command line, at the line of the user's that loads it."""
    found = [warning for warning in compiled.warnings if not warning.code.is_hint]
    if not found:
        return
    import sys
    import warnings

    from archdsl.diagnostics.report import report

    level = 1
    while sys._getframe(level).f_globals.get("__name__", "").partition(".")[0] == "archdsl":
        level += 1
    warnings.warn(report(found), ArchWarning, stacklevel=level + 1)
