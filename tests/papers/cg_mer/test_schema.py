import pandas as pd
import pytest

from mmrepro.data.store import DataUnavailableError, fetch
from mmrepro.errors import MMReproError
from mmrepro.papers.cg_mer import declared, local, schema
from mmrepro.papers.paper import load_paper

FACTS = {"sessions": 10, "participants": 20, "women": 9, "men": 11, "hours": 10}


def tables(**changed):
    good = {
        "sessions": pd.DataFrame({"session": ["s1"], "language": "fr", "minutes": 60.0}),
        "participants": pd.DataFrame({"participant": ["p1"], "sex": "F", "age": 30.0}),
        "streams": pd.DataFrame(
            {"stream": ["v"], "session": "s1", "participant": "p1", "modality": "voice", "rate_hz": 16000.0,
             "seconds": 3.0}
        ),
        "segments": pd.DataFrame(
            {"segment": ["v.0"], "stream": "v", "tier": "turn", "start_s": 0.0, "end_s": 1.0, "label": "joy"}
        ),
        "annotations": pd.DataFrame(
            {"stream": ["v"], "viewpoint": "self", "label": "joy", "votes": 1}
        ),
    }  # fmt: skip
    for name, change in changed.items():
        good[name] = good[name].assign(**change) if isinstance(change, dict) else change
    return good


def test_good_tables_pass_and_left_out_ones_are_empty():
    corpus = schema.validated(tables(), "test")
    assert corpus.sizes() == dict.fromkeys(schema.SCHEMAS, 1)
    few = {name: frame for name, frame in tables().items() if name not in ("segments", "annotations")}
    assert schema.validated(few, "test").sizes()["annotations"] == 0


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"streams": {"participant": "p9"}}, r"streams\.participant names 'p9', which participants does not"),
        ({"streams": {"session": "s9"}}, r"streams\.session names 's9'"),
        ({"segments": {"stream": "w"}}, r"segments\.stream names 'w', which streams does not have \(1 row"),
        ({"annotations": {"stream": "w"}}, r"annotations\.stream names 'w'"),
        ({"segments": {"end_s": 0.0}}, "segments breaks the rule 'a segment ends after it starts'"),
        ({"participants": {"age": 300.0}}, r"participants\.age breaks the rule .* \(it is .*300"),
        ({"participants": {"sex": "w"}}, r"participants\.sex breaks"),
        ({"annotations": {"votes": 0}}, r"annotations\.votes breaks"),
        ({"annotations": {"viewpoint": "camera"}}, r"annotations\.viewpoint breaks"),
        ({"sessions": tables()["sessions"].drop(columns="language")}, "sessions lacks the column 'language'"),
        ({"sessions": {"mood": "good"}}, "sessions has the unknown column 'mood'"),
        ({"sessions": pd.concat([tables()["sessions"]] * 2)}, r"sessions\.session breaks the rule"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(changed, sentence):
    with pytest.raises(MMReproError, match=sentence):
        schema.validated(tables(**changed), "test")


def test_the_papers_counts_agree():
    facts = declared.reported_facts(load_paper("cg-mer"))
    assert facts == FACTS
    corpus = declared.declared_corpus(facts)
    assert corpus.sizes()["streams"] == 60
    assert all(declared.consistent_counts(corpus, facts).values())


@pytest.mark.parametrize(
    ("changed", "contradicted"),
    [
        ({"women": 8}, {"women and men"}),
        ({"participants": 22}, {"two people a session", "women and men", "each person in one session"}),
        ({"sessions": 9}, {"two people a session", "each person in one session"}),
    ],
)
def test_counts_that_contradict_one_another_are_found(changed, contradicted):
    facts = {**FACTS, **changed}
    found = declared.consistent_counts(declared.declared_corpus(facts), facts)
    assert {statement for statement, holds in found.items() if not holds} == contradicted


def test_more_seats_than_people_are_refused():
    with pytest.raises(MMReproError, match="names 'p20', which participants does not have"):
        declared.declared_corpus({**FACTS, "participants": 19})


def test_without_the_corpus_one_sentence_says_what_to_set():
    with pytest.raises(DataUnavailableError, match="set MMREPRO_CGMER to the path of your copy"):
        fetch("cg-mer", "cgmer_local")


@pytest.fixture
def held(tmp_path, monkeypatch):
    """Lay out a copy of the corpus, and return its folder."""
    home = tmp_path / "corpus"
    home.mkdir()
    for name, frame in tables().items():
        frame.to_csv(home / f"{name}.csv", index=False)
    monkeypatch.setenv("MMREPRO_CGMER", str(home / "sessions.csv"))
    monkeypatch.setenv("MMREPRO_DATA", str(tmp_path / "data"))
    return home


def test_a_reader_who_holds_the_corpus_gets_it_validated(held):
    source = fetch("cg-mer", "cgmer_local")
    assert source.tier == "paper"
    assert local.load_local(source).sizes() == dict.fromkeys(schema.SCHEMAS, 1)


def test_leading_zeros_of_ids_survive(held):
    frames = tables(participants={"participant": "007"}, streams={"participant": "007"})
    for name in ("participants", "streams"):
        frames[name].to_csv(held / f"{name}.csv", index=False)
    corpus = local.load_local(fetch("cg-mer", "cgmer_local"))
    assert corpus.participants["participant"].tolist() == ["007"]


def test_a_copy_with_a_table_missing_or_wrong_is_refused(held):
    (held / "annotations.csv").unlink()
    assert local.load_local(fetch("cg-mer", "cgmer_local")).sizes()["annotations"] == 0
    tables(streams={"participant": "p9"})["streams"].to_csv(held / "streams.csv", index=False)
    with pytest.raises(MMReproError, match="names 'p9'"):
        local.load_local(fetch("cg-mer", "cgmer_local"))
    (held / "streams.csv").unlink()
    with pytest.raises(MMReproError, match=r"holds no streams\.csv"):
        local.load_local(fetch("cg-mer", "cgmer_local"))


def test_a_path_that_does_not_exist_is_said(monkeypatch, tmp_path):
    monkeypatch.setenv("MMREPRO_CGMER", str(tmp_path / "nowhere" / "sessions.csv"))
    with pytest.raises(MMReproError, match=r"MMREPRO_CGMER names .* not a file"):
        fetch("cg-mer", "cgmer_local")
