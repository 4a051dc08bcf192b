"""Tracker files to datasets: one file per format, one recording or a cohort.

`read` and `read_cohort` recognise a format by its content. A new format is one new module here
whose function carries ``@reader(...)`` of `ethoflow.io.reader`; nothing else changes.
"""
