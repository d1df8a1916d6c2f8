"""The commands: each file parses, calls and prints; the work stands below."""

from balto_cli.cli.app import main

__all__ = ["main"]
