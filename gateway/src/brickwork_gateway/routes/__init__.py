"""The addresses that are served; each route parses, calls and renders."""
