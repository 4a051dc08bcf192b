"""The sample is the level at which a condition varies, and nothing finer."""

from __future__ import annotations

import pandas as pd
import pytest

from ethoflow.errors import DataError
from ethoflow.stats import find_design


def cohort(
    cages: int = 6, mates: int = 2, sessions: int = 1, *, by_cage: bool = True
) -> pd.DataFrame:
    """Animals in cages, each recorded alone, treated by cage or within cages."""
    rows = []
    for cage in range(cages):
        for mate in range(mates):
            given = cage if by_cage else mate
            for session in range(sessions):
                rows.append(
                    {
                        "recording": f"c{cage}m{mate}s{session}",
                        "animal": f"c{cage}m{mate}",
                        "cage": f"c{cage}",
                        "treatment": "drug" if given % 2 else "saline",
                        "behaviour": "rearing",
                        "share": 0.1 * cage + 0.03 * mate + 0.01 * session,
                    }
                )
    return pd.DataFrame(rows)


def test_a_condition_given_to_cages_has_cages_as_its_sample() -> None:
    design = find_design(cohort(), "treatment")
    assert (design.unit, design.n_units) == ("cage", {("drug",): 3, ("saline",): 3})
    assert design.by["treatment"] == ("saline", "drug")
    assert "12 animals; 12 recordings" in str(design)


def test_a_condition_that_differs_between_cage_mates_has_animals() -> None:
    assert find_design(cohort(by_cage=False), "treatment").unit == "animal"


def test_litters_above_cages_are_the_sample_where_they_were_assigned() -> None:
    table = cohort(12)
    table["litter"] = table["cage"].str[1:].astype(int) % 6
    assert find_design(table, "treatment").unit == "litter"


def test_a_few_cages_with_several_conditions_are_asked_about() -> None:
    table = cohort(10)
    table.loc[0, "treatment"] = "drug"
    with pytest.raises(DataError, match=r"one thing in most cages but not in c0"):
        find_design(table, "treatment")
    with pytest.raises(DataError, match="animals of one cage are not independent"):
        find_design(table, "treatment", unit="animal")
    assert find_design(table, "treatment", independent="animal").unit == "animal"


def test_animals_recorded_together_are_one_unit() -> None:
    table = cohort()
    table["recording"] = table["cage"] + "_day1"
    assert find_design(table.drop(columns="cage"), "treatment").unit == "recording"
    again = table.assign(recording=table["cage"] + "_day2")
    both = pd.concat([table, again], ignore_index=True).drop(columns="cage")
    design = find_design(both, "treatment")
    assert (design.unit, design.rows["unit"].nunique()) == ("recorded together", 6)


def test_sessions_of_one_animal_are_one_animal() -> None:
    table = cohort(sessions=3).drop(columns="cage")
    design = find_design(table, "treatment")
    assert (design.unit, sum(design.n_units.values())) == ("animal", 12)
    named = table.assign(mouse=table["animal"], animal=table["recording"])
    assert sum(find_design(named, "treatment").n_units.values()) == 12


@pytest.mark.parametrize(
    ("unit", "sessions"), [("animal", 1), ("recording", 1), ("recording", 2), ("row", 1)]
)
def test_what_is_not_independent_is_refused_and_possible_by_name(unit: str, sessions: int) -> None:
    table = cohort(sessions=sessions)
    with pytest.raises(DataError, match=f"of one cage are not independent.*independent='{unit}'"):
        find_design(table, "treatment", unit=unit)
    with pytest.raises(DataError, match="are not independent"):
        find_design(table, "treatment", unit=unit, independent="cage")
    design = find_design(table, "treatment", independent=unit)
    assert design.unit == unit
    assert any("were taken as independent" in note for note in design.notes)


def test_bins_are_not_independent() -> None:
    table = pd.concat([cohort().assign(start=start) for start in (0, 60)], ignore_index=True)
    with pytest.raises(DataError, match="rows of one cage are not independent"):
        find_design(table, "treatment", unit="row")
    alone = table.drop(columns=["cage"])
    with pytest.raises(DataError, match="rows of one animal are not independent"):
        find_design(alone, "treatment", unit="row")


def test_conditions_within_animals_are_compared_within_them() -> None:
    table = cohort(sessions=2)
    table["phase"] = table["recording"].str[-1].map({"0": "before", "1": "after"})
    design = find_design(table, "phase")
    assert (design.unit, design.within, design.by["phase"]) == (
        "animal", ("phase",), ("before", "after"),
    )  # fmt: skip
    with pytest.raises(DataError, match="recordings of one animal are not independent"):
        find_design(table, "phase", unit="recording")


