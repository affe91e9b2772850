from types import SimpleNamespace

from docutils import nodes
from docutils.utils import new_document

from mmrepro.book.extension import add_page_assets, mend_roles, setup, show_definitions
from mmrepro.book.mime import PLOTLY_CLASS


class App:
    """The part of Sphinx's application that the extension uses."""

    def __init__(self):
        self.added, self.connected = [], []

    def add_js_file(self, name, priority=500, body=None):
        self.added.append((priority, name or body))

    def connect(self, event, callback, priority=500):
        self.connected.append((event, priority))


def added(script_files, doctree):
    app = App()
    context = {"script_files": script_files, "pathto": lambda name, resource: f"../{name}"}
    add_page_assets(app, "page", "page.html", context, doctree)
    return app.added, context["script_files"]


def test_a_plain_page_gets_nothing():
    assert added(["doctools.js"], new_document("page")) == ([], ["doctools.js"])


def test_plotly_comes_before_all_others():
    document = new_document("page")
    document += nodes.raw("", "<div></div>", format="html", classes=[PLOTLY_CLASS])
    scripts, _ = added([], document)
    assert [name for priority, name in sorted(scripts)] == ["vendor/plotly.min.js", "figures.js"]
    assert max(priority for priority, _ in scripts) < 500


def test_a_page_with_widgets_finds_its_fonts():
    widget = SimpleNamespace(filename="_static/vendor/embed-amd.js", attributes={})
    ((_, body),), _ = added([widget], new_document("page"))
    assert '"@jupyter-widgets/html-manager/dist": "../_static/vendor"' in body


def test_the_live_kernel_client_is_dropped():
    client = SimpleNamespace(filename="_static/sphinx-thebe.js", attributes={})
    address = SimpleNamespace(filename=None, attributes={"body": 'const THEBE_JS_URL = "https://a"'})
    assert added([client, address, "doctools.js"], None) == ([], ["doctools.js"])


def test_it_registers_after_the_others():
    app = App()
    assert setup(app) == {"parallel_read_safe": True, "parallel_write_safe": True}
    assert ("html-page-context", 900) in app.connected
    assert "doctree-resolved" in dict(app.connected)


def test_a_bibliography_is_no_list_without_items():
    context = {
        "body": '<div role="list" class="citation-list"><div class="citation">x</div></div><ul role="list">'
    }
    mend_roles(App(), "page", "page.html", context, None)
    assert context["body"] == '<div class="citation-list"><div class="citation">x</div></div><ul role="list">'
    context = {"body": '<dl>\n<dd><em class="sig-param">x</em></dd></dl><dl>\n<dt>a</dt></dl>'}
    mend_roles(App(), "page", "page.html", context, None)
    assert context["body"].startswith('<dl role="presentation">')
    assert context["body"].endswith("<dl>\n<dt>a</dt></dl>")
    mend_roles(App(), "search", "search.html", without_body := {}, None)
    assert without_body == {}


def glossary():
    """A page with one term: a definition of two paragraphs, the first with emphasis over two lines."""
    term = nodes.term("", "tier", ids=["term-tier"])
    first = nodes.paragraph("", "", nodes.Text("How "), nodes.emphasis("", "near"), nodes.Text("\nit is."))
    definition = nodes.definition("", first, nodes.paragraph("", "See elsewhere."))
    document = new_document("glossary")
    document += nodes.definition_list("", nodes.definition_list_item("", term, definition))
    return document


def reference_to(kind, **target):
    return nodes.reference("", "", nodes.inline("", "a word", classes=["xref", "std", kind]), **target)


def told(*references):
    objects = {("term", "tier"): ("glossary", "term-tier"), ("label", "tier"): ("verdicts", "term-tier")}
    env = SimpleNamespace(
        domaindata={"std": {"objects": objects}}, get_doctree=lambda page: {"glossary": glossary()}[page]
    )
    document = new_document("page")
    document += nodes.paragraph("", "", *references)
    show_definitions(SimpleNamespace(env=env), document, "page")
    return [reference.get("reftitle") for reference in references]


def test_a_term_tells_its_definition_from_any_page():
    away, here = (
        reference_to("std-term", refuri="glossary.html#term-tier"),
        reference_to("std-term", refid="term-tier"),
    )
    assert told(away, here) == ["How near it is."] * 2


def test_other_references_are_left_alone():
    other = reference_to("std-ref", refuri="glossary.html#term-tier")
    outside = nodes.reference("", "a word", refuri="https://example.org/#term-tier")
    assert told(other, outside, reference_to("std-term", refuri="page.html#elsewhere")) == [None] * 3
