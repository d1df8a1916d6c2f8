"""The page of one run: verdict, picture, table, where errors lie, and every segment with its sound and its diffs."""

from __future__ import annotations

from balto_cli.reports.html.page import Since, html_page

__all__ = ["Since", "html_page"]
