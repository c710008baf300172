"""The wiring of crawler, scanners and reports, and the command line."""

__version__ = "0.1.0"
