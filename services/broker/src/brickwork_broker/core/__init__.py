"""The ledger and all that it decides by: no clock, no chance, no thread, no wire."""
