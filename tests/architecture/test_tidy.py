from pathlib import PurePosixPath

import pytest

from tools import tidy

DECISION = "# 1. Title\n\n## Context\n\n## Decision\n\n## Consequences\n\n## Revisit when\n"


def sentences(path: str, text: str) -> list[str]:
    return [sentence for _, sentence in tidy.faults_of(PurePosixPath(path), text)]


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("sdk/a.py", "# See issue 3.\nx = 1\n"),
        ("sdk/a.py", "# TODO(#12) accept more\n"),
        ("sdk/a.py", "url = 'http://127.0.0.1/v1/jobs'\nproc = '/proc/self/status'\n"),
        ("docs/a.md", "# One\n\n```\n# a comment\n```\n"),
        ("docs/adr/0001-a-title.md", DECISION),
        ("locks/asr.txt", "numpy==2.4.6 \\\n    --hash=sha256:00\n"),
        ("protos/brickwork/common/v1/common.proto", "// Shared.\n"),
    ],
)
def test_a_tidy_file_has_no_faults(path: str, text: str) -> None:
    assert sentences(path, text) == []


@pytest.mark.parametrize(
    ("path", "text", "fault"),
    [
        ("Makefile", "pip install --" + "index-url x", "names an index or a download address"),
        ("a.json", '"resolved": "' + "http:", "names an index or a download address"),
        ("locks/a.txt", "a @ file:a.whl", "names an index or a download address"),
        ("sdk/a.py", "open('/" + "home/ana/x')", "names an absolute path of one machine"),
        ("sdk/a.py", "# TO" + "DO later", "leaves work to nobody: name the issue, as in (#12)"),
        ("docs/a.md", "# One\n\n# Two\n", "has 2 titles instead of one"),
        ("docs/a.md", "no title\n", "has 0 titles instead of one"),
        ("docs/adr/0001-a.md", DECISION + "\n" * 60, "is longer than 60 lines"),
        ("docs/adr/0001-a.md", DECISION.replace("Context", "Why"), "lacks the section Context"),
        ("docs/adr/a.md", DECISION, "is not named NNNN-title.md"),
        ("sdk/README.md", "# One\n" + "\n" * 60, "is longer than 60 lines"),
        ("README.md", "# One\n" + "\n" * 120, "is longer than 120 lines"),
        (
            "sdk/src/utils.py",
            "",
            "is called utils, which says nothing about what it holds",
        ),
    ],
)
def test_each_rule_names_its_fault(path: str, text: str, fault: str) -> None:
    assert sentences(path, text) == [fault]


def test_a_fault_carries_its_line() -> None:
    faults = tidy.faults_of(PurePosixPath("a.py"), "x = 1\n# FIX" + "ME\n")
    assert [number for number, _ in faults] == [2]
