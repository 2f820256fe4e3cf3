"""The models of a site, beside those that a brick brings."""

from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from brickwork_sdk.errors import InvalidInput, Reason
from brickwork_sdk.models import CatalogueEntry, load_catalogue


def read_own(path: Path) -> tuple[CatalogueEntry, ...]:
    """Read a file of a site that is written as the `models.json` of a brick.

    Raises:
        InvalidInput: SETTING_INVALID, it cannot be read, or is not written so.
    """
    try:
        entries = TypeAdapter(tuple[CatalogueEntry, ...]).validate_json(path.read_bytes())
    except OSError as error:
        raise _invalid(f"cannot be read: {error.strerror}") from error
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "the whole"
        raise _invalid(f"is wrong at {place}: {first['msg']}") from error
    return entries


def catalogue_of(package: str, own_models: Path | None) -> tuple[CatalogueEntry, ...]:
    """Return the models of a brick: those that it brings, then those of the site.

    Args:
        package: import name of the brick; a file of the site may name models of several.
        own_models: that file; None where the site has none.

    Raises:
        InvalidInput: SETTING_INVALID, as `read_own`, or two models have one name.
    """
    brought = load_catalogue(package)
    own = [
        entry
        for entry in (read_own(own_models) if own_models else ())
        if entry.engine.startswith(f"{package}.")
    ]
    names = [entry.name for entry in (*brought, *own)]
    for name in names:
        if names.count(name) > 1:
            raise _invalid(f"names {name}, which there is already")
    return (*brought, *own)


def _invalid(fault: str) -> InvalidInput:
    return InvalidInput(
        Reason.SETTING_INVALID,
        f"The file of the site's own models {fault}.",
        metadata={"setting": "OWN_MODELS"},
    )
