"""Exchanges of some body parts only: told, and never repaired as those of whole animals."""

import pytest

import ethoflow as ef
from ethoflow import simulate
from ethoflow.identities.parts import Episode, Event, find_episodes
from ethoflow.identities.scoring import score_swaps
from ethoflow.schema import DataError

PAIR = (0, 1)


@pytest.fixture(scope="module")
def made() -> simulate.Swapped:
    pair = simulate.simulate_cohort(1, duration="2 min", seed=30)
    return simulate.swap_animals(pair, 4, kinds=["part"], seed=30)


def test_some_body_parts_are_told_and_not_accepted(made):
    found = ef.find_swaps(made.tracks)
    score = score_swaps(found, made.edits, made.tracks.sizes["time"])
    assert (score.undecided, score.false) == (score.true, 0)
    for true, row in zip(
        made.edits.sort_values("start_frame").itertuples(), found.itertuples(), strict=True
    ):
        assert set(row.bodyparts.split()) <= set(true.bodyparts.split())
        assert (row.start_frame, row.stop_frame) == (true.start_frame, true.stop_frame)
    assert not len(ef.find_swaps(made.unswapped))


def test_accepting_them_is_refused(made, tmp_path):
    accepted = ef.find_swaps(made.tracks).assign(status="accepted")
    with pytest.raises(DataError, match="row 1 exchanges some body parts only"):
        ef.swap_identities(made.tracks, accepted)
    ef.write_edits(accepted, tmp_path / "edits.csv")
    with pytest.raises(DataError, match="row 1 exchanges some body parts only"):
        ef.swap_identities(made.tracks, tmp_path / "edits.csv")


def test_episodes_are_from_an_event_to_that_which_takes_it_back():
    events = [
        Event(100, PAIR, (1, 2, 3)),
        Event(120, PAIR, (0, 1, 2, 3)),  # one point more is told at the end
        Event(125, PAIR, (5,)),
        Event(126, PAIR, (5,)),
        Event(400, PAIR, (4,)),
    ]
    assert find_episodes(events, 25.0, 1000) == [
        Episode(100, 126, PAIR, (0, 1, 2, 3, 5)),
        Episode(400, 1000, PAIR, (4,)),
    ]
