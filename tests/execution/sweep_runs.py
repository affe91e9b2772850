"""Runs of a sweep without a kernel: the record that a tiny chapter would leave, at once."""

from mmrepro.evidence.record import Metric, seal, write_record
from mmrepro.execution.cache import Entry
from mmrepro.execution.job import ChapterError, Outcome
from mmrepro.execution.parameter import settings_from
from tests.evidence.factory import content

BROKEN_LR = 0.5


def measured(lr, seed):
    """What the tiny chapter finds: systems that depend on lr and seed, and one that does not."""
    found = {"early": 70 + 1000 * lr + seed, "late decision": 60 - seed**2, "majority": 50.0}
    rows = [("accuracy", system, seed, value) for system, value in found.items()]
    return [*rows, ("balanced accuracy", "early", 0, 40.0 + seed)]


def finish(job):
    """Leave the files of a complete run and return its record."""
    settings = settings_from(job.slug, job.parameters)[1]
    (seed,) = settings.seeds
    record = seal(
        content(
            claims=[],
            rows=[
                Metric(dataset=None, system=system, metric=metric, seed=row_seed, value=value)
                for metric, system, row_seed, value in measured(settings.lr, seed)
            ],
            profile=job.parameters["profile"],
            settings=settings.model_dump(mode="json"),
            seeds=[seed],
            code={"commit": None, "dirty": True, "key": Entry.of(job).key},
            data=[],
        )
    )
    job.files.record.parent.mkdir(parents=True, exist_ok=True)
    write_record(record, job.files.record)
    job.files.notebook.write_text("an executed notebook")
    return job.files.complete()


class Runner:
    """Takes the place of `run_jobs` and keeps what it was asked for; lr=0.5 fails."""

    def __init__(self):
        self.jobs, self.options = [], None

    def __call__(self, jobs, *options, **more):
        self.options = (*options, *more.values())
        for job in jobs:
            self.jobs.append(job)
            if job.parameters["overrides"].get("lr") == BROKEN_LR:
                yield Outcome(job, 1.0, error=ChapterError("mosei-fusion, cell 3: no luck."))
            else:
                yield Outcome(job, 1.0, record=finish(job))
