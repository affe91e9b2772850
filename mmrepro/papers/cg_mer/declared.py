"""CG-MER as its paper declares it: tables without media, to check the paper's own counts."""

from __future__ import annotations

import pandas as pd

from mmrepro.papers.cg_mer.schema import Corpus, validated
from mmrepro.papers.paper import Paper

FACTS = ("sessions", "participants", "women", "men", "hours")


def reported_facts(paper: Paper) -> dict[str, float]:
    """Return the counts that the paper states, from `paper.yml`."""
    return {name: paper.value_of("CG-MER", name) for name in FACTS}


def declared_corpus(facts: dict[str, float]) -> Corpus:
    """Lay the stated counts out as tables: every session seats two people who are in no other one.

    The ids are ours, and so is who sat with whom; the counts are the paper's.

    Raises
    ------
    MMReproError
        When the counts cannot fill such a table: fewer people than seats.
    """
    sessions = [f"s{number:02d}" for number in range(1, int(facts["sessions"]) + 1)]
    people = [f"p{number:02d}" for number in range(1, int(facts["participants"]) + 1)]
    sexes = ["F"] * int(facts["women"]) + ["M"] * int(facts["men"])
    sexes += ["unknown"] * (len(people) - len(sexes))
    seats = pd.DataFrame(
        [
            (session, f"p{2 * number + seat:02d}")
            for number, session in enumerate(sessions)
            for seat in (1, 2)
        ],
        columns=["session", "participant"],
    )
    streams = seats.merge(pd.DataFrame({"modality": ["voice", "face", "gesture"]}), how="cross")
    streams["stream"] = streams["session"] + "." + streams["participant"] + "." + streams["modality"]
    minutes = facts["hours"] * 60 / len(sessions)
    tables = {
        "sessions": pd.DataFrame({"session": sessions, "language": "fr", "minutes": minutes}),
        "participants": pd.DataFrame(
            {"participant": people, "sex": sexes[: len(people)], "age": float("nan")}
        ),
        "streams": streams.assign(rate_hz=float("nan"), seconds=minutes * 60),
    }
    return validated(tables, "CG-MER as declared")


def consistent_counts(corpus: Corpus, facts: dict[str, float]) -> dict[str, bool]:
    """Say which of the paper's counts agree with one another in the declared tables.

    Returns
    -------
    dict
        Statement -> whether it holds: two people a session make the stated number of people; women and
        men make it too; every person appears in exactly one session.
    """
    pairs = corpus.streams[["session", "participant"]].drop_duplicates()
    sexes = corpus.participants["sex"].value_counts()
    known = set(corpus.participants["participant"])
    return {
        "two people a session": 2 * facts["sessions"] == facts["participants"],
        "women and men": int(sexes.get("F", 0)) + int(sexes.get("M", 0)) == facts["women"] + facts["men"]
        and facts["women"] + facts["men"] == facts["participants"],
        "each person in one session": bool((pairs["participant"].value_counts() == 1).all())
        and set(pairs["participant"]) == known,
    }
