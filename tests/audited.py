"""What the audit log of a mesh must be at its end."""

from pathlib import Path

from brickwork_broker.audit.auditor import check_history
from brickwork_sdk.audit.chain import check_chain


def verify_history(home: Path) -> None:
    """Assert that the broker's log in a home is whole and breaks no promise.

    Args:
        home: of a mesh that has run, or still does.
    """
    folder = home / "state" / "broker" / "audit"
    assert check_chain(folder).damages == []
    history, breaches = check_history(folder)
    assert breaches == []
    assert history.start_count > 0
