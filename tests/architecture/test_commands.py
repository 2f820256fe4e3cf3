import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGES = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("*/README.md")]


def test_every_make_command_in_the_docs_is_a_target() -> None:
    targets = set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for page in PAGES:
        mentioned = set(re.findall(r"(?:^|`)make ([a-z][a-z-]*)", page.read_text(), re.MULTILINE))
        assert mentioned <= targets, f"{page.name} names {sorted(mentioned - targets)}"


def test_every_tool_that_the_makefile_calls_is_there() -> None:
    makefile = (ROOT / "Makefile").read_text()
    called = set(re.findall(r"tools/\w+\.py", makefile))
    for name in re.findall(r"-m (tools\.\w+)", makefile):
        folder = ROOT / name.replace(".", "/")
        called.add(f"{folder}/__main__.py" if folder.is_dir() else f"{folder}.py")
    assert called
    assert [tool for tool in sorted(called) if not (ROOT / tool).is_file()] == []
