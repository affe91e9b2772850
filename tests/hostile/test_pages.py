"""Notebooks whose outputs or words would act in a reader's browser or while the book is built."""

import nbformat
import pandas as pd
import pytest
from bs4 import BeautifulSoup
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output

from mmrepro.book.soundness import refuse_unsound
from mmrepro.display.table import table
from mmrepro.errors import MMReproError
from mmrepro.execution.job import last_cell
from mmrepro.execution.run import RunFiles
from tests.book.conftest import house  # noqa: F401
from tests.book.specimen import handmade
from tests.book.test_build import built, stub_assets  # noqa: F401

ACTS = {
    "a script": "<script>steal()</script>",
    "a script in capitals": "<ScRiPt src=//evil>",
    "a script within a comment that browsers end": "<!--><script>steal()</script>-->",
    "a script in a declaration": "<![CDATA[><script>steal()</script>]]>",
    "a picture that fails": '<img src="x" onerror="steal()">',
    "a picture without quotes": "<img src=x onerror=steal()>",
    "a picture with slashes": "<img/src=x/onerror=steal()>",
    "a drawing that loads": "<svg onload=steal()></svg>",
    "a tag that the page closes": "<img src=x onerror=steal() ",
    "an event of a known tag": '<div onmouseover="steal()">x</div>',
    "an address that is a script": '<a href="javascript:steal()">x</a>',
    "an address with a tab in it": '<a href="java\tscript:steal()">x</a>',
    "an address in entities": '<a href="&#106;avascript:steal()">x</a>',
    "an address of data": '<a href="data:text/html,<script>steal()</script>">x</a>',
    "another site's picture": '<img src="https://evil/pixel.png">',
    "a picture that is a drawing": '<img src="data:image/svg+xml;base64,AAAA">',
    "a frame": '<iframe srcdoc="<script>steal()</script>"></iframe>',
    "a form": '<form action="https://evil"><button>x</button></form>',
    "an object": '<object data="evil.swf"></object>',
    "another base": '<base href="https://evil/">',
    "a refresh": '<meta http-equiv="refresh" content="0;url=https://evil">',
    "a style sheet": "<style>@import 'https://evil';</style>",
    "a style that loads": '<p style="background:url(https://evil)">x</p>',
    "a style in escapes": '<p style="background:\\75rl(https://evil)">x</p>',
    "an id that hides the page's own": '<p id="search">x</p>',
    "mathematics that act": "<math><mtext><script>steal()</script></mtext></math>",
    "a template": "<template><script>steal()</script></template>",
    "an unknown tag": "<x-steal></x-steal>",
}
READS = ["raw} html", "include} /etc/passwd", "literalinclude} /etc/passwd", "eval-rst}", "csv-table} x"]
SVGS = {
    "a script": "<svg><script>steal()</script></svg>",
    "an event": '<svg onload="steal()"/>',
    "a page within": "<svg><foreignObject><p>x</p></foreignObject></svg>",
    "a link that is a script": '<svg><a xlink:href="javascript:steal()"><text>x</text></a></svg>',
    "another site's picture": '<svg><image xlink:href="https://evil/pixel.png"/></svg>',
    "a change over time": '<svg><set attributeName="onmouseover" to="steal()"/></svg>',
}


def showing(kind, content, **words):
    notebook = handmade()
    made = new_output("display_data", data={kind: content, "text/plain": ""}, metadata={"mmrepro": words})
    notebook.cells.append(new_code_cell("x", execution_count=3, outputs=[made]))
    return notebook


def refused(notebook):
    with pytest.raises(MMReproError) as told:
        refuse_unsound(notebook, "toy-fusion")
    assert "\n" not in str(told.value)
    assert str(told.value).startswith("Chapter toy-fusion")


@pytest.mark.hostile(
    "scripts, events, frames, foreign pictures and open tags in the HTML of outputs, prose and widgets",
    "the chapter is refused and the old book stays",
)
@pytest.mark.parametrize("html", ACTS.values(), ids=ACTS)
def test_html_that_acts_is_refused(html):
    refused(showing("text/html", html))
    refused(showing("text/html", ["<b>x</b>", html]))
    if html.endswith(">"):  # Markdown takes an open tag for text
        for kind in ("text/markdown", "prose", "caption"):
            notebook = showing("text/markdown" if kind == "text/markdown" else "text/plain", f"word {html}")
            if kind == "prose":
                notebook.cells.append(new_markdown_cell(f"# Title\n\n{html}\n"))
            if kind == "caption":
                notebook.cells[-1].outputs[0].metadata.mmrepro = {"alt": "a", "caption": f"word {html}"}
            if not (kind == "text/markdown" and html.startswith("<![")):
                refused_or_text(notebook, html)
    notebook = handmade()
    model = {"model_module": "@jupyter-widgets/controls", "model_name": "HTMLModel", "state": {"value": html}}
    notebook.metadata["widgets"] = {"application/vnd.jupyter.widget-state+json": {"state": {"a": model}}}
    refused(notebook)


