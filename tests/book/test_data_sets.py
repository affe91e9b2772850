from mmrepro.book.data_sets import data_markdown, needs_markdown
from mmrepro.data.manifest import Manifest, load_manifest
from mmrepro.papers.paper import load_paper, paper_slugs

from .specimen import PAPER

MANIFEST = Manifest.model_validate(
    {
        "slug": PAPER.slug,
        "datasets": {
            "clips": {
                "title": "Clips | cuts",
                "citation": "Doe. Clips. 2020.",
                "licence": "CC-BY-4.0",
                "licence_note": "Not the\n music.",
                "access": "gated",
                "tier": "paper",
                "description": "Two files.",
                "gate": {"accept": "the terms", "where": "https://example.org/terms", "variable": "TOKEN"},
                "files": [
                    {"path": "clips/a.csv", "sha256": "0" * 64, "bytes": 1_000_000, "sources": [source]}
                    for source in [{"url": "https://example.org/a.csv"}]
                ],
            },
        },
    }
)


def test_licence_access_tier_and_size_stand_in_a_row():
    text = data_markdown([PAPER], {PAPER.slug: MANIFEST})
    row = "| **Clips \\| cuts** (`clips`) | CC-BY-4.0 | gated: [accept the terms](https://example.org/terms) "
    assert f"{row}| paper | 1.0 MB |" in text
    assert "`clips`\n: Two files.\n\n  Doe. Clips. 2020. *Not the music.*" in text


def test_every_data_set_of_every_chapter_is_told_in_the_order_of_the_book():
    papers = [load_paper(slug) for slug in reversed(paper_slugs())]
    manifests = {paper.slug: load_manifest(paper.slug) for paper in papers}
    text = data_markdown(papers, manifests)
    places = [text.index(f"## {number}. ") for number in range(1, len(papers) + 1)]
    assert places == sorted(places)
    for manifest in manifests.values():
        for name, entry in manifest.datasets.items():
            assert f"(`{name}`) | {entry.licence} |" in text
            assert f"\n`{name}`\n: " in text


def test_what_the_reader_supplies_is_told_with_its_variable_and_how_to_get_it():
    papers = [load_paper(slug) for slug in reversed(paper_slugs())]
    manifests = {paper.slug: load_manifest(paper.slug) for paper in papers}
    rows = [line for line in needs_markdown(papers, manifests).splitlines() if "| `MMREPRO_" in line]
    supplied = [entry for each in manifests.values() for entry in each.datasets.values() if entry.variable]
    assert len(rows) == len(supplied)
    assert rows[0].startswith("| 1 | ") and rows[-1].startswith(f"| {len(papers)} | ")
    (bert,) = (row for row in rows if "`MMREPRO_BERT`" in row)
    assert "`mmrepro data weights trimod-mner/bert` from [google-bert/bert-base-cased](https://hugg" in bert
    (coco,) = (row for row in rows if "`MMREPRO_COCO`" in row)
    assert coco == "| 5 | COCO 2017, objects with boxes | CC-BY-4.0 | `MMREPRO_COCO` | [by hand](data.md) |"


def test_a_book_whose_data_can_all_be_fetched_says_so():
    assert needs_markdown([PAPER], {PAPER.slug: MANIFEST}) == "Nothing."
