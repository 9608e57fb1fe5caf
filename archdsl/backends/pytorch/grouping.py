"""Which block instances share a class: as many as can be written as one."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from typing import NamedTuple

from archdsl.backends.pytorch.blocks import BlockWriter, ClassSource, Contract
from archdsl.backends.pytorch.class_layers import class_layers
from archdsl.backends.pytorch.class_names import class_name
from archdsl.backends.pytorch.errors import TooManyClasses
from archdsl.backends.pytorch.externs import argument_names
from archdsl.backends.pytorch.module import Unmergeable
from archdsl.backends.pytorch.naming import Names
from archdsl.backends.pytorch.steps import Made
from archdsl.ir.architecture import Architecture
from archdsl.ir.base import Size
from archdsl.ir.body import Apply, BlockInstance, Combine
from archdsl.ir.externs import externs_of_blocks
from archdsl.ir.parts import applied, inside, modules_in
from archdsl.limits import limits

Key = str  # "architecture number/block id"

# Constructors settle after few rounds; those of recursive blocks may take one for each depth. More instances than these
# are not written again and again to find out.
_MOST_WRITTEN = 2_000


class _Divided(NamedTuple):
    """A block whose instances do not fit into one class; `may_fit` says whether a few classes might do."""

    block: str
    may_fit: bool = True


class Classes:
    """The classes of all blocks of some architectures.

    Instances of one block start out in one class. Where they do not fit, they are divided by their layers and settings
    (`act`, `norm`, ...), by which of their scalars are sizes (`1 x 7`) and by which further tensors they read; where
    that is not enough, by their forms, which tell the depths of a recursion apart, and at last one by one. A class's
    constructor depends on those of the classes that it uses, which may be itself (recursion), so all are written again
    until nothing changes.
    """

    def __init__(self, architectures: Sequence[Architecture], taken: set[str]):
        self.instances: dict[Key, BlockInstance] = {
            f"{number}/{block.id}": block
            for number, architecture in enumerate(architectures)
            for block in architecture.blocks.values()
        }
        # Those that are the head of a network.
        self.heads = {
            f"{number}/{apply.block}"
            for number, architecture in enumerate(architectures)
            if architecture.head is not None and architecture.head.reads_maps
            for apply in applied(architecture.head.steps)
        }
        self.externs = argument_names(architectures)
        # The modules of the caller's that each needs; none where the file has none.
        self._needs: dict[Key, frozenset[str]] = {
            f"{number}/{block}": needed
            for number, architecture in enumerate(architectures if self.externs else ())
            for block, needed in externs_of_blocks(architecture).items()
        }
        self._forms = _forms(self.instances)
        self.class_layers = [class_layers(architecture) for architecture in architectures]
        self.taken = taken
        modules = {name for block in self.instances.values() for name in modules_in(block)}
        self._attributes, self._attribute_names = dict[str, str](), Names(modules)
        self.contracts: dict[str, Contract] = {}
        self._write_all()

    def made(self, key: Key) -> Made:
        return self._made[self._group_of[key]]

    def attribute(self, fact: str) -> str:
        """The attribute by which blocks hand on a fact to the next ones; no sub-module of any is called so."""
        if fact not in self._attributes:
            self._attributes[fact] = self._attribute_names.new(f"out_{fact}")
        return self._attributes[fact]

    def know(self, name: str, scalar: str) -> bool:
        """Whether all instances of a class have a scalar."""
        return all(scalar in self.instances[key].scalars for key, group in self._group_of.items() if group == name)

    def set_contracts(self, contracts: dict[str, Contract]) -> None:
        """What the loops over stages ask of classes, by name; writes the classes again."""
        self.contracts = contracts
        self._write_all()

    def sources(self) -> list[ClassSource]:
        """The classes, those that others use before their users."""
        ordered: dict[str, ClassSource] = {}

        def visit(name: str, path: tuple[str, ...] = ()) -> None:
            if name in ordered or name in path:
                return
            source = by_name[name]
            for used in sorted(source.uses, key=list(by_name).index):
                visit(used, (*path, name))
            ordered[name] = source

        by_name = {source.made.name: source for source in self._sources.values()}
        for name in by_name:
            visit(name)
        return list(ordered.values())

    # Grouping --------------------------------------------------------------------------------------------------------

    def _write_all(self) -> None:
        levels: dict[str, int] = {}
        while True:
            groups = self._groups(levels)
            _check_count(len(groups))
            failed = self._write(groups)
            if failed is None:
                return
            level = levels.get(failed.block, 0) + 1
            if level == len(_LEVELS):
                raise RuntimeError(f"`{failed.block}` does not fit into a class of its own")
            levels[failed.block] = level if failed.may_fit else max(level, _LEVELS.index(_by_form))

    def _groups(self, levels: dict[str, int]) -> dict[str, list[Key]]:
        """Class names with the instances of each."""
        by_group: dict[Hashable, list[Key]] = {}
        for key, instance in self.instances.items():
            group = _LEVELS[levels.get(instance.name, 0)](key, instance, self._forms[key]), self._needs.get(key)
            by_group.setdefault(group, []).append(key)
        groups: dict[str, list[Key]] = {}
        self._group_of: dict[Key, str] = {}
        names = Names(self.taken, between="")
        for keys in by_group.values():
            first = self.instances[keys[0]]
            name = names.new(class_name(first.name, first.doc))
            groups[name] = keys
            self._group_of.update(dict.fromkeys(keys, name))
        return groups

    def _write(self, groups: dict[str, list[Key]]) -> _Divided | None:
        """Writes every class until the constructors are settled. A block that must be divided, or None."""
        self._made: dict[str, Made] = {name: Made(name, (), {}) for name in groups}
        changed: list[str] = []
        order = self._inner_first(groups)
        for count in range(len(groups) + 8):
            if count > 3 and count * len(self.instances) > _MOST_WRITTEN:
                break
            before = {name: (made.arguments, made.drops) for name, made in self._made.items()}
            sources: dict[str, ClassSource] = {}
            for name in order:
                keys = groups[name]
                try:
                    source = self._writer(name, keys).write()
                except Unmergeable:
                    return _Divided(self.instances[keys[0]].name)
                sources[name] = source
                self._made[name] = source.made
            self._sources = {name: sources[name] for name in groups}
            changed = [name for name, made in self._made.items() if before[name] != (made.arguments, made.drops)]
            if not changed:
                return None
        # A block that calls itself hands on more at each depth than its constructor should take.
        return _Divided(self.instances[groups[changed[0]][0]].name, may_fit=False)

    def _inner_first(self, groups: dict[str, list[Key]]) -> list[str]:
        """The classes, those that others use before their users, as far as recursion has such an order: what a class
        hands on to itself would keep what it made of one that was not written yet."""
        import networkx  # late: it takes long, and drawing or comparing writes no classes

        graph = networkx.DiGraph()
        graph.add_nodes_from(groups)
        for name, keys in groups.items():
            graph.add_edges_from((inner, name) for key in keys for inner in self._used(key) if inner != name)
        cycles = networkx.condensation(graph)
        ordered = networkx.lexicographical_topological_sort(cycles)
        return [name for cycle in ordered for name in groups if name in cycles.nodes[cycle]["members"]]

    def _used(self, key: Key) -> Iterator[str]:
        """The classes of the blocks that an instance applies."""
        number, _ = key.split("/", 1)
        for binding in self.instances[key].body:
            for part in inside(binding.value) if binding.value is not None else ():
                if isinstance(part, Apply) and part.block is not None:
                    yield self._group_of[f"{number}/{part.block}"]

    def _writer(self, name: str, keys: list[Key]) -> BlockWriter:
        prefixes = [key.split("/", 1)[0] for key in keys]

        def find(index: int, block: str) -> tuple[Made, str]:
            key = f"{prefixes[index]}/{block}"
            return self.made(key), key

        instances = [(key, self.instances[key]) for key in keys]
        contract = self.contracts.get(name, Contract())
        followers = frozenset[str]().union(*map(self._following, keys))
        return BlockWriter(
            name,
            instances,
            find,
            contract,
            self.attribute,
            is_head=keys[0] in self.heads,
            externs=self.externs,
            followers=followers,
        )

    def _following(self, key: Key) -> frozenset[str]:
        """The parameters of an instance that follow the number of classes."""
        number, block = key.split("/", 1)
        return self.class_layers[int(number)].parameters.get(block, frozenset())


def _check_count(count: int) -> None:
    """Refuses more classes than anyone would read."""
    if count > limits().classes:
        raise TooManyClasses(count).error()


def _forms(instances: dict[Key, BlockInstance]) -> dict[Key, int]:
    """The form of each instance, as a number: which layers it applies to what in which order, blocks by their forms,
    and no sizes. Instances stand in their order, those that others use before these."""
    numbers: dict[Hashable, int] = {}
    forms: dict[Key, int] = {}
    for key, instance in instances.items():
        architecture, _ = key.split("/", 1)
        parts: list[Hashable] = [instance.name]
        for binding in instance.body:
            parts.append(binding.name)
            for part in inside(binding.value) if binding.value is not None else ():
                match part:
                    case Apply(block=str(block)):
                        parts.append(forms[f"{architecture}/{block}"])
                    case Apply(operator=operator):
                        parts.append(operator.kind if operator is not None else None)
                    case Combine(operator=operator):
                        parts.append(operator)
                    case _:
                        parts.append(part.node)
        forms[key] = numbers.setdefault(tuple(parts), len(numbers))
    return forms


def _together(key: Key, instance: BlockInstance, form: int) -> Hashable:
    return (instance.name, instance.place, instance.input.is_line)


def _by_layers(key: Key, instance: BlockInstance, form: int) -> Hashable:
    sizes = tuple(name for name, value in instance.scalars.items() if isinstance(value, Size))
    layers, lists = tuple(sorted(instance.layers.items())), instance.tensor_lists
    lengths = (len(instance.input_list), len(instance.output_list), *(len(lists.get(n, ())) for n in instance.tensors))
    return (_together(key, instance, form), layers, sizes, tuple(instance.tensors), lengths)


def _by_form(key: Key, instance: BlockInstance, form: int) -> Hashable:
    return (_by_layers(key, instance, form), form)


def _alone(key: Key, instance: BlockInstance, form: int) -> Hashable:
    return (instance.name, key)


_LEVELS: tuple[Callable[[Key, BlockInstance, int], Hashable], ...] = (_together, _by_layers, _by_form, _alone)