def refused_or_text(notebook, html):
    """Markdown shows as text what it does not take for HTML; then no tag of it is left."""
    from markdown_it import MarkdownIt

    shown = MarkdownIt("commonmark").render(html)
    if BeautifulSoup(shown, "html.parser").find(lambda tag: tag.name != "p"):
        refused(notebook)


@pytest.mark.hostile("Markdown that reads files of this machine or hides HTML in a directive", "refused")
@pytest.mark.parametrize("directive", READS)
@pytest.mark.parametrize("fence", ["```", "~~~~", ":::"])
def test_a_directive_that_reads_or_hides_is_refused(directive, fence):
    text = f"Words.\n\n{fence}{{{directive}\n<p>x</p>\n{fence}\n"
    refused(showing("text/markdown", text))
    notebook = handmade()
    notebook.cells.append(new_markdown_cell(text))
    refused(notebook)


@pytest.mark.hostile("drawings with scripts, events or foreign pictures", "refused")
@pytest.mark.parametrize("svg", SVGS.values(), ids=SVGS)
def test_a_drawing_that_acts_is_refused(svg):
    refused(showing("image/svg+xml", svg, alt="a", caption="c"))


@pytest.mark.hostile("outputs of kinds that a browser runs", "refused")
@pytest.mark.parametrize(
    "kind", ["application/javascript", "application/pdf", "application/vnd.vega.v5+json", "text/x-evil"]
)
def test_an_output_of_another_kind_is_refused(kind):
    refused(showing(kind, "steal()"))


EVIL = '"><script>steal()</script><img src=x onerror=steal()>'


@pytest.mark.hostile(
    "data with scripts, directives and templates in tables, prints and plots, all the way into a built page",
    "shown as text: no script, event or template of theirs is in the page",
)
@pytest.mark.notebook
def test_data_that_act_are_text_in_the_page(house, stub_assets, tmp_path):  # noqa: F811
    trace = tmp_path / "trace"
    template = f"{{{{ cycler.__init__.__globals__.os.system('touch {trace}') }}}}"
    frame = pd.DataFrame({EVIL: [EVIL, template]}, index=["a", EVIL])
    plot = {"data": [{"x": [1], "name": EVIL + "</script>"}], "layout": {"title": {"text": EVIL}}}
    notebook = handmade()
    notebook.cells[2].outputs[0].data["application/vnd.plotly.v1+json"] = plot
    notebook.cells[2].outputs[0].metadata["mmrepro"]["alt"] = EVIL
    notebook.cells.append(new_markdown_cell(f"Words with {template} in them."))
    outputs = [
        new_output("display_data", data={"text/html": table(frame, caption=EVIL).data, "text/plain": EVIL}),
        new_output("stream", name="stdout", text=f"{EVIL}\n```{{raw}} html\n{EVIL}\n```\n{template}"),
        new_output("execute_result", data={"text/plain": EVIL}, execution_count=9),
    ]
    notebook.cells.append(new_code_cell("shown()", execution_count=9, outputs=outputs))
    house.keep_run(notebook)
    house.commit_record()
    (house.root / "_toc.yml").write_text("format: jb-book\nroot: 01_toy_fusion\n")
    page = BeautifulSoup((built(house).parent / "01_toy_fusion.html").read_text(), "html.parser")
    article = page.find("article")
    assert not [tag for tag in article.find_all(True) if any(name.startswith("on") for name in tag.attrs)]
    scripts = [tag for tag in page.find_all("script") if "steal()" in tag.get_text()]
    assert [tag["type"] for tag in scripts] == ["application/vnd.plotly.v1+json"]  # data for a plot
    assert not page.find_all(src="x")
    assert "steal()" in article.get_text()
    assert not trace.exists()


@pytest.mark.hostile("a notebook with an output of twenty megabytes", "read back whole, as it was")
def test_a_huge_output_comes_back(tmp_path):
    notebook = handmade()
    notebook.cells[1].outputs.append(new_output("stream", name="stdout", text="x" * 20_000_000))
    refuse_unsound(notebook, "toy-fusion")
    path = tmp_path / "a.ipynb"
    nbformat.write(notebook, path)
    assert last_cell(path) == "before the first cell"


@pytest.mark.hostile("a notebook that was cut off or is none", "no complete run, in a sentence")
@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff\xfe", b'{"cells": 3}'])
def test_a_spoilt_notebook_is_no_run(house, content):  # noqa: F811
    files = house.keep_run(handmade())
    files.notebook.write_bytes(content)
    with pytest.raises(MMReproError, match="was changed after the run"):
        RunFiles.of("toy-fusion", "cpu", house.runs).read()


def test_a_harmless_page_stays_as_it_is():
    html = (
        '<div class="mm-scroll"><table border="1"><tr style="text-align: left;"><td>&lt;b</td></tr></table>'
        '<a href="https://arxiv.org/abs/2501.00001">x</a> <a href="page.html#there">y</a>'
        '<img src="data:image/png;base64,AAAA" alt="a" width="3"><mark style="color:#0072B2">z</mark></div>'
    )
    refuse_unsound(showing("text/html", html), "toy-fusion")
    refuse_unsound(
        showing("text/markdown", "a $x < y$ `<b>`\n\n<details><summary>H</summary>\n\nx\n\n</details>"), "x"
    )
