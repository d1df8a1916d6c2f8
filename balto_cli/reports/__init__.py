"""What a comparison found, as workbooks that people open, filter and keep."""

from __future__ import annotations

from balto_cli.reports.saving import SavedWorkbook, save_workbook
from balto_cli.reports.workbooks import originals_workbook, segments_workbook

__all__ = ["SavedWorkbook", "originals_workbook", "save_workbook", "segments_workbook"]
