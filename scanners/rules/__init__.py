"""One module a concern: facts in, findings out."""
