"""Data of every kind, and what is wrong with it (ARC920)."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
from pathlib import Path

import datasets
import numpy
import pytest
from PIL import Image

from archdsl.diagnostics import DiagnosticError
from archdsl.limits import parse
from archdsl.training.data import folder as folder_room
from archdsl.training.data.images import UnreadableImageError
from archdsl.training.data.opening import open_data, open_parts
from archdsl.training.data.source import Source
from tests.training.data.conftest import picture

KINDS = ("folder", "parts", "csv", "arrow", "parquet", "shards", "idx")


def add_member(file: tarfile.TarFile, name: str, data: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size = len(data)
    file.addfile(member, io.BytesIO(data))


def png(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.save(out, "png")
    return out.getvalue()


def write(kind: str, folder: Path) -> str:
    """Data of a kind: 12 pictures of 2 classes to learn from, and 4 to test on where the kind has parts."""
    folder.mkdir()
    pictures = {"train": [(n, n % 2) for n in range(12)], "val": [(n, n % 2) for n in range(100, 104)]}
    names = ("cat", "dog")
    match kind:
        case "folder" | "parts":
            for part, images in pictures.items():
                if kind == "folder" and part == "val":
                    continue
                for number, label in images:
                    place = folder / part / names[label] if kind == "parts" else folder / names[label]
                    place.mkdir(parents=True, exist_ok=True)
                    picture(number).save(place / f"{number:03}.png")
        case "csv":
            rows = ["path,label,split"]
            for part, images in pictures.items():
                for number, label in images:
                    picture(number).save(folder / f"{number}.png")
                    rows.append(f"{number}.png,{names[label]},{part}")
            (folder / "all.csv").write_text("\n".join(rows))
            return str(folder / "all.csv")
        case "arrow" | "parquet":
            kinds = datasets.Features({"image": datasets.Image(), "label": datasets.ClassLabel(names=list(names))})
            parts = {
                part: datasets.Dataset.from_dict(
                    {"image": [picture(n) for n, _ in images], "label": [label for _, label in images]}, features=kinds
                )
                for part, images in pictures.items()
            }
            if kind == "arrow":
                datasets.DatasetDict({"train": parts["train"], "validation": parts["val"]}).save_to_disk(folder)
            else:
                for part, rows in parts.items():
                    rows.to_parquet(folder / f"{part}-00000-of-00001.parquet")
        case "shards":
            for part, images in pictures.items():
                for shard in range(2):
                    with tarfile.open(folder / f"{part}-{shard:06}.tar", "w") as file:
                        for number, label in images[shard::2]:
                            add_member(file, f"{number:04}.png", png(picture(number)))
                            if shard:
                                add_member(file, f"{number:04}.json", json.dumps({"label": label}).encode())
                            else:
                                add_member(file, f"{number:04}.cls", str(label).encode())
            (folder / "classes.txt").write_text("cat\ndog\n")
        case "idx":
            for part, images in {"train": pictures["train"], "t10k": pictures["val"]}.items():
                pixels = numpy.stack([numpy.asarray(picture(n).convert("L")) for n, _ in images])
                head = bytes([0, 0, 8, 3]) + b"".join(size.to_bytes(4, "big") for size in pixels.shape)
                (folder / f"{part}-images-idx3-ubyte.gz").write_bytes(gzip.compress(head + pixels.tobytes()))
                labels = bytes(label for _, label in images)
                head = bytes([0, 0, 8, 1]) + len(labels).to_bytes(4, "big")
                (folder / f"{part}-labels-idx1-ubyte").write_bytes(head + labels)
    return str(folder)


def content(source: Source) -> dict[bytes, str]:
    return {source.image(i).tobytes(): source.classes[source.label(i)] for i in range(len(source))}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_holds_the_same_pictures(kind: str, tmp_path: Path) -> None:
    path = write(kind, tmp_path / kind)
    train = open_data(path, "train")
    names = ("0", "1") if kind == "idx" else ("cat", "dog")
    expected = {
        (picture(n).convert("L").convert("RGB") if kind == "idx" else picture(n)).tobytes(): names[n % 2]
        for n in range(12)
    }
    assert (train.classes, content(train)) == (names, expected)
    if kind != "folder":
        test = open_data(path, "test", classes=train.classes)
        assert (len(test), [test.label(i) for i in range(4)].count(1)) == (4, 2)


def test_digits() -> None:
    train, test = open_data("sklearn:digits", "train"), open_data("sklearn:digits", "test")
    assert (len(train), len(test), len(train.classes)) == (1437, 360, 10)
    assert train.image(0).size == (8, 8)


def test_holdout_takes_the_same_share_of_each_class(pictures: Path) -> None:
    parts = {split: open_data(str(pictures), split, holdout=0.3, seed=1) for split in ("train", "test")}  # type: ignore[arg-type]
    counts = {
        split: [[s.label(i) for i in range(len(s))].count(label) for label in (0, 1)] for split, s in parts.items()
    }
    assert counts == {"train": [7, 4], "test": [3, 2]}
    names = [{s.name(i) for i in range(len(s))} for s in parts.values()]
    assert not names[0] & names[1]
    other = open_data(str(pictures), "test", holdout=0.3, seed=2)
    assert {other.name(i) for i in range(len(other))} != names[1]


def test_data_with_a_test_of_its_own_is_not_divided(tmp_path: Path) -> None:
    path = write("parts", tmp_path / "parts")
    assert [len(open_data(path, split, holdout=0.5)) for split in ("train", "test")] == [12, 4]  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", KINDS)
def test_both_parts_are_those_that_are_opened_alone(kind: str, tmp_path: Path) -> None:
    path = write(kind, tmp_path / kind)
    train, test, is_divided = open_parts(path, holdout=0.25, seed=5)
    alone = [open_data(path, split, holdout=0.25, seed=5) for split in ("train", "test")]  # type: ignore[arg-type]
    assert [content(train), content(test)] == [content(source) for source in alone]
    assert (is_divided, len(test)) == (kind == "folder", 4)


@pytest.mark.parametrize(("kind", "count"), [("folder", 1), ("parts", 2)])
def test_each_part_is_opened_once(kind: str, count: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[Path] = []

    class Counted(folder_room.Folder):
        def __init__(self, folder: Path, classes: tuple[str, ...]):
            opened.append(folder)
            super().__init__(folder, classes)

    monkeypatch.setattr(folder_room, "Folder", Counted)
    open_parts(write(kind, tmp_path / kind), holdout=0.25, seed=5)
    assert len(opened) == len(set(opened)) == count


def test_parts_of_other_classes(tmp_path: Path) -> None:
    path = Path(write("parts", tmp_path / "parts"))
    (path / "val" / "dog").rename(path / "val" / "emu")
    with pytest.raises(
        DiagnosticError, match=r"the test images are of other classes .*`emu` are new, `dog` are missing"
    ):
        open_parts(str(path), holdout=0.1, seed=0)


def test_modes_of_images(pictures: Path) -> None:
    folder = pictures / "cat"
    for path in folder.iterdir():
        path.unlink()
    wide = picture(1, (30, 10))
    exif = wide.getexif()
    exif[0x0112] = 6
    wide.save(folder / "0.jpg", exif=exif)
    Image.new("L", (4, 4), 200).save(folder / "1.png")
    Image.fromarray(numpy.full((4, 4), 256 * 200, numpy.uint16)).save(folder / "2.png")
    Image.new("RGBA", (4, 4), (0, 0, 0, 0)).save(folder / "3.png")
    Image.new("P", (4, 4), 3).save(folder / "4.gif")
    Image.new("CMYK", (4, 4), (255, 0, 0, 0)).save(folder / "5.jpg")
    source = open_data(str(pictures), "train")
    found = [source.image(index) for index in range(6)]
    assert [image.mode for image in found] == ["RGB"] * 6
    assert found[0].size == (10, 30)
    assert [found[index].getpixel((0, 0)) for index in (1, 2, 3)] == [(200,) * 3, (199,) * 3, (255,) * 3]


def refused(path: object, split: str = "train", **options) -> str:  # type: ignore[no-untyped-def]
    with pytest.raises(DiagnosticError) as failure:
        open_data(str(path), split, **options)  # type: ignore[arg-type]
    (problem,) = failure.value.diagnostics
    return f"{problem.message}; {problem.help}"


def test_refusals(pictures: Path, tmp_path: Path) -> None:
    assert "it does not exist; did you mean" in refused(tmp_path / "picture")
    assert "nothing to test on" in refused(pictures, "test")
    assert "`bird` are missing" in refused(pictures, "test", holdout=0.2, classes=("bird", "cat", "dog"))
    (pictures / "emu").mkdir()
    assert "class `emu` has no images" in refused(pictures)
    (tmp_path / "empty").mkdir()
    assert "no folders of classes" in refused(tmp_path / "empty")
    assert "not in folders, one for each class" in refused(pictures / "cat")
    (tmp_path / "one" / "cat").mkdir(parents=True)
    picture(1).save(tmp_path / "one" / "cat" / "1.png")
    assert "all images" in refused(tmp_path / "one")
    (tmp_path / "a.csv").write_text("file,label\n1.png,2\n")
    assert "no column `path`; the columns are `file`, `label`" in refused(tmp_path / "a.csv")
    (tmp_path / "a.csv").write_text("path,label,split\n1.png,2,tset\n")
    assert "line 2" in refused(tmp_path / "a.csv")
    (tmp_path / "a.csv").write_text("path, label\n\n1.png,dog, brown\n")
    assert "line 3" in refused(tmp_path / "a.csv")
    (tmp_path / "a.txt").write_text("")
    assert "`.txt` files are not understood" in refused(tmp_path / "a.txt")
    assert "there is `sklearn:digits`" in refused("sklearn:digit")
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "a.tar").write_bytes(b"no archive")
    assert "cannot be read" in refused(tmp_path / "bad")


def test_a_table_with_spaces_and_blank_lines(pictures: Path, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("path, label\npictures/cat/00.png, cat\n\npictures/dog/00.png, dog\n")
    assert open_data(str(tmp_path / "a.csv"), "train").classes == ("cat", "dog")


def test_images_of_a_table_that_do_not_exist(tmp_path: Path) -> None:
    path = Path(write("csv", tmp_path / "csv"))
    for number in (0, 3, 4, 7, 101):
        (path.parent / f"{number}.png").unlink()
    (path.parent / "5.png").unlink()
    (path.parent / "5.png").mkdir()
    for split, of in (("train", "5 of 12"), ("test", "1 of 4")):
        assert f"lists images that do not exist, {of}" in refused(path, split)
    with pytest.raises(DiagnosticError) as failure:
        open_parts(str(path), holdout=0.0, seed=0)
    names = ", ".join(str(path.parent / f"{number}.png") for number in (0, 3, 4))
    (problem,) = failure.value.diagnostics
    assert problem.message == f"{path} lists images that do not exist, 6 of 16: {names} and 3 more"
    found = open_parts(str(path), holdout=0.0, seed=0, skip_corrupt=True)
    assert [len(found.train), len(found.test)] == [12, 4]


def test_missing_images_of_a_part_that_is_held_out(tmp_path: Path) -> None:
    rows = [f"{number}.png,{number % 2}" for number in range(8)]
    (tmp_path / "a.csv").write_text("\n".join(["path,label", *rows]))
    for number in range(7):
        picture(number).save(tmp_path / f"{number}.png")
    for split in ("train", "test"):
        assert "1 of 8: " in refused(tmp_path / "a.csv", split, holdout=0.25)


def test_shards_by_a_pattern(tmp_path: Path) -> None:
    write("shards", tmp_path / "shards")
    found = open_data(f"{tmp_path}/shards/{{train,val}}-{{000000..000001}}.tar", "train")
    assert (len(found), found.classes) == (12, ("cat", "dog"))
    assert len(open_data(f"{tmp_path}/shards/*-00000*.tar", "test", classes=("cat", "dog"))) == 4
    assert "000002.tar does not exist" in refused(f"{tmp_path}/shards/train-{{000000..000002}}.tar")


def test_a_pattern_of_too_many_shards() -> None:
    for pattern in ("train-{0..999999999}.tar", "{0..999}{0..999}.tar", f"{'{a,b}' * 30}.tar"):
        text = refused(pattern)
        assert "stands for more than 100,000 files" in text
        assert "shards=" in text
    with parse("shards=3"):
        assert "more than 3 files" in refused("{0..3}.tar")
        assert "0.tar does not exist" in refused("{0..2}.tar")
    assert "no file is called so" in refused("{9..0}.tar")


@pytest.mark.parametrize("top", ["shards", "test"])
def test_shards_in_folders_of_their_parts(top: str, tmp_path: Path) -> None:
    """The folder that all of them are in says nothing, whatever it is called."""
    folder = Path(write("shards", tmp_path / top))
    pattern = f"{folder}/{{train,val}}-00000{{0..1}}.tar"
    assert [len(part) for part in open_parts(pattern, holdout=0.0, seed=0)[:2]] == [12, 4]
    assert [len(part) for part in open_parts(str(folder), holdout=0.0, seed=0)[:2]] == [12, 4]
    for part in ("train", "val"):
        (folder / part).mkdir()
        for path in folder.glob(f"{part}-*.tar"):
            path.rename(folder / part / path.name.removeprefix(f"{part}-"))
    for path in (f"{folder}/{{train,val}}/00000{{0..1}}.tar", str(folder)):
        assert [len(part) for part in open_parts(path, holdout=0.0, seed=0)[:2]] == [12, 4]
    assert len(open_data(str(folder / "val"), "train")) == 4


def test_a_label_is_a_name_before_it_is_a_number(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "a.tar", "w") as file:
        for number, label in enumerate(("7", "1", "five")):
            add_member(file, f"{number}.png", png(picture(number)))
            add_member(file, f"{number}.cls", label.encode())
    (tmp_path / "classes.txt").write_text("7\nfive\n")
    source = open_data(str(tmp_path / "a.tar"), "train")
    assert [source.label(index) for index in range(3)] == [0, 1, 1]
    (tmp_path / "classes.txt").write_text("7\none\n")
    assert "has the label `five`, which is none of the 2 classes" in refused(tmp_path / "a.tar")


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        ({"0.png": b"", "0.cls": b"1", "1.png": b""}, "has no label"),
        ({"0.png": b"", "0.mask.png": b"", "0.cls": b"1"}, "has two images"),
    ],
)
def test_samples_that_are_none(members: dict[str, bytes], reason: str, tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "a.tar", "w") as file:
        for name, data in members.items():
            add_member(file, name, data)
    assert reason in refused(tmp_path / "a.tar")


def test_a_test_without_the_last_class(tmp_path: Path) -> None:
    path = Path(write("idx", tmp_path / "idx"))
    labels = path / "t10k-labels-idx1-ubyte"
    labels.write_bytes(labels.read_bytes()[:8] + bytes(4))
    train = open_data(str(path), "train")
    assert open_data(str(path), "test", classes=train.classes).classes == ("0", "1")


def test_images_of_16_bits_have_one_scale(pictures: Path) -> None:
    for path in (pictures / "cat").iterdir():
        path.unlink()
    Image.fromarray(numpy.full((4, 4), 200, numpy.uint16)).save(pictures / "cat" / "0.png")
    Image.fromarray(numpy.full((4, 4), 0.5, numpy.float32)).save(pictures / "cat" / "1.tif")
    source = open_data(str(pictures), "train")
    assert source.image(0).getpixel((0, 0)) == (0, 0, 0)
    with pytest.raises(UnreadableImageError, match="real numbers"):
        source.image(1)
