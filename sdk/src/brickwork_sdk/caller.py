"""On whose behalf a call is made, as it travels in gRPC metadata."""

import re
from collections.abc import Iterable
from contextvars import ContextVar
from dataclasses import dataclass
from enum import StrEnum

from brickwork_sdk.errors import InvalidInput, Reason


class WorkClass(StrEnum):
    """How urgent work is, the most urgent first."""

    INTERACTIVE = "interactive"
    BATCH = "batch"
    NOTEBOOK = "notebook"
    BEST_EFFORT = "best_effort"

    @property
    def rank(self) -> int:
        """The place among the classes; 0 is the most urgent."""
        return list(WorkClass).index(self)


@dataclass(frozen=True)
class Caller:
    """Who asks.

    Attributes:
        work_class: decides the order of waiting and the share of engine time.
        tenant: who the work is for, at most 64 characters of a-z, 0-9, `_`, `.` and `-`.
        job: the job it belongs to, of the same form; empty when it belongs to none.
    """

    work_class: WorkClass = WorkClass.BATCH
    tenant: str = "default"
    job: str = ""

    def to_metadata(self) -> tuple[tuple[str, str], ...]:
        """Render as gRPC metadata."""
        return (
            (_CLASS, self.work_class.value),
            (_TENANT, self.tenant),
            (_JOB, self.job),
        )

    @classmethod
    def from_metadata(
        cls,
        metadata: Iterable[tuple[str, str | bytes]],
        default_class: WorkClass = WorkClass.BATCH,
    ) -> "Caller":
        """Read from gRPC metadata; what is absent takes its default.

        Raises:
            InvalidInput: ARGUMENT_INVALID, a value is not of its form.
        """
        given = {key: value for key, value in metadata if key in (_CLASS, _TENANT, _JOB)}
        if not given:
            return cls(default_class)
        work_class = given.get(_CLASS, default_class.value)
        if work_class not in _CLASSES:
            raise _invalid(_CLASS)
        for key in (_TENANT, _JOB):
            if not _NAME.fullmatch(str(given.get(key, ""))):
                raise _invalid(key)
        return cls(
            WorkClass(str(work_class)),
            str(given.get(_TENANT) or "default"),
            str(given.get(_JOB, "")),
        )


_NOBODY = Caller()
current_caller: ContextVar[Caller] = ContextVar("current_caller", default=_NOBODY)
"""The caller of the RPC that is being served; set by the server's interceptor."""

_CLASS, _TENANT, _JOB = "brickwork-class", "brickwork-tenant", "brickwork-job"
_CLASSES = frozenset(WorkClass)
_NAME = re.compile(r"[A-Za-z0-9_.-]{0,64}")


def _invalid(key: str) -> InvalidInput:
    return InvalidInput(
        Reason.ARGUMENT_INVALID, f"The metadata {key} is not of its form.", metadata={"field": key}
    )
