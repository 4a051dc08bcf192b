"""A report of a store: one page of HTML that needs nothing else, with tables and pictures."""

from ethoflow.report.make import Wanted, make_report

__all__ = ["Wanted", "make_report"]
