"""The ledger: what every job is, how far it has come, and what comes next."""
