"""Blood cells with boxes (BCCD): the Pascal VOC files of the data set, read strictly."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from pathlib import Path

import numpy as np

from mmrepro.data.local import LocalData
from mmrepro.errors import MMReproError, nearest
from mmrepro.papers.piip.boxes import Annotation, Boxes, checked

# As the files spell them -> as this chapter calls them, in the order of their labels.
CLASSES = {"RBC": "red cells", "WBC": "white cells", "Platelets": "platelets"}
SPLITS = ("train", "val", "test")
_CORNERS = ("xmin", "ymin", "xmax", "ymax")


def read_annotation(xml: Path, images: Path, drop_degenerate: bool = False) -> Annotation:
    """Read one annotation; an image without any cell is allowed.

    Parameters
    ----------
    drop_degenerate
        Whether to leave out boxes without area, of which the real data has two, and count them.

    Raises
    ------
    MMReproError
        For a file that is no XML, an annotation without its image, an unknown class, a box
        without area (unless dropped), or one that leaves the image.
    """
    try:
        root = ElementTree.parse(xml).getroot()
        size = int(root.findtext("size/height", "")), int(root.findtext("size/width", ""))
        found = [
            (each.findtext("name", ""), [float(each.findtext(f"bndbox/{edge}", "")) for edge in _CORNERS])
            for each in root.iter("object")
        ]
    except (ElementTree.ParseError, ValueError):
        raise MMReproError(
            f"{xml.name} is not a Pascal VOC annotation with a size and numeric boxes."
        ) from None
    image = images / f"{xml.stem}.jpg"
    if not image.is_file():
        raise MMReproError(f"{xml.name} annotates {image.name}, which is not in {images}.")
    for kind, _ in found:
        if kind not in CLASSES:
            raise MMReproError(f"{xml.name} has a box of the class {kind!r}: {nearest(kind, CLASSES)}")
    corners = np.array([box for _, box in found], dtype=np.float32).reshape(-1, 4)
    labels = np.array([list(CLASSES).index(kind) for kind, _ in found], dtype=np.int64)
    kept = checked(corners, size, xml.name, drop_degenerate)
    return Annotation(xml.stem, image, size, Boxes(corners[kept], labels[kept]), int((~kept).sum()))


def load_cells(data: LocalData, split: str) -> list[Annotation]:
    """Read the annotations of ``train``, ``val`` or ``test``, degenerate boxes left out."""
    listed = data.path(f"ImageSets/Main/{split}.txt").read_text(encoding="utf-8").split()
    xml, images = data.folder / "Annotations", data.folder / "JPEGImages"
    return [read_annotation(xml / f"{name}.xml", images, drop_degenerate=True) for name in listed]
