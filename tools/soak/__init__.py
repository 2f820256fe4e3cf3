"""More work than there is memory, for ten minutes: played in virtual time, or by real processes."""
