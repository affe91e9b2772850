"""Commands of the book: `mmrepro build`, `mmrepro pdf` and `mmrepro serve`."""

from __future__ import annotations

import errno
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import click

from mmrepro import project
from mmrepro.errors import MMReproError

HOST = "127.0.0.1"


@click.command()
@click.option("--profile", default="smoke", show_default=True, help="smoke, cpu or gpu.")
@click.option(
    "--jobs", type=click.IntRange(1), help="Chapters at a time; by default what cores and memory allow."
)
def build(profile: str, jobs: int | None) -> None:
    """Execute the chapters that have changed and render the book into _build/html.

    \b
    Examples:
      mmrepro build
      mmrepro build --profile cpu
    """
    from mmrepro.book.build import build_book
    from mmrepro.execution.commands import execute
    from mmrepro.papers.paper import paper_slugs

    execute(paper_slugs(), {"profile": profile}, project.runs_dir(), workers=jobs)
    click.echo(f"The book is at {build_book(profile)}; `mmrepro serve` shows it in a browser.")


@click.command()
def pdf() -> None:
    """Print the built book into _build/mmrepro.pdf, with tags and an outline.

    \b
    Example:
      mmrepro build && mmrepro pdf
    """
    from mmrepro.book.pdf import print_book

    click.echo(f"The book is at {print_book(project.root() / '_build')}.")


@click.command()
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="0 takes a free one."
)
def serve(port: int) -> None:
    """Serve the built book to this machine's browser, until Ctrl-C.

    \b
    Example:
      mmrepro serve --port 8080
    """
    with book_server(project.root() / "_build" / "html", port) as server:
        click.echo(f"The book is at http://{HOST}:{server.server_port}/ (Ctrl-C stops).")
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            click.echo()


def book_server(folder: Path, port: int) -> ThreadingHTTPServer:
    """Return a server of the pages in `folder`, bound to this machine only.

    Raises
    ------
    MMReproError
        When the book is not built or the port is taken.
    """
    if not (folder / "index.html").is_file():
        raise MMReproError(f"No book in {folder}; build it with `mmrepro build`.")
    try:
        return ThreadingHTTPServer((HOST, port), partial(SimpleHTTPRequestHandler, directory=str(folder)))
    except OSError as error:
        if error.errno not in (errno.EADDRINUSE, errno.EACCES):
            raise
        raise MMReproError(
            f"Port {port} is taken; choose another with `--port`, or 0 for a free one."
        ) from None
