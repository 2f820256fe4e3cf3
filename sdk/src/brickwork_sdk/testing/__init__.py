"""Test doubles and test data; the only place for them outside of a brick."""

from brickwork_sdk.testing.clock import ManualClock

__all__ = ["ManualClock"]
