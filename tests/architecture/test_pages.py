import re

import click

from brickwork_cli.__main__ import brickwork
from tools.tidy import ROOT, tracked

PAGES = [ROOT / path for path in tracked() if path.suffix == ".md" and (ROOT / path).is_file()]

LINK = re.compile(r"\]\((?!https?:)([^)#\s]+)")
COMMAND = re.compile(r"^ *\.venv/bin/brickwork (.*)$", re.MULTILINE)
NAMED_TEST = re.compile(r"`(test_\w+)`")


def test_every_link_to_another_page_leads_somewhere() -> None:
    for page in PAGES:
        for target in LINK.findall(page.read_text()):
            assert (page.parent / target).exists(), f"{page.name} leads to {target}"


def test_every_command_of_the_handle_has_the_options_that_a_page_names() -> None:
    lines = [line for page in PAGES for line in COMMAND.findall(page.read_text())]
    assert lines
    for line in lines:
        found: click.Command = brickwork
        for word in line.split():
            # A group may be called without a command of it, and what follows is no command then.
            if not isinstance(found, click.Group) or word.startswith(("-", "#")):
                break
            command = found.get_command(click.Context(found), word)
            assert command is not None, f"brickwork {line}"
            found = command
        known = {name for parameter in found.params for name in parameter.opts}
        assert set(re.findall(r"--[a-z-]+", line)) <= known, f"brickwork {line}"


def test_every_test_that_a_page_names_is_there() -> None:
    named = {name for page in PAGES for name in NAMED_TEST.findall(page.read_text())}
    sources = [ROOT / path for path in tracked() if path.name.startswith("test_")]
    there = {
        name
        for path in sources
        if path.is_file()
        for name in re.findall(r"def (test_\w+)", path.read_text())
    }
    assert named
    assert named <= there, sorted(named - there)
