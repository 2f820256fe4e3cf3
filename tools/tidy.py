"""Check facts about the repository that no other tool knows.

A rule takes the path of a file and its text, and yields what is wrong as
(line number, sentence). Lengths of code are habits and have no rule.
"""

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).resolve().parent.parent

Fault = tuple[int, str]
Rule = Callable[[PurePosixPath, str], Iterator[Fault]]

GENERATED = PurePosixPath("protos/python")
ADR_SECTIONS = ("Context", "Decision", "Consequences", "Revisit when")
ADR_LINES_MAX = 60
README_LINES_MAX = 60
ROOT_README_LINES_MAX = 120  # two screens
NAMELESS_MODULES = {"base", "common", "helper", "helpers", "manager", "misc", "util", "utils"}

ADDRESS_IN_LOCK = re.compile(r"https?:|file:|^-|@ ")
ADDRESS = re.compile(
    r"(?<![\w-])--(?:extra-)?index-url|(?<![\w-])--find-link[s]"
    r"|https?://[^/\s]*(?:pypi|pythonhosted|npmjs|huggingface|hf\.co)"
    r'|"resolved": *"http'
)
MACHINE_PATH = re.compile(r"(?<![\w.~$}/:-])/(?:home|root|work|farm|tmp|mnt|Users)/[A-Za-z]")
ORPHAN = re.compile(r"\b(?:TO[D]O|FIX[M]E|XX[X]|HA[C]K)\b(?!\(#\d+\))")


def no_address(path: PurePosixPath, text: str) -> Iterator[Fault]:
    """The index is the machine's own setting, so no file names one."""
    pattern = ADDRESS_IN_LOCK if path.parts[0] == "locks" else ADDRESS
    for number, line in enumerate(text.splitlines(), 1):
        if pattern.search(line):
            yield number, "names an index or a download address"


def no_machine_path(path: PurePosixPath, text: str) -> Iterator[Fault]:
    """A checkout works in any folder of any machine."""
    for number, line in enumerate(text.splitlines(), 1):
        if MACHINE_PATH.search(line):
            yield number, "names an absolute path of one machine"


def no_orphan(path: PurePosixPath, text: str) -> Iterator[Fault]:
    """What is left to do is an issue, and the remark says which."""
    for number, line in enumerate(text.splitlines(), 1):
        if ORPHAN.search(line):
            yield number, "leaves work to nobody: name the issue, as in (#12)"


def one_title(path: PurePosixPath, text: str) -> Iterator[Fault]:
    """A Markdown file has one title."""
    if path.suffix != ".md":
        return
    in_code, titles = False, []
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("```"):
            in_code = not in_code
        elif line.startswith("# ") and not in_code:
            titles.append(number)
    if len(titles) != 1:
        yield (titles[1] if titles else 1), f"has {len(titles)} titles instead of one"


def whole_decision(path: PurePosixPath, text: str) -> Iterator[Fault]:
    """A decision fits a screen and says when to think again."""
    if path.parent != PurePosixPath("docs/adr"):
        return
    if not re.fullmatch(r"\d{4}(?:-[a-z0-9]+)+\.md", path.name):
        yield 1, "is not named NNNN-title.md"
    if len(text.splitlines()) > ADR_LINES_MAX:
        yield ADR_LINES_MAX, f"is longer than {ADR_LINES_MAX} lines"
    for section in ADR_SECTIONS:
        if f"\n## {section}\n" not in text:
            yield 1, f"lacks the section {section}"


def short_readme(path: PurePosixPath, text: str) -> Iterator[Fault]:
    """A README is read in one go."""
    limit = ROOT_README_LINES_MAX if len(path.parts) == 1 else README_LINES_MAX
    if path.name == "README.md" and len(text.splitlines()) > limit:
        yield limit, f"is longer than {limit} lines"


def named_module(path: PurePosixPath, text: str) -> Iterator[Fault]:
    """A module is called after the noun that it holds."""
    if path.suffix == ".py" and path.stem in NAMELESS_MODULES:
        yield 1, f"is called {path.stem}, which says nothing about what it holds"


RULES: tuple[Rule, ...] = (
    no_address,
    no_machine_path,
    no_orphan,
    one_title,
    whole_decision,
    short_readme,
    named_module,
)


def tracked() -> list[PurePosixPath]:
    """List what git tracks or would track, without what a tool generates."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listing = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    paths = [PurePosixPath(name) for name in listing.split("\0") if name]
    return [path for path in paths if not path.is_relative_to(GENERATED)]


def faults_of(path: PurePosixPath, text: str) -> list[Fault]:
    """Return what every rule finds in one file, in order of lines."""
    return sorted(fault for rule in RULES for fault in rule(path, text))


def main() -> int:
    """Check every text file; print each fault with its place."""
    count = 0
    for path in tracked():
        try:
            text = (ROOT / path).read_text()
        except (UnicodeDecodeError, FileNotFoundError, IsADirectoryError):
            continue  # a binary, or deleted but not committed yet
        for number, sentence in faults_of(path, text):
            count += 1
            print(f"{path}:{number}: {sentence}", file=sys.stderr)
    return 1 if count else 0


if __name__ == "__main__":
    raise SystemExit(main())
