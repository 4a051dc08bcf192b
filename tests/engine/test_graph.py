"""From signatures to programs: shared work, halos along paths, body parts that are needed."""

from __future__ import annotations

from ethoflow.engine import builtin, find
from ethoflow.engine.program import compile_program
from ethoflow.engine.resolve import resolve_call
from tests.strategies import make_poses


def program(*names: str, **parameters: object) -> object:
    ds, memo = make_poses(1, 60), {}
    calls = {n: resolve_call(ds, find(n), parameters, memo) for n in names}
    return compile_program(calls)


def test_shared_inputs_are_computed_once() -> None:
    found = program("moving", "immobile", "acceleration")
    names = [call.name for call in found.calls]
    assert names.count("velocity") == names.count("speed") == 1
    assert len([s for s in found.sources if s.name == "position"]) == 1


def test_halos_add_up_along_a_path() -> None:
    # A derivative at an end of a recording reads two frames inwards.
    assert program("velocity").halo == program("speed").halo == 2
    assert program("acceleration").halo == 4
    # 0.2 s and 0.25 s at 25 fps: 5 frames of a gap, a bout of 6, and 2 frames of the derivative.
    assert program("moving").halo == 2 + 5 + (6 - 1)
    assert program("moving", min_bout=0, max_gap=0).halo == 2
    # The trail reaches back further (0.5 s: 13 frames) than the derivative.
    assert program("following").halo >= 13 + 5 + 5


def test_a_rule_reads_the_body_parts_it_names() -> None:
    found = program("moving")
    position = next(s for s in found.sources if s.name == "position")
    assert found.parts[position.key] == (4,)
    assert program("moving", "heading").parts[position.key] == (0, 4, 10)


def test_equal_calls_have_equal_keys() -> None:
    ds = make_poses(1, 60)
    moving = builtin()["moving"]
    one = resolve_call(ds, moving, {})
    assert one.key == resolve_call(ds, moving, {"min_speed": "4 cm/s"}).key
    assert one.key != resolve_call(ds, moving, {"min_speed": 41}).key
    assert one.key != resolve_call(make_poses(2, 60), moving, {}).key
