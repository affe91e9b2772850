import base64

from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from mmrepro.book.cover import Cover, find_cover

SVG, PNG = "<svg/>", b"\x89PNG"


def cell(tags, **data):
    kinds = {"svg": "image/svg+xml", "png": "image/png", "text": "text/plain"}
    shown = new_output(
        "display_data",
        {kinds[name]: value for name, value in data.items()},
        metadata={"mmrepro": {"alt": "A line."}},
    )
    return new_code_cell("show(figure)", metadata={"tags": tags}, outputs=[shown])


def test_the_tagged_figure_is_the_cover():
    notebook = new_notebook(
        cells=[new_markdown_cell("# Title"), cell([], svg="<svg>other</svg>"), cell(["cover"], svg=SVG)]
    )
    assert find_cover(notebook) == Cover(SVG.encode(), "svg", "A line.")


def test_pictures_in_base64_are_decoded():
    notebook = new_notebook(cells=[cell(["hide-input", "cover"], png=base64.b64encode(PNG).decode())])
    assert find_cover(notebook) == Cover(PNG, "png", "A line.")


def test_without_a_tagged_figure_there_is_no_cover():
    assert find_cover(new_notebook(cells=[cell([], svg=SVG)])) is None
    assert find_cover(new_notebook(cells=[cell(["cover"], text="no figure today")])) is None


def test_a_cover_is_written_under_the_chapters_name(tmp_path):
    assert Cover(PNG, "png", "A line.").write(tmp_path, "toy") == "covers/toy.png"
    assert (tmp_path / "covers" / "toy.png").read_bytes() == PNG
