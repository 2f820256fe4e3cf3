"""A log that only grows, in which each record holds the hash of the one before it."""

from brickwork_sdk.audit.log import AuditLog
from brickwork_sdk.audit.record import Entry, Record

__all__ = ["AuditLog", "Entry", "Record"]
