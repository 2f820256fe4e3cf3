"""What outlives the broker: its journal, and what it has learned."""
