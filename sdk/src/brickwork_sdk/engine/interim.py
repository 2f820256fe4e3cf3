"""Events that only show that the work goes on."""

INTERIM_SECONDS = 0.25
"""They are told so long after the event before at the earliest: each one costs a reader processor
time that the engines lack, and nobody looks more often."""


class Interim:
    """An event that the next one of its kind makes worthless.

    An engine may yield one at each step, so that other calls have their turn there.
    """
