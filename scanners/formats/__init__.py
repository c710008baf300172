"""One module a file format: bytes in, facts out."""
