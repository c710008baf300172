"""What the history can fail with.

StoreError          the file cannot be used: one line says why and how to mend it
└── StoreBusy       another process held the file for longer than the wait
QueryError          the query is wrong, or asks for what a query may not do
"""


class StoreError(Exception):
    """The database file, or the spool beside it, cannot be used."""


class StoreBusy(StoreError):  # noqa: N818 - a state of the file, not a mistake
    """Another process, or another thread of this one, held the file for longer than the wait."""


class QueryError(Exception):
    """The query is wrong; the message is one line."""
