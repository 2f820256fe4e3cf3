"""Test doubles and test data; the only place for them outside of a brick."""
