"""A seeded simulator: many holders, many faults, one virtual clock, promises checked each step."""
