"""Animals with known behaviour: truth for tests, the demo and benchmarks."""

from ethoflow.simulate.arena import CircleArena, PolygonArena
from ethoflow.simulate.cohort import Simulation, simulate_cohort, simulate_recording
from ethoflow.simulate.constructions import approach, running_in_circle, still_then_running
from ethoflow.simulate.files import write_dlc, write_metadata
from ethoflow.simulate.long import repeat_recording
from ethoflow.simulate.mazes import PlusMaze, plus_maze
from ethoflow.simulate.swaps import Swapped, swap_animals
from ethoflow.simulate.tracker import Tracker

__all__ = [
    "CircleArena",
    "PlusMaze",
    "PolygonArena",
    "Simulation",
    "Swapped",
    "Tracker",
    "approach",
    "plus_maze",
    "repeat_recording",
    "running_in_circle",
    "simulate_cohort",
    "simulate_recording",
    "still_then_running",
    "swap_animals",
    "write_dlc",
    "write_metadata",
]


def __dir__() -> list[str]:
    return sorted(__all__)
