"""What was found, for people: workbooks, pages, tables, subtitles, segments on disk."""
