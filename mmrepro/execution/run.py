"""One run of one chapter on this machine: its files, and whether they are whole and unchanged."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from mmrepro.errors import MMReproError
from mmrepro.evidence.record import RunRecord, read_record
from mmrepro.files import sha256_file, write_atomic
from mmrepro.project import runs_dir

if TYPE_CHECKING:
    from nbformat import NotebookNode


class Marker(BaseModel):
    """Written last, when a run came to its end: papermill calls the cell of a dead kernel completed."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    status: Literal["complete"] = "complete"
    key: str
    notebook_sha256: str
    record_sha256: str


@dataclass(frozen=True)
class RunFiles:
    """Where a run keeps its executed notebook, its record and its completion marker."""

    notebook: Path
    record: Path
    marker: Path

    @classmethod
    def of(cls, slug: str, profile: str, folder: Path | None = None) -> RunFiles:
        """Name the files of `slug` at `profile` below `folder` (default: the project's runs)."""
        base = (folder or runs_dir()) / profile
        return cls(base / f"{slug}.ipynb", base / f"{slug}.json", base / f"{slug}.run.json")

    def clear(self) -> None:
        """Forget that a run was complete, before another one starts in its place."""
        self.marker.unlink(missing_ok=True)
        self.record.unlink(missing_ok=True)

    def complete(self) -> RunRecord:
        """Mark the run as complete and return its record."""
        record = read_record(self.record)
        marker = Marker(
            key=record.code.key,
            notebook_sha256=sha256_file(self.notebook),
            record_sha256=sha256_file(self.record),
        )
        write_atomic(self.marker, marker.model_dump_json(indent=1) + "\n")
        return record

    def read(self) -> tuple[NotebookNode, RunRecord]:
        """Return the executed notebook and its record.

        Raises
        ------
        MMReproError
            When the run is missing or not complete, or a file of it was changed afterwards.
        """
        import nbformat

        again = f"run it again with `mmrepro run {self.record.stem} --profile {self.record.parent.name}`."
        try:
            marker = Marker.model_validate_json(self.marker.read_bytes())
        except (FileNotFoundError, ValidationError):
            raise MMReproError(
                f"No complete run of {self.record.stem} in {self.record.parent}; {again}"
            ) from None
        for path, wanted in ((self.notebook, marker.notebook_sha256), (self.record, marker.record_sha256)):
            if not path.is_file() or sha256_file(path) != wanted:
                raise MMReproError(f"{path} was changed after the run or is missing; {again}")
        return nbformat.read(self.notebook, as_version=4), read_record(self.record)
