"""What a pass is: a function from an architecture to another one, with conditions that are checked before and after."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from archdsl.ir.architecture import Architecture
from archdsl.ir.base import ShapeError
from archdsl.ir.parts import shapes_read
from archdsl.ir.walk import ShallowTracer, Visit


class PassError(Exception):
    """A condition of a pass does not hold: `stage` is `before` or `after`, `reason` says what is not as it must be."""

    def __init__(self, name: str, network: str, stage: str, condition: str, reason: str):
        super().__init__(f"pass `{name}` on `{network}`: {stage} it, {condition}; {reason}")
        self.name, self.network, self.stage, self.condition, self.reason = name, network, stage, condition, reason


class Precondition(NamedTuple):
    """What must hold for the architecture that a pass is given; `violation` is why it does not, or None."""

    text: str
    violation: Callable[[Architecture], str | None]


class Postcondition(NamedTuple):
    """What must hold for the architecture that comes out, beside the one that went in."""

    text: str
    violation: Callable[[Architecture, Architecture], str | None]


class Pass(NamedTuple):
    """`run` is called through `apply`, which checks the conditions. `doc` is one line, for lists of passes."""

    name: str
    doc: str
    run: Callable[[Architecture], Architecture]
    before: tuple[Precondition, ...]
    after: tuple[Postcondition, ...]

    def apply(self, architecture: Architecture) -> Architecture:
        """The architecture that the pass makes of one. Raises PassError where a condition does not hold."""
        for needed in self.before:
            self._check(architecture, "before", needed.text, needed.violation(architecture))
        made = self.run(architecture)
        for promised in self.after:
            self._check(architecture, "after", promised.text, promised.violation(architecture, made))
        return made

    def _check(self, architecture: Architecture, stage: str, text: str, violation: str | None) -> None:
        if violation is not None:
            raise PassError(self.name, architecture.name, stage, text, violation)


# Conditions that passes share ----------------------------------------------------------------------------------------


def inconsistency(architecture: Architecture) -> str | None:
    """What does not fit together in an architecture: shapes, ids, the order of blocks. None where all does."""
    known: set[str] = set()
    for name, block in architecture.blocks.items():
        if block.id != name:
            return f"the block `{block.id}` is listed as `{name}`"
        tracer = ShallowTracer(architecture)
        try:
            visits = tracer.whole(name)
        except KeyError as missing:
            return f"in the block `{name}`, there is no {missing}"
        found = _mismatch(architecture, visits) or _unlisted(visits, known)
        made = tuple(output.shape for output in block.outputs.values()) or block.output_list or (block.output,)
        if found is None and visits[-1].shapes != made:
            found = f"{visits[-1].shapes} come out, not {made}"
        if found is not None:
            return f"in the block `{name}`, {found}"
        known.add(name)
    try:
        visits = ShallowTracer(architecture).network()
    except KeyError as missing:
        return f"there is no {missing}"
    found = _mismatch(architecture, visits)
    if found is None and visits[-1].output != architecture.output:
        found = f"{visits[-1].output} comes out, not {architecture.output}"
    return found


def _mismatch(architecture: Architecture, visits: list[Visit]) -> str | None:
    for visit in visits:
        if visit.block is not None:
            block = architecture.blocks[visit.block]
            read, made = block.input, block.output
            if visit.shapes != (given := shapes_read(block)):
                return f"`{visit.path}` reads {visit.shapes}, not {given}"
        elif visit.primitive is not None:
            read = visit.shapes[0]
            try:
                made = visit.primitive.output(*visit.shapes)
            except ShapeError as error:
                return f"`{visit.path}` does not fit: {error.message}"
        else:
            continue
        if visit.shapes[0] != read or visit.output != made:
            return f"`{visit.path}` makes {visit.output} of {visit.shapes[0]}, not {made} of {read}"
    return None


def _unlisted(visits: list[Visit], known: set[str]) -> str | None:
    later = next((visit.block for visit in visits if visit.block is not None and visit.block not in known), None)
    return f"`{later}` is applied, which does not stand before it" if later is not None else None


IS_CONSISTENT = Precondition("shapes fit, and blocks stand before those that apply them", inconsistency)
STAYS_CONSISTENT = Postcondition(
    "shapes fit, and blocks stand before those that apply them", lambda _, made: inconsistency(made)
)


def _changed_ends(given: Architecture, made: Architecture) -> str | None:
    if given.images != made.images:
        return f"{given.images} became {made.images}"
    before, after = (given.input, given.output), (made.input, made.output)
    return None if before == after else f"{before[0]} to {before[1]} became {after[0]} to {after[1]}"


KEEPS_ENDS = Postcondition("what goes in and what comes out have the shapes that they had", _changed_ends)


def _changed_stages(given: Architecture, made: Architecture) -> str | None:
    before = [(stage.name, len(stage.layers), stage.input, stage.output) for stage in given.stages]
    after = [(stage.name, len(stage.layers), stage.input, stage.output) for stage in made.stages]
    return None if before == after else "the table has other rows"


KEEPS_STAGES = Postcondition("the table has the rows that it had, with their layers and shapes", _changed_stages)
