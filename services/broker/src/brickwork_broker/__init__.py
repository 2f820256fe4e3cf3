"""The lender of memory, as VRAM tokens."""