def test_a_second_factor_does_not_make_the_sample_finer() -> None:
    table = cohort(8)
    table["sex"] = ["f", "m"] * 8
    design = find_design(table, ["treatment", "sex"])
    assert (design.unit, design.between, design.within) == ("cage", ("treatment",), ("sex",))


@pytest.mark.parametrize("slot", ["individual_", "track_", "ind", "Arena0_Ind"])
def test_slots_without_names_are_animals_of_their_recordings(slot: str) -> None:
    table = cohort(by_cage=True).drop(columns="cage")
    table["recording"] = table["animal"].str[:2]
    table["animal"] = [f"{slot}0", f"{slot}1"] * 6
    design = find_design(table, "treatment")
    assert (design.unit, design.rows["animal"].nunique()) == ("recording", 12)
    assert any("do not say who is who" in note for note in design.notes)


@pytest.mark.parametrize("names", [("B", "W"), ("resident", "intruder"), ("mus1", "mus2")])
def test_vague_names_in_several_recordings_are_asked_about(names: tuple[str, str]) -> None:
    table = cohort(by_cage=True).drop(columns="cage")
    table["recording"] = table["animal"].str[:2]
    table["animal"] = [*names] * 6
    with pytest.raises(DataError, match="the same animals each time"):
        find_design(table, "treatment")
    assert find_design(table, "treatment", animal="recording").unit == "recording"
    table.loc[0, "animal"] = "C57-12"  # that some have names of their own answers nothing
    with pytest.raises(DataError, match="the same animals each time"):
        find_design(table, "treatment")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"treatment": "drug"}, "one group alone: treatment is 'drug'"),
        ({"treatment": None}, "treatment is known of no row"),
        ({"treatment": ""}, "treatment is known of no row"),
    ],
)
def test_conditions_that_say_nothing_are_refused(change: dict[str, object], said: str) -> None:
    with pytest.raises(DataError, match=said):
        find_design(cohort().assign(**change), "treatment")


def test_too_few_units_are_refused() -> None:
    with pytest.raises(DataError, match=r"too few cages to compare: 2 in drug and 2 in saline"):
        find_design(cohort(4), "treatment")
    with pytest.raises(DataError, match=r"no column 'treatmnt'.*Did you mean 'treatment'"):
        find_design(cohort(), "treatmnt")
    with pytest.raises(DataError, match="unit: no column 'pen'"):
        find_design(cohort(), "treatment", unit="pen")
    bare = cohort()[["treatment", "share"]]
    with pytest.raises(DataError, match="nothing in the table says"):
        find_design(bare, "treatment")
    assert find_design(bare, "treatment", unit="row").unit == "row"


def test_animals_without_a_condition_are_left_out_and_said() -> None:
    table = cohort(8)
    table.loc[0, "treatment"] = None
    design = find_design(table, "treatment")
    assert design.notes == ("1 animals have no treatment and were left out: c0m0.",)
    assert sum(design.n_units.values()) == 8


def test_cages_that_are_numbers_with_gaps_keep_their_names() -> None:
    table = cohort(8)
    table["cage"] = table["cage"].str[1:].astype(float)
    table.loc[table["cage"] == 0, "cage"] = float("nan")
    design = find_design(table, "treatment")
    assert sorted(design.rows["unit"].unique()) == list("1234567")
    assert any("have no cage" in note for note in design.notes)


def test_a_table_of_cages_alone_has_them_as_its_sample() -> None:
    table = pd.DataFrame({"cage": [*"abcdef"], "treatment": ["x", "y"] * 3})
    assert find_design(table, "treatment").unit == "cage"


def test_levels_that_look_like_one_are_said() -> None:
    names = ["Saline", "saline ", "CNO", "nan"] * 3
    table = pd.DataFrame({"animal": [f"m{i}" for i in range(12)], "treatment": names})
    first, second = find_design(table, "treatment").notes
    assert "both 'Saline' and 'saline'" in first
    assert "is 'nan' in some rows" in second
    same = table.assign(treatment=["AA", "Aa", "10 mg", "1 0 mg"] * 3)
    assert not any("Aa" in note for note in find_design(same, "treatment").notes)


def test_levels_are_in_the_order_of_their_numbers() -> None:
    names = ["10 mg", "2 mg", "vehicle", "2.5 mg"] * 3
    table = pd.DataFrame({"animal": [f"m{i}" for i in range(12)], "dose": names})
    assert find_design(table, "dose").by["dose"] == ("vehicle", "2 mg", "2.5 mg", "10 mg")
    days = table.assign(dose=pd.to_datetime(["2026-01-10", "2026-01-09"] * 6))
    assert find_design(days, "dose").by["dose"] == ("2026-01-09", "2026-01-10")
