"""Write the skeleton of a brick: `make new-brick NAME=tts`.

The files come from `tools/templates/brick`, in which `@name@`, `@Name@` and `@NAME@` stand for
the name. Lists elsewhere that name every brick get a line. What a person decides is left, and
`tests/architecture/test_every_brick_is_whole.py` names it until it is done.
"""

import argparse
import keyword
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TEMPLATES = Path("tools", "templates", "brick")
RUFF = Path(sys.executable).with_name("ruff")

LETTERS_MAX = 9
"""Of the longest name so far, `translate`: a mesh puts its sockets where such a path still fits."""
LISTS_OF_BRICKS = (".importlinter", "pyproject.toml")
NEIGHBOUR = "translate"
"""The brick that the lists name, and below which the new one is named."""


def refusal(root: Path, name: str) -> str | None:
    """Return the sentence that says why no brick can be called so, or None."""
    if not re.fullmatch(r"[a-z][a-z0-9]*", name):
        return (
            f"{name!r} is no name for a brick: it takes small letters and digits, a letter first."
        )
    if len(name) > LETTERS_MAX:
        return f"{name!r} is too long for the socket of a brick, which takes {LETTERS_MAX} letters."
    if keyword.iskeyword(name):
        return f"{name!r} is a keyword of Python, so no package can be called so."
    parts = ("services/{}", "protos/brickwork/{}", "{}/pyproject.toml", "locks/{}.txt")
    places = [part.format(name) for part in parts]
    taken = [place for place in places if (root / place).exists()]
    if taken or name == "valkey":
        return f"{name!r} is the name of another part already: {(taken or ['the mesh'])[0]}."
    return None


def written(root: Path, name: str) -> Iterator[tuple[Path, str]]:
    """Yield the files of a brick, each with its text."""
    for template in sorted((root / TEMPLATES).rglob("*.in")):
        place = template.relative_to(root / TEMPLATES).with_suffix("")
        path = root / filled(str(place), name)
        text = filled(template.read_text(), name)
        yield path, in_form(text) if path.suffix == ".py" else text


def filled(text: str, name: str) -> str:
    """Put a name where a template leaves room for it."""
    names = {"@name@": name, "@Name@": name.capitalize(), "@NAME@": name.upper()}
    return re.sub("|".join(names), lambda found: names[found[0]], text)


def in_form(source: str) -> str:
    """Sort the imports and set the line breaks, which depend on the name."""
    for words in (("check", "--select=I", "--fix"), ("format",)):
        options = ("--quiet", f"--config={ROOT / 'pyproject.toml'}", "-")
        command = (RUFF, *words, *options)
        source = subprocess.run(
            command, input=source, capture_output=True, text=True, check=True
        ).stdout
    return source


def edited(root: Path, name: str) -> Iterator[tuple[Path, str]]:
    """Yield the files that list every brick, each with the new one in its lists.

    Raises:
        SystemExit: a file has no list that names the neighbour.
    """
    own_line = re.compile(rf"^( *brickwork_){NEIGHBOUR}$", re.MULTILINE)
    in_line, folder = f"| brickwork_{NEIGHBOUR}", f'"services/{NEIGHBOUR}/src",'
    for path in (root / place for place in LISTS_OF_BRICKS):
        before = path.read_text()
        after = own_line.sub(rf"\g<0>\n\g<1>{name}", before)
        after = after.replace(in_line, f"{in_line} | brickwork_{name}")
        after = after.replace(folder, f'{folder}\n    "services/{name}/src",')
        if after == before:
            sys.exit(f"new_brick: {path.name} has no list with {NEIGHBOUR} in it any more.")
        yield path, after


def write(texts: Mapping[Path, str]) -> None:
    """Write all files, or leave everything as it was."""
    before = {path: path.read_text() if path.exists() else None for path in texts}
    try:
        for path, text in texts.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
    except BaseException:
        for path, old in before.items():
            if old is not None:
                path.write_text(old)
            else:
                path.unlink(missing_ok=True)
                remove_empty(path.parent)
        raise


def remove_empty(folder: Path) -> None:
    """Remove a folder, and those above it, as far as nothing is in them."""
    with suppress(OSError):  # of the first that holds something
        while True:
            folder.rmdir()
            folder = folder.parent


def main() -> int:
    """Write the skeleton, or say in one sentence why not."""
    parser = argparse.ArgumentParser(description="Write the skeleton of a brick.")
    parser.add_argument("name", help="one short word, as in asr: small letters and digits")
    name = parser.parse_args().name
    reason = refusal(ROOT, name)
    if reason is not None:
        print(f"new_brick: {reason}", file=sys.stderr)
        return 1
    new = dict(written(ROOT, name))
    try:
        write({**new, **dict(edited(ROOT, name))})
    except OSError as error:
        print(f"new_brick: nothing was written: {error}.", file=sys.stderr)
        return 1
    for path in new:
        print(path.relative_to(ROOT))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
