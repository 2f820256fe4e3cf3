"""The record of what happened, and whether the promises were kept."""
