"""The command line: ``mmrepro list|claims|doctor|data|run|sweep|cache|build|pdf|export|serve``."""

from __future__ import annotations

import importlib
import sys

import click

from mmrepro.errors import MMReproError, nearest, no_place

# Loaded when used: `mmrepro --help` must not wait for pandas.
_COMMANDS = {
    "list": ("mmrepro.overview:list_chapters", "List the chapters and their committed verdicts."),
    "claims": ("mmrepro.overview:claims", "Show the claims of a chapter and what was found."),
    "doctor": ("mmrepro.doctor:doctor", "Say what is missing here and the command that mends it."),
    "data": ("mmrepro.data.commands:data", "List, fetch, verify and mirror the data sets."),
    "run": ("mmrepro.execution.commands:run", "Execute chapters and write their run records."),
    "sweep": ("mmrepro.execution.sweep_commands:sweep", "Run a chapter over a grid of settings and seeds."),
    "cache": ("mmrepro.execution.cache_commands:cache", "List and drop the runs that are kept."),
    "build": ("mmrepro.book.commands:build", "Execute the chapters and render the book."),
    "pdf": ("mmrepro.book.commands:pdf", "Print the rendered book into one PDF."),
    "export": ("mmrepro.book.export_commands:export", "Write runs and data sets for programs."),
    "serve": ("mmrepro.book.commands:serve", "Serve the rendered book on this machine."),
}


class _LazyGroup(click.Group):
    """A group whose commands are imported when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            raise click.UsageError(f"No command is called {cmd_name!r}: {nearest(cmd_name, _COMMANDS)}")
        module, _, attribute = _COMMANDS[cmd_name][0].partition(":")
        found: click.Command = getattr(importlib.import_module(module), attribute)
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in _COMMANDS.items()])


@click.group(
    cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.version_option(package_name="mmrepro")
def root() -> None:
    """Executable reproductions of multimodal machine-learning papers.

    \b
    Examples:
      mmrepro doctor                             what is missing on this machine
      mmrepro run mosei-fusion                   a smoke run, half a minute
      mmrepro run mosei-fusion --profile cpu --seeds 0..9
      mmrepro claims mosei-fusion                claims and committed verdicts
      mmrepro build --profile smoke              the book, in _build/html
    """


def told_in_one_line(error: MMReproError) -> str:
    """Return the sentence of `error` as a terminal may show it.

    It can quote a key or a name from somebody's file, and with it line breaks and commands to terminals.
    """
    return "".join(letter if letter.isprintable() else " " for letter in str(error))


def main() -> None:
    """Run the command line; a user's mistake ends with one sentence and exit code 2."""
    try:
        root(prog_name="mmrepro")
    except MMReproError as error:
        click.echo(f"mmrepro: {told_in_one_line(error)}", err=True)
        sys.exit(error.exit_code)
    except OSError as error:
        reason = no_place(error)
        if reason is None:
            raise
        click.echo(
            f"mmrepro: Nothing can be written there ({reason}); make room or name another place.", err=True
        )
        sys.exit(MMReproError.exit_code)


if __name__ == "__main__":
    main()
