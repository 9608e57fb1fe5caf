"""A model and one set of parameter values to an `Architecture`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property

from msgspec import Struct
from msgspec.structs import replace

from archdsl.diagnostics import Edit, Fix, Note, Problem, Problems
from archdsl.diagnostics.codes import WRONG_KIND
from archdsl.elaborate.evaluate.describe import describe, kind
from archdsl.elaborate.evaluate.errors import BindingNotLayer
from archdsl.elaborate.evaluate.expressions import evaluate
from archdsl.elaborate.evaluate.tensors import check_facts
from archdsl.elaborate.evaluate.values import (
    LAYERS,
    Decisions,
    LayerStep,
    List,
    SequenceLayer,
    Tensor,
    Value,
)
from archdsl.elaborate.instantiate.apply import Applier, place
from archdsl.elaborate.instantiate.bindings import ModelBindings, classes_of, image_of
from archdsl.elaborate.instantiate.errors import (
    EmptyModel,
    FactNotNumber,
    ImagesUnread,
    InputNotShape,
    ResolutionOfSeries,
    StagesUnread,
    StemUnread,
)
from archdsl.elaborate.instantiate.stages import Planned, StageBuilder
from archdsl.elaborate.problems import ElaborationError, bounded_depth
from archdsl.elaborate.resolve.graph import hidden, stage_label
from archdsl.elaborate.resolve.labels import stage_name
from archdsl.elaborate.resolve.parts import Part
from archdsl.ir.architecture import Architecture
from archdsl.ir.base import Shape, Size
from archdsl.ir.body import BlockInstance, Input
from archdsl.ir.body import Sequence as Steps
from archdsl.ir.description import Part as MadePart
from archdsl.ir.description import Requirement, Schedule, Section, Stage
from archdsl.ir.names import part_name
from archdsl.ir.parts import applied, used
from archdsl.language import tree


class Trunk(Struct, frozen=True):
    """What is before the head: the stem and the stages, with the tensors that they put out."""

    stem: Section | None
    tensor: Tensor  # what the stages get
    stages: tuple[Stage, ...]
    made: list[Tensor]
    drop_path: Schedule

    @property
    def last(self) -> Tensor:
        return self.made[-1] if self.made else self.tensor


class Elaborated(Struct, frozen=True):
    """A network, with the claims made about it and the names that they can use."""

    architecture: Architecture
    requires: tuple[tree.Require, ...]
    names: dict[str, Value]


class ModelElaborator(ModelBindings):
    """One network: its stem, its stages and its head, from what the names of the model are."""

    def run(self) -> Elaborated | None:
        """The architecture with what its `require` lines need, or None with the reasons in `problems`."""
        before = len(self.problems)
        try:
            self.bind()
            architecture = self._assemble()
        except ElaborationError as problem:
            self.report(problem)
            return None
        if architecture is None or len(self.problems) > before:
            return None
        return Elaborated(architecture, self.merged.requires, self.names)

    # The network -----------------------------------------------------------------------------------------------------

    def check(self) -> None:
        """Reports bindings with a meaning that are of the wrong kind."""
        self._check_input()
        self._check_classes()
        self._check_sections()

    def stage_builder(self, decisions: Decisions | None = None) -> StageBuilder:
        """What builds the stages, with `decisions` on the choices in the table, if not those of the whole model."""
        scope = self.scope(self.merged.rows.environment or self.merged.definition.environment)
        return StageBuilder(
            self.merged, scope if decisions is None else replace(scope, decisions=decisions), self.problems
        )

    def stem(self) -> tuple[Section | None, Tensor]:
        """The stem, if there is one, and what the stages get. Raises ElaborationError."""
        stem, tensor = self.section("stem", self.read_images())
        return stem, self._with_facts("stem", tensor)

    def read_images(self) -> Tensor:
        """What the stem and the stages read; all inputs are tensors from here on. Raises ElaborationError."""
        inputs = {name: self.names[name] for name in self.merged.inputs} or {"input": self.image}
        self.images = {
            name: self._with_facts(name, Tensor(shape, Input.made(node="input")))
            for name, shape in inputs.items()
            if isinstance(shape, Shape)
        }
        return self.images[self.source or "input"]

    def trunk(self, applier: Applier, planned: list[Planned], count: int | None = None) -> Trunk | None:
        """The stem and the stages, the first `count` of them; None when one of them has a mistake, which is reported.
        Raises ElaborationError."""
        stem, tensor = self.stem()
        schedule = self.settings["drop_path"]
        assert isinstance(schedule, Schedule)
        self.effort.spend(2 * sum(plan.layers for plan in planned[:count]), self.variant.definition.model.name.span)
        built = self.stage_builder().build(applier, planned, tensor, schedule, count)
        return Trunk(stem, tensor, *built, schedule) if built is not None else None

    def _assemble(self) -> Architecture | None:
        merged = self.merged
        model = self.variant.definition.model
        self.check()
        planned = self.stage_builder().plan()
        if self.failures.keys() & {"input", "padding", "stem", *merged.inputs}:
            return None
        image = self.image
        made_part = None
        if self.part is not None:
            trunk, made_part = self.trunk_of_part(self.part)
        else:
            trunk = self.trunk(self.applier, planned)
        if trunk is None or "head" in self.failures:
            return None
        stages = trunk.stages
        head, output, outputs = self.head(trunk.last, self.maps(trunk.tensor, trunk.made))
        if trunk.stem is None and head is None and not stages:
            raise ElaborationError(EmptyModel(model.name.text).at(model.name.span))
        if self.part is not None:
            self.claim(self.part, trunk)
        return Architecture.made(
            schema_version="1.0",
            name=self.variant.name,
            model=model.name.text,
            variant=self.variant.label,
            doc=merged.doc,
            input=image,
            inputs={name: self.names[name] for name in merged.inputs},
            source=self.source,
            classes=self.names.get("classes"),
            parameters={
                name: value if isinstance(value, bool | int | float | str | None) else describe(value)
                for name, value in self.parameters.items()
            },
            settings={name: describe(self.settings[name]) for name in ("norm", "act", "padding")},
            drop_path=trunk.drop_path,
            blocks=self._used_blocks(trunk.stem, stages, head),
            part=made_part,
            stem=trunk.stem,
            stages=stages,
            head=head,
            output=output,
            outputs=outputs,
            requirements=tuple(
                Requirement.made(text=claim.claim.span.text, place=place(claim.span)) for claim in merged.requires
            ),
            place=place(model.name.span),
        )

    def trunk_of_part(self, part: Part) -> tuple[Trunk | None, MadePart]:
        """The stem and the stages of the part, and what it is; None with the mistakes in `problems`. Raises
        ElaborationError."""
        from archdsl.elaborate.instantiate import parts  # late: few models have a part

        self.read_images()
        count = parts.stages_read(part, self.graph, self.read_maps)
        given, found = parts.given(part, self.scope(part.environment)), Problems()
        inner = ModelElaborator(
            parts.network_of(part), found, self.effort, None, given, self.decisions, image=self.image
        )
        trunk = None
        try:
            inner.bind()
            inner.check()
            inner.applier.instances = self.applier.instances
            planned = inner.stage_builder().plan()
            trunk = inner.trunk(inner.applier, planned, count) if not found else None
        except ElaborationError as problem:
            found.add(problem.diagnostic)
        self.problems.add(*parts.told(found.sorted(), part))
        return trunk, parts.described(part, inner.settings)

    def claim(self, part: Part, trunk: Trunk) -> None:
        """From here on the name of the part is what claims can speak of: the shapes of its maps that are there."""
        from archdsl.elaborate.instantiate.parts import claimed  # late: few models have a part

        self.names[part.name] = claimed(part, [trunk.tensor.shape, *(tensor.shape for tensor in trunk.made)])

    def _used_blocks(
        self, stem: Section | None, stages: Iterable[Stage], head: Section | None
    ) -> dict[str, BlockInstance]:
        """The instances that the network is made of; some were only tried in tensors that nothing reads."""
        instances = self.applier.instances
        if not instances.has_unread:
            return instances.blocks
        layers = [layer.apply for stage in stages for layer in stage.layers]
        layers += [apply for section in (stem, head) if section for apply in applied(section.steps)]
        return used(instances.blocks, layers)

    def _refuse(self, name: str, problem: ElaborationError) -> None:
        self.failures[name] = problem
        self.report(problem)

    def _check_input(self) -> None:
        self.source: str | None = None
        if not self.merged.inputs:
            self._check_image("input")
            return
        from archdsl.elaborate.instantiate.inputs import check_inputs  # late: few models have several

        for name in self.merged.inputs:
            self._check_image(name)
        if self.failures.keys().isdisjoint(self.merged.inputs):
            try:
                self.source, self.image = check_inputs(
                    self.merged, self.names, self.graph, self.part, is_resized=self.resolution is not None
                )
            except ElaborationError as problem:
                self._refuse("input", problem)

    def _check_image(self, name: str) -> None:
        if name in self.failures:
            return
        image = self.names[name]
        try:
            if isinstance(image, Size):  # of a parameter
                image = image_of(image, self.written(name))
            if isinstance(image, Shape):
                if name == "input":
                    self.image = self._resized(image)
                return
        except ElaborationError as problem:
            self._refuse(name, problem)
            return
        written = self.written(name)
        help = fix = None
        if isinstance(image, List) and len(image.items) == 3 and image.is_of_scalars:
            sides = " x ".join(describe(side) for side in image.items)
            help = f"a shape is written with `x`: `{sides}`"
            fix = Fix(f"write `{sides}`", (Edit(written, sides),), is_safe=False)
        self._refuse(name, ElaborationError(InputNotShape(kind(image), name).at(written, help=help, fix=fix)))

    def _resized(self, image: Shape) -> Shape:
        """The images at the resolution that was asked for. Raises ElaborationError for series of two sizes."""
        if self.resolution is None:
            return image
        chosen = self.resolution
        height, width = chosen if isinstance(chosen, tuple) else (chosen, chosen)
        if image.is_line and height != width:
            raise ElaborationError(ResolutionOfSeries(f"{height}x{width}").at(self.written("input")))
        return image._replace(height=1 if image.is_line else height, width=width)

    def _check_classes(self) -> None:
        """Those of a parameter; a binding has been looked at when it got its value."""
        if "classes" in self.parameters:
            try:
                value, origin = self.names["classes"], self.origins.get("classes")
                self.names["classes"] = classes_of(value, origin, self.written("classes"))
            except ElaborationError as problem:
                self._refuse("classes", problem)

    def _check_sections(self) -> None:
        for name, example in (("stem", "conv(32, 3, stride = 2) -> norm -> act"), ("head", "linear(classes)")):
            value = self.names.get(name)
            if name in self.names and not isinstance(value, LAYERS):
                problem = BindingNotLayer(name, kind(value))
                self._refuse(
                    name, ElaborationError(problem.at(self.written(name), help=f"for example `{name} = {example}`"))
                )

    def section(self, name: str, tensor: Tensor) -> tuple[Section | None, Tensor]:
        """The stem or the head on a tensor, if there is one, and what comes out. Raises ElaborationError."""
        if name not in self.names:
            return None, tensor
        layer = self.names[name]
        written = self.written(name)
        assert isinstance(layer, LAYERS)
        if not isinstance(layer, SequenceLayer):
            node = self.origins[name].node if name in self.origins else None
            layer = SequenceLayer((LayerStep(_alone(node), layer),), written)
        try:
            with bounded_depth(written):
                steps, result = self.applier.apply(layer, tensor, "")
        except ElaborationError as problem:
            if problem.is_inside(written):
                raise
            raise problem.within(f"in the {name}, on an input of {tensor.shape}", written) from None
        assert isinstance(steps, Steps)
        where = self.merged.bindings[name][0].span if name in self.merged.bindings else written
        section = Section.made(
            name=name,
            steps=steps,
            reads_maps=False,
            input=tensor.shape,
            output=result.shape,
            place=place(where),
        )
        return section, result

    @cached_property
    def read_rows(self) -> dict[str, int]:
        """The rows of the table whose output the head reads by name, as positions."""
        reads = self.graph.reads if self.graph is not None else ()
        if self.part is not None:
            of_part = {name: self.part.maps.get(map) for name, map in self.read_maps.items() if name in reads}
            return {name: row.number - 1 for name, row in of_part.items() if row is not None}
        labels = [stage_label(row) for row in self.merged.rows.rows]
        known = {"input", "stem", *self.merged.inputs}
        return {name: labels.index(name) for name in reads if name not in known}

    def maps(self, stem: Tensor, stages: Sequence[Tensor]) -> dict[str, Tensor]:
        """What the head reads by name, of what the stem and the stages put out."""
        found = {**self.first_maps(stem), **{name: stages[row] for name, row in self.read_rows.items()}}
        if self.part is not None and self.graph is not None and self.part.name in self.graph.reads:
            found[self.part.name] = stages[-1] if stages else stem
        return found

    def first_maps(self, stem: Tensor) -> dict[str, Tensor]:
        """What it reads by name that is there before the stages."""
        reads = self.graph.reads if self.graph is not None else ()
        if self.part is not None:
            of_stem = {name: stem for name, map in self.read_maps.items() if map == "stem" and name in reads}
        else:
            of_stem = {"stem": stem} if "stem" in reads else {}
        return {**{name: image for name, image in self.images.items() if name in reads}, **of_stem}

    def _on_hidden_stage(self, problem: ElaborationError) -> ElaborationError:
        """The same with a note, where it is about a name that a stage has as well."""
        diagnostic = problem.diagnostic
        name = diagnostic.span.text if diagnostic.span is not None else ""
        stages = hidden(self.merged)
        if diagnostic.code is not WRONG_KIND or name not in stages:
            return problem
        text = f"this stage is not read as `{name}`, which means something else; give it another name"
        note = Note(text, stages[name])
        return ElaborationError(replace(diagnostic, notes=(*diagnostic.notes, note)))

    def head(self, last: Tensor, read: Mapping[str, Tensor]) -> tuple[Section | None, Shape, dict[str, Shape]]:
        """The head, if there is one, on what comes out of the last stage and on what it reads by name; the network's
        output, and those that have names. Raises ElaborationError."""
        if self.graph is None:
            section, tensor = self.section("head", last)
            return section, tensor.shape, {}
        paths = self._paths_of_maps()
        maps = {name: (paths.get(name, name), tensor) for name, tensor in read.items()}
        where = self.graph.block.name.span
        from archdsl.elaborate.instantiate.heads import head  # late: few heads read tensors

        try:
            made, block = head(self.applier, self.graph, self.scope(self.merged.definition.environment), last, maps)
        except ElaborationError as problem:
            raise self._on_hidden_stage(problem) from None
        if not any(tensor is last for _, tensor in maps.values()) and not self.graph.reads_last:
            raise ElaborationError(self._unread().at(where))
        section = Section.made(
            name="head",
            steps=Steps.made(step="sequence", name=None, steps=(made,)),
            reads_maps=True,
            input=last.shape,
            output=made.output,
            place=place(where),
        )
        return section, made.output, {name: output.shape for name, output in block.outputs.items()}

    def _paths_of_maps(self) -> dict[str, str]:
        """Where the maps come from that the head reads by name, by these names."""
        found = {name: f"inputs.{name}" for name in self.merged.inputs}
        if self.part is None:
            rows = self.merged.rows.rows
            return found | {name: f"stages.{stage_name(rows[row])}" for name, row in self.read_rows.items()}
        prefix = part_name(self.part.name)
        for name, map in self.read_maps.items():
            row = self.part.maps.get(map)
            found[name] = f"{prefix}.stages.{stage_name(row)}" if row is not None else f"{prefix}.stem"
        return found

    def _unread(self) -> Problem:
        """What is wrong where the head does not read what comes last before it."""
        if self.merged.rows.rows:
            return StagesUnread()
        return StemUnread() if "stem" in self.names else ImagesUnread()

    def _with_facts(self, name: str, tensor: Tensor) -> Tensor:
        """A tensor with what the model says of it; where that is nothing, the same one."""
        found = [one for one in self.merged.facts if one[0].name.text == name]
        if not found:
            return tensor
        facts = dict(tensor.facts)
        for binding, environment in found:
            assert binding.fact is not None
            value = evaluate(binding.value, self.scope(environment))
            if isinstance(value, bool) or not isinstance(value, int | float):
                raise ElaborationError(FactNotNumber(kind(value)).at(binding.value.span))
            facts[binding.fact.text] = float(value)
            check_facts(facts, binding.fact.span)
        return Tensor(tensor.shape, tensor.expression, tuple(sorted(facts.items())), tensor.channels_from)


def _alone(value: tree.Expression | None) -> str:
    match value:
        case tree.Call(function=tree.Name(text=text)) | tree.Name(text=text):
            return text
        case _:
            return "layer"
