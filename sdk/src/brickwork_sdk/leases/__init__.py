"""Memory for people: a lease has a time, a warning before its end, and an end."""

import logging

# People are told in sentences; a log line is for a program that has said where its logs go.
logging.getLogger("brickwork_sdk").addHandler(logging.NullHandler())
