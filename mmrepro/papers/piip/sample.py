"""Generated stand-ins in the layout of the real files: they show that the code works, and no more."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from mmrepro.papers.piip.cells import CLASSES, SPLITS

_SIZE = (480, 640)
_COUNTS = {"train": 24, "val": 8, "test": 12}
# Radius and colour of each class: as in the real images, size tells most.
_LOOKS = {"RBC": (50, (205, 130, 120)), "WBC": (92, (95, 60, 150)), "Platelets": (19, (120, 80, 170))}
_SHAPES = ("disc", "square", "stripes")


def write_bccd(folder: Path) -> None:
    """Write discs of three sizes with Pascal VOC annotations; one box has no area, as two real ones."""
    for name in ("Annotations", "JPEGImages", "ImageSets/Main"):
        (folder / name).mkdir(parents=True)
    rng, number = np.random.default_rng(5), 0
    for split in SPLITS:
        names = []
        for _ in range(_COUNTS[split]):
            names.append(f"BloodImage_{number:05d}")
            _write_cells(folder, names[-1], rng, degenerate=number == 3)
            number += 1
        (folder / f"ImageSets/Main/{split}.txt").write_text("\n".join(names) + "\n")


def _write_cells(folder: Path, name: str, rng: np.random.Generator, degenerate: bool) -> None:
    height, width = _SIZE
    image = Image.new("RGB", (width, height), (235, 220, 215))
    pen, objects = ImageDraw.Draw(image), list[str]()
    for kind in ("WBC", *["RBC"] * 7, *["Platelets"] * 2):
        radius, colour = _LOOKS[kind]
        radius = int(radius * rng.uniform(0.85, 1.15))
        across, down = (int(rng.integers(radius + 1, side - radius - 1)) for side in (width, height))
        box = (across - radius, down - radius, across + radius, down + radius)
        pen.ellipse(box, fill=colour)
        objects.append(_object(kind, box))
    if degenerate:
        objects.append(_object("RBC", (0, 0, 0, 0)))
    image.save(folder / f"JPEGImages/{name}.jpg", quality=85)
    size = f"<size><width>{width}</width><height>{height}</height><depth>3</depth></size>"
    xml = f"<annotation>{size}{''.join(objects)}</annotation>"
    (folder / f"Annotations/{name}.xml").write_text(xml, encoding="utf-8")


def _object(kind: str, box: tuple[int, int, int, int]) -> str:
    assert kind in CLASSES
    edges = zip(("xmin", "ymin", "xmax", "ymax"), box, strict=True)
    corners = "".join(f"<{edge}>{value}</{edge}>" for edge, value in edges)
    return f"<object><name>{kind}</name><bndbox>{corners}</bndbox></object>"


def write_ucmerced(folder: Path) -> None:
    """Write three classes of simple shapes, one folder a class."""
    rng = np.random.default_rng(6)
    for split, count in (("train", 8), ("test", 4)):
        for kind in _SHAPES:
            (folder / split / kind).mkdir(parents=True)
            for number in range(count):
                _scene(kind, rng).save(folder / split / kind / f"{kind}{number:02d}.jpg", quality=85)


def _scene(kind: str, rng: np.random.Generator) -> Image.Image:
    ground = tuple(int(value) for value in rng.integers(60, 120, 3))
    image = Image.new("RGB", (256, 256), ground)
    pen, paint = ImageDraw.Draw(image), tuple(int(value) for value in rng.integers(150, 250, 3))
    left, top = (int(value) for value in rng.integers(20, 120, 2))
    if kind == "disc":
        pen.ellipse((left, top, left + 100, top + 100), fill=paint)
    elif kind == "square":
        pen.rectangle((left, top, left + 100, top + 100), fill=paint)
    else:
        for stripe in range(0, 256, 32):
            pen.rectangle((stripe, 0, stripe + 12, 256), fill=paint)
    return image


SAMPLES: dict[str, Callable[[Path], None]] = {"bccd": write_bccd, "ucmerced": write_ucmerced}
