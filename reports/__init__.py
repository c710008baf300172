"""Findings in, documents out: the DuckDB file and everything drawn from it."""
