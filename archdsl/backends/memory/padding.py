"""Which windows find the zeros of `same` padding by themselves, and which read a copy of the map with zeros around it.

At stride 1 the zeros of an odd kernel are the same on all sides whatever the size of the map, and the layer adds them.
A convolution finds that out when it runs. For others it is written in the emitted source, where all instances of a
block share one class: only if all of them allow it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from archdsl.ir.base import Size
from archdsl.ir.operators.convolution import CondConv, Conv, Depthwise, WeightStandardizedConv
from archdsl.ir.operators.pooling import AvgPool, MaxPool
from archdsl.ir.operators.window import sides
from archdsl.ir.walk import Visit


def padded_by_copy(visits: Sequence[Visit]) -> set[int]:
    """The numbers of the operators that read a padded copy of their map."""
    numbers: dict[tuple[str, str], list[int]] = defaultdict(list)
    windows: dict[tuple[str, str], set[tuple[Size, Size]]] = defaultdict(set)
    for number, visit in enumerate(visits):
        match visit.primitive:
            case Conv() | CondConv() | Depthwise() | WeightStandardizedConv() | MaxPool() | AvgPool() as operator:
                if operator.padding == "same":
                    # A convolution that finds it out when it runs is alone.
                    key = _class(visit) if isinstance(operator, CondConv | MaxPool | AvgPool) else ("", visit.path)
                    numbers[key].append(number)
                    windows[key].add(_window(operator))
    return {number for key, found in windows.items() if not _is_static(found) for number in numbers[key]}


def _window(operator: Conv | CondConv | Depthwise | WeightStandardizedConv | MaxPool | AvgPool) -> tuple[Size, Size]:
    """How many positions a window extends over, and its stride."""
    kernel, stride = sides(operator.kernel), sides(operator.stride or operator.kernel)
    dilation = Size(1, 1) if isinstance(operator, MaxPool | AvgPool) else sides(operator.dilation)
    return Size(*(step * (side - 1) + 1 for step, side in zip(dilation, kernel, strict=True))), stride


def _class(visit: Visit) -> tuple[str, str]:
    """The class that an operator is written in, and where in it."""
    level = visit.levels[-1]
    if level.block is None:
        return "", visit.path
    return level.name, visit.path.removeprefix(level.path)


def _is_static(windows: set[tuple[Size, Size]]) -> bool:
    if len(windows) > 1:
        return False
    ((extent, stride),) = windows
    return stride == (1, 1) and all(side % 2 for side in extent)
