"""Grammars that several formats share."""
