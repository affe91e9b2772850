from types import SimpleNamespace

from docutils import nodes
from docutils.utils import new_document

from mmrepro.book.extension import add_page_assets, mend_roles, setup
from mmrepro.book.mime import PLOTLY_CLASS


class App:
    """The part of Sphinx's application that the extension uses."""

    def __init__(self):
        self.added, self.connected = [], []

    def add_js_file(self, name, priority=500, body=None):
        self.added.append((priority, name or body))

    def connect(self, event, callback, priority):
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
    assert app.connected == [("html-page-context", 900)] * 2


def test_a_bibliography_is_no_list_without_items():
    context = {
        "body": '<div role="list" class="citation-list"><div class="citation">x</div></div><ul role="list">'
    }
    mend_roles(App(), "page", "page.html", context, None)
    assert context["body"] == '<div class="citation-list"><div class="citation">x</div></div><ul role="list">'
    mend_roles(App(), "search", "search.html", without_body := {}, None)
    assert without_body == {}
