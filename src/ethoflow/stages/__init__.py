"""Stages: the way from files to results, step by step. Every file here is found by itself.

A stage is a function and a declaration: what it reads, what it writes, which keys of the project
file are its own. The project file, what `ethoflow init` writes, the command line, the order of a
run, progress, and whether there is anything to do follow from it.
"""

from ethoflow.stages.declare import (
    Stage,
    find_stage,
    in_order,
    leading_to,
    maker_of,
    stage,
    stages,
)
from ethoflow.stages.job import Job, Report
from ethoflow.stages.keys import Files, Flag, Keys, Needs, ProjectError, explain
from ethoflow.stages.made import FileSet, Group, Item, Made

__all__ = [
    "FileSet",
    "Files",
    "Flag",
    "Group",
    "Item",
    "Job",
    "Keys",
    "Made",
    "Needs",
    "ProjectError",
    "Report",
    "Stage",
    "explain",
    "find_stage",
    "in_order",
    "leading_to",
    "maker_of",
    "stage",
    "stages",
]
