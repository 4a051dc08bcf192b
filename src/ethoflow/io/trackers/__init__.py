"""Tracker formats, one file each; a new one is a new module with ``@reader(...)``.

A reader takes a path and gives one `Tracks` per recording in the file. The declaration says how the
format is recognised, by content, what it needs and against which file it is tested; the table of
formats in the documentation is made from it.
"""
