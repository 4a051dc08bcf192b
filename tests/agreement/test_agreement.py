"""Two sources of labels in one table: who meets whom, what counts, and what is said."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import ethoflow as ef
from ethoflow.io.scoring import LabelNote
from ethoflow.labels.comparison import AgreementNote, clocks
from ethoflow.schema import DataError
from tests.agreement import references

# What a test asks for it still hears.
pytestmark = pytest.mark.filterwarnings("ignore::ethoflow.labels.comparison.AgreementNote")


def labels(
    fps=10.0, recording="m1", animals=("m",), slots=None, origin=0.0, attrs=None, **behaviours
):
    """Labels of one recording; values by behaviour, dims ((individual, (partner,)) time)."""
    slots = slots or [f"individual_{i}" for i in range(len(animals))]
    found, coords = {}, {"individual": list(slots)}
    for name, values in behaviours.items():
        values = np.asarray(values, np.float32)
        dims = ("individual", "partner", "time")[-values.ndim :] if values.ndim > 1 else ("time",)
        if values.ndim == 2:
            dims = ("individual", "time")
        if values.ndim == 1:
            dims, values = ("individual", "time"), values[None]
        if "partner" in dims:
            coords["partner"] = list(slots)
        found[name] = (dims, values, {"kind": "label", **(attrs or {})})
    n = values.shape[-1]
    return xr.Dataset(
        found,
        {
            **coords,
            "time": np.arange(n) / fps,
            "fps": fps,
            "recording": recording,
            "n_frames": n,
            "animal": ("individual", list(animals)),
            "origin": origin,
        },
    )


def random(n=600, seed=0, mean=20):
    """A label with bouts of some length."""
    lengths = np.random.default_rng(seed).geometric(1 / mean, n)
    return np.repeat(np.arange(n) % 2, lengths)[:n].astype(float)


def value(table, measure, **where):
    for column, cell in where.items():
        table = table[table[column] == cell]
    return float(table[table.measure == measure].value.iloc[0])


def note(table, measure):
    return str(table[table.measure == measure].note.iloc[0])


def test_all_measures_of_one_pair():
    x, y = random(seed=1), random(seed=2)
    table = ef.agreement({"one": labels(rear=x), "other": labels(rear=y)}, draws=0)
    assert value(table, "kappa") == pytest.approx(references.kappa(x, y))
    banos = references.banos(x[:25], y[:25])
    short = ef.agreement({"one": labels(rear=x[:25]), "other": labels(rear=y[:25])}, draws=0)
    for name, want in banos.items():
        np.testing.assert_allclose(value(short, f"banos_{name}"), want, atol=1e-9)
    assert table.measure.is_unique
    assert value(table, "share_difference") == pytest.approx(y.mean() - x.mean())


def test_precision_and_recall_say_who_is_right():
    x, y = np.zeros((2, 100))
    x[10:30], y[10:40] = 1, 1
    sources = {"one": labels(rear=x), "other": labels(rear=y)}
    there = ef.agreement(sources, "one", "other", draws=0)
    back = ef.agreement(sources, "other", "one", draws=0)
    assert (value(there, "precision"), value(there, "recall")) == (pytest.approx(2 / 3), 1)
    assert (value(back, "precision"), value(back, "recall")) == (1, pytest.approx(2 / 3))
    assert there[["a", "b"]].iloc[0].tolist() == ["one", "other"]


def test_the_unknown_of_either_does_not_count():
    x, y = random(seed=1), random(seed=2)
    gap = x.copy()
    gap[100:200] = np.nan
    with pytest.warns(AgreementNote, match="16.7% of what b knows is unknown to a"):
        table = ef.agreement({"a": labels(rear=gap), "b": labels(rear=y)}, draws=0)
    known = ~np.isnan(gap)
    assert value(table, "kappa") == pytest.approx(references.kappa(x[known], y[known]))
    assert table[table.measure == "kappa"].n.iloc[0] == 500


def test_one_source_longer_than_the_other():
    x = random(seed=1)
    with pytest.warns(AgreementNote, match="33.3% of what long knows is unknown to short"):
        table = ef.agreement({"long": labels(rear=x), "short": labels(rear=x[:400])}, draws=0)
    assert value(table, "f1") == 1
    assert table.n[table.measure == "f1"].iloc[0] == 400


def test_a_label_that_one_source_lacks_is_said():
    x = random(seed=1)
    one, other = labels(rear=x, groom=x), labels(rear=x, Grooming=x)
    with pytest.warns(AgreementNote) as said:
        table = ef.agreement({"a": one, "b": other}, draws=0)
    text = " ".join(str(w.message) for w in said)
    assert "a alone has groom" in text
    assert "b alone has Grooming" in text
    assert set(table.behaviour) == {"rear"}
    with pytest.raises(DataError, match="a has no 'Grooming'"):
        ef.agreement({"a": one, "b": other}, behaviours="Grooming", draws=0)
    both = ef.agreement({"a": one, "b": other}, rename={"Grooming": "groom"}, draws=0)
    assert set(both.behaviour) == {"rear", "groom"}
    with pytest.raises(DataError, match="no behaviour in common.*rename="):
        ef.agreement({"a": labels(rear=x), "b": labels(immobile=x)}, draws=0)
    several = {"a": labels(rear=x), "b": labels(immobile=x), "c": labels(cluster=x)}
    several["c"].cluster.attrs = {"kind": "category"}
    said = "no two of the 3.*a has rear; b has immobile; c has cluster.*rename={'immobile': 'rear'}"
    with pytest.raises(DataError, match=said):
        ef.agreement(several, draws=0)
    with pytest.raises(DataError, match="no behaviour 'Rear'.*Did you mean 'rear'"):
        ef.agreement({"a": one, "b": other}, rename={"Rear": "rearing"}, draws=0)


def test_several_behaviours_that_become_one():
    x = np.zeros((3, 50))
    x[0, 5:10], x[1, 20:30], x[2, 5:10], x[2, 20:30] = 1, 1, 1, 1
    x[1, 40] = np.nan
    one = labels(supported=x[0], unsupported=x[1])
    rename = {"supported": "rear", "unsupported": "rear"}
    table = ef.agreement({"a": one, "b": labels(rear=x[2])}, rename=rename, draws=0)
    assert value(table, "f1") == 1
    assert table.n[table.measure == "f1"].iloc[0] == 49


def test_no_positives_is_nan_with_a_reason():
    nothing, x = np.zeros(300), random(300, seed=3)
    with pytest.warns(AgreementNote, match="a and b have no rear in any frame that both know"):
        table = ef.agreement({"a": labels(rear=nothing), "b": labels(rear=nothing)})
    for measure in ("kappa", "f1", "precision", "recall", "mcc", "hit_f1", "overlap_f1"):
        row = table[table.measure == measure].iloc[0]
        assert np.isnan([row.value, row.low, row.high]).all()
        assert "neither has" in row.note
    assert value(table, "banos_f1") == 1
    assert "BANOS" in note(table, "banos_f1")
    with pytest.warns(AgreementNote, match="b has no rear"):
        table = ef.agreement({"a": labels(rear=x), "b": labels(rear=nothing)}, draws=0)
    assert np.isnan(value(table, "precision"))
    assert "b has it in no frame" in note(table, "precision")
    assert (value(table, "kappa"), value(table, "f1"), value(table, "recall")) == (0, 0, 0)
    with pytest.warns(AgreementNote, match="a has no rear"):
        table = ef.agreement({"a": labels(rear=nothing), "b": labels(rear=x)}, draws=0)
    assert np.isnan(value(table, "recall"))
    always = np.ones(300)
    table = ef.agreement({"a": labels(rear=always), "b": labels(rear=always)}, draws=0)
    assert np.isnan(value(table, "kappa"))
    assert "in every frame" in note(table, "kappa")


def test_one_class_alone_is_said():
    there, always = random(), np.ones(600)
    with pytest.warns(UserWarning, match="b has rest in every frame that both know: kappa is 0"):
        table = ef.agreement({"a": labels(rest=there), "b": labels(rest=always)}, draws=0, offset=0)
    assert value(table, "kappa") == 0
    assert value(table, "recall") == 1
    with pytest.warns(UserWarning, match="a and b have rest in every frame"):
        table = ef.agreement({"a": labels(rest=always), "b": labels(rest=always)}, draws=0)
    assert np.isnan(value(table, "kappa"))


def test_what_is_true_of_many_is_said_once():
    never = {f"never_{i}": np.zeros(600) for i in range(12)}
    sources = {name: labels(rear=random(seed=seed), **never) for seed, name in enumerate("abc")}
    with pytest.warns(AgreementNote) as said:
        ef.agreement(sources, draws=0)
    texts = [str(one.message) for one in said]
    (text,) = [one for one in texts if "have no never_0" in one]
    assert text.startswith("a and b have no never_0 in any frame")
    assert "The same holds for 35 more: never_1 (a and b), never_2 (a and b)" in text
    assert len(texts) <= 4


def test_pairs_that_have_nothing_in_common_are_left_out_where_others_have():
    x = random()
    sources = {"a": labels(rear=x), "rules": labels(moving=x), "b": labels(rear=x)}
    with pytest.warns(AgreementNote, match="a and rules have no .* for 1 more: rules and b"):
        table = ef.agreement(sources, draws=0)
    assert {*zip(table.a, table.b, strict=True)} == {("a", "b")}


@pytest.mark.parametrize("late", [-17, 0, 9])
def test_an_offset_is_found_and_taken_away(late):
    x = random(900, seed=4)
    padded = np.pad(x, 50)
    y = padded[50 - late : 950 - late]
    sources = {"a": labels(rear=x), "b": labels(rear=y)}
    table = ef.agreement(sources, offset="search", draws=0)
    by_hand = ef.agreement(sources, offset=late / 10, draws=0)
    assert table.offset.iloc[0] == pytest.approx(late / 10)
    assert value(table, "kappa") == pytest.approx(1)
    pd.testing.assert_frame_equal(table, by_hand)
    if late:
        with pytest.warns(AgreementNote, match=f"taken to be {late / 10:g} s late"):
            ef.agreement(sources, draws=0)


def test_frame_rates_that_differ():
    x = random(900, seed=4)
    with pytest.raises(DataError, match="a has 25 frames per second and b 30"):
        ef.agreement({"a": labels(25.0, rear=x), "b": labels(30.0, rear=x)})
    with pytest.warns(AgreementNote, match="taken to count the same frames"):
        ef.agreement({"a": labels(30.0, rear=x), "b": labels(29.97, rear=x)}, draws=0)


def test_a_wrong_rate_that_nobody_states_shows_as_drift():
    x = random(6000, seed=4, mean=40)
    slow = x[np.minimum((np.arange(6050) * (6000 / 6050)).astype(int), 5999)]
    with pytest.warns(AgreementNote, match="b runs away from a"):
        ef.agreement({"a": labels(rear=x), "b": labels(rear=slow)}, draws=0)


def test_lengths_as_of_another_rate_are_said():
    x = random(9000, seed=4)
    slow = x[(np.arange(10800) * (25 / 30)).astype(int)]
    with pytest.warns(AgreementNote, match="as if a were counted at 25 .* and b at 30"):
        ef.agreement({"a": labels(rear=x), "b": labels(rear=slow)}, draws=0)


def test_clocks_that_begin_otherwise_meet_by_the_clock():
    x = random(900, seed=4)
    late = labels(rear=x[200:], origin=20.0)
    with pytest.warns(AgreementNote, match="of what a knows is unknown to b"):
        table = ef.agreement({"a": labels(rear=x), "b": late}, draws=0)
    assert value(table, "f1") == 1
    elsewhere = labels(rear=x, origin=500.0)
    with pytest.raises(DataError, match="no frame that both know.*offset"):
        ef.agreement({"a": labels(rear=x), "b": elsewhere}, draws=0)


def test_slices_meet_by_their_times():
    whole = labels(rear=random(900, seed=4))
    part = whole.isel(time=slice(300, 700))
    with pytest.warns(AgreementNote, match="of what a knows"):
        table = ef.agreement({"a": whole, "b": part}, draws=0)
    assert value(table, "f1") == 1
    assert table.n[table.measure == "f1"].iloc[0] == 400


def test_animals_meet_by_their_names():
    x = np.stack([random(seed=1), random(seed=2)])
    one = labels(animals=("B", "W"), rear=x)
    other = labels(animals=("W", "B"), rear=x[::-1])
    table = ef.agreement({"a": one, "b": other}, by="individual", draws=0)
    assert (table[table.measure == "kappa"].value == 1).all()
    assert set(table.individual) == {"B", "W"}
    named = labels(animals=("black", "white"), rear=x)
    with pytest.raises(DataError, match=r"no animal is called alike.*individuals=\{'black': 'B'\}"):
        ef.agreement({"a": one, "b": named}, draws=0)
    mapping = {"black": "B", "white": "W"}
    table = ef.agreement({"a": one, "b": named}, individuals=mapping, draws=0)
    assert value(table, "kappa") == 1
    with pytest.raises(DataError, match="m1: .* a has 'B', b has 'black'"):
        ef.agreement(
            {"a": labels(animals="B", rear=x[0]), "b": labels(animals=["black"], rear=x[0])}
        )
    with pytest.warns(AgreementNote, match="only one of them has W"):
        ef.agreement({"a": one, "b": labels(animals="B", rear=x[0])}, draws=0)
    alone = labels(animals=["m1"], rear=x[0])  # called after the recording: nobody named it
    assert value(ef.agreement({"a": labels(animals="B", rear=x[0]), "b": alone}), "kappa") == 1
    with pytest.raises(DataError, match="animals='any'"):
        ef.agreement({"a": one, "b": alone}, draws=0)
    table = ef.agreement({"a": one, "b": alone}, animals="any", draws=0)
    assert value(table, "share_a") == pytest.approx(((x[0] + x[1]) > 0).mean())


def pair_labels(order, **values):
    slots = [f"individual_{i}" for i in order]
    full = np.full((2, 2, 400), np.nan)
    for (actor, partner), series in {(0, 1): values["ab"], (1, 0): values["ba"]}.items():
        full[order.index(actor), order.index(partner)] = series
    return labels(animals=[("B", "W")[i] for i in order], slots=slots, chase=full)


def test_directed_pairs_meet_by_their_names():
    ab, ba = random(400, seed=1), random(400, seed=2)
    one, other = pair_labels([0, 1], ab=ab, ba=ba), pair_labels([1, 0], ab=ab, ba=ba)
    table = ef.agreement({"a": one, "b": other}, by="individual", draws=0)
    kappas = table[table.measure == "kappa"]
    assert (kappas.value == 1).all()
    assert kappas[["individual", "partner"]].values.tolist() == [["B", "W"], ["W", "B"]]


def test_pairs_that_are_the_same_from_both_sides_count_once():
    x = random(400, seed=1)
    one = pair_labels([0, 1], ab=x, ba=x)
    one.chase.attrs["pairs"] = "unordered"
    sources = {"a": one, "b": one.copy(deep=True)}
    for rename in ({}, {"chase": "contact"}):
        table = ef.agreement(sources, rename=rename, draws=0)
        assert table.n[table.measure == "kappa"].iloc[0] == 400


def test_a_behaviour_of_pairs_against_one_of_animals():
    ab, ba = random(400, seed=1), random(400, seed=2)
    one = pair_labels([0, 1], ab=ab, ba=ba)
    other = labels(animals=("B", "W"), chase=np.stack([ab, ba]))
    with pytest.warns(AgreementNote, match="of pairs in a alone.*with any partner"):
        table = ef.agreement({"a": one, "b": other}, draws=0)
    assert value(table, "kappa") == 1
    contact = labels(animals=["m1"], chase=np.maximum(ab, ba))
    table = ef.agreement({"a": one, "b": contact}, animals="any", draws=0)
    assert value(table, "kappa") == 1


def states(values, meanings="rest walk run", **options):
    ds = labels(state=values, **options)
    ds.state.attrs = {"kind": "category", "flag_values": [0, 1, 2], "flag_meanings": meanings}
    return ds


def test_categories_together_and_one_by_one():
    rng = np.random.default_rng(0)
    x = np.repeat(rng.integers(0, 3, 40), 10).astype(float)
    y = np.where(rng.random(400) < 0.2, (x + 1) % 3, x)
    table = ef.agreement({"a": states(x), "b": states(y)}, draws=0)
    assert value(table, "kappa", category="") == pytest.approx(references.kappa(x, y))
    small = ef.agreement({"a": states(x[:60]), "b": states(y[:60])}, draws=0)
    want = references.rand(x[:60], y[:60])
    assert value(small, "adjusted_rand", category="") == pytest.approx(want)
    assert value(table, "kappa", category="walk") == pytest.approx(references.kappa(x == 1, y == 1))
    # Names count, not numbers.
    other = states((2 - y), "run walk rest")
    again = ef.agreement({"a": states(x), "b": other}, draws=0)
    assert value(again, "kappa", category="") == pytest.approx(references.kappa(x, y))
    # A label is held against the category of its name.
    flag = labels(walk=(y == 1).astype(float))
    mixed = ef.agreement({"a": states(x), "b": flag}, draws=0)
    assert value(mixed, "kappa", behaviour="walk") == pytest.approx(
        references.kappa(x == 1, y == 1)
    )


@pytest.mark.parametrize("named", [False, True])
def test_clusters_whose_numbers_say_nothing(named):
    x = np.repeat(np.random.default_rng(0).integers(0, 3, 40), 10).astype(float)
    one, other = labels(cluster=x), labels(cluster=(x + 1) % 3)
    for ds in (one, other):
        ds.cluster.attrs = {"kind": "category"}
        if named:
            meanings = "cluster_0 cluster_1 cluster_2"
            ds.cluster.attrs |= {"flag_values": [0, 1, 2], "flag_meanings": meanings}
    with pytest.warns(AgreementNote, match="0 of a is held against (cluster_)?0 of b"):
        table = ef.agreement({"a": one, "b": other}, draws=0)
    together = table[table.category == ""]
    assert value(together, "adjusted_rand") == pytest.approx(1)
    assert value(together, "accuracy") == 0
    assert "same number" in note(together, "kappa")
    assert note(together, "adjusted_rand") == ""
    of_one = table[table.category == ("cluster_1" if named else "1")]
    assert "same number" in note(of_one, "f1")


def cohort(n, noise, seed=0, lacking=()):
    rng = np.random.default_rng(seed)
    ones, others = [], []
    for i in range(n):
        x = random(300 + 10 * i, seed=100 + i)
        y = np.where(rng.random(len(x)) < noise, 1 - x, x)
        ones.append(labels(recording=f"m{i}", rear=x))
        others.append(labels(recording=f"m{i}", rear=y) if i not in lacking else None)
    return ones, [one for one in others if one is not None]


def test_recordings_meet_by_name_and_are_what_is_drawn():
    ones, others = cohort(8, 0.2)
    table = ef.agreement({"a": ones, "b": others[::-1]}, draws=300)
    row = table[table.measure == "kappa"].iloc[0]
    assert (row.n_units, row.resampled) == (8, "recordings")
    assert row.low < row.value < row.high
    again = ef.agreement({"a": ones, "b": others}, draws=300)
    pd.testing.assert_frame_equal(table, again)
    apart = ef.agreement({"a": ones, "b": others}, by="recording", draws=0)
    assert len(apart[apart.measure == "kappa"]) == 8
    alone = ef.agreement({"a": ones[3], "b": others[3]}, draws=0)
    assert value(apart, "kappa", recording="m3") == value(alone, "kappa")


def test_recordings_that_one_lacks_are_said():
    ones, others = cohort(6, 0.1, lacking=(2, 4))
    with pytest.warns(AgreementNote, match="a alone has 2 recordings.*m2, m4"):
        table = ef.agreement({"a": ones, "b": others}, draws=100)
    row = table[table.measure == "kappa"].iloc[0]
    assert row.n_units == 4
    assert "rests on 4 recordings is too narrow" in row.note
    with pytest.raises(DataError, match="no recording in common"):
        ef.agreement({"a": ones[:2], "b": others[2:]})
    with pytest.raises(DataError, match="has the recording 'm0' twice"):
        ef.agreement({"a": [ones[0], ones[0]], "b": others})


def test_a_recording_of_which_one_says_nothing_is_no_absence():
    ones, others = cohort(3, 0.0)
    others[1]["rear"] = others[1].rear * np.nan
    with pytest.warns(AgreementNote, match="in 1 of 3 recordings no frame is known to both"):
        table = ef.agreement({"a": ones, "b": others}, draws=0)
    assert value(table, "f1") == 1


def test_one_recording_is_drawn_in_blocks():
    x = random(6000, seed=5)
    y = np.where(np.random.default_rng(0).random(6000) < 0.1, 1 - x, x)
    table = ef.agreement({"a": labels(rear=x), "b": labels(rear=y)}, block="1 min")
    row = table[table.measure == "kappa"].iloc[0]
    assert (row.n_units, row.resampled) == (10, "blocks of 60 s")
    assert row.low < row.value < row.high
    short = ef.agreement({"a": labels(rear=x[:200]), "b": labels(rear=y[:200])})
    row = short[short.measure == "kappa"].iloc[0]
    assert np.isnan([row.low, row.high]).all()
    assert "give a shorter block" in row.note


def test_sources_of_many_kinds(tmp_path):
    x, y = random(seed=1), random(seed=2)
    one, other = labels(rear=x), labels(rear=y)
    raters = xr.concat([one, other], "rater", coords="minimal", compat="override")
    raters = raters.assign_coords(rater=["anna", "ben"])
    raters.rear.attrs["kind"] = "label"
    table = ef.agreement(raters, draws=0)
    assert table[["a", "b"]].iloc[0].tolist() == ["anna", "ben"]
    path = tmp_path / "c.zarr"
    ef.write(one.expand_dims("recording"), path, "labels/anna")
    ef.write(other.expand_dims("recording"), path, "labels/rules")
    for given in (path, ef.open(path)):
        stored = ef.agreement(given, "anna", "labels/rules", draws=0)
        assert value(stored, "kappa") == value(table, "kappa")
    for name, series in (("anna", x), ("ben", y)):
        bouts = references.runs(series)
        rows = [f"rear,{first / 10},{(last + 1) / 10}" for first, last in bouts]
        (tmp_path / f"{name}.csv").write_text("\n".join(["behaviour,start,stop", *rows]))
    files = [tmp_path / "anna.csv", tmp_path / "ben.csv"]
    with pytest.warns(AgreementNote, match="neither anna nor ben says how long was watched"):
        read = ef.agreement(files, fps=10, draws=0)
    assert value(read, "bouts_a") == value(table, "bouts_a")
    with pytest.raises(DataError, match="no source 'carl'"):
        ef.agreement(raters, "carl")
    with pytest.raises(DataError, match="there is one: labels"):
        ef.agreement(one)
    with pytest.raises(DataError, match="against itself"):
        ef.agreement(raters, "anna", "anna")


def test_a_file_that_ends_with_its_last_bout_is_absent_after_it(tmp_path):
    (tmp_path / "m1.csv").write_text("behaviour,start,stop\nrear,1,2\nrear,5,6\n")
    person = ef.read_labels(tmp_path / "m1.csv", fps=10)
    rule = np.zeros(200)
    rule[10:20], rule[50:60], rule[150:160] = 1, 1, 1
    with pytest.warns(AgreementNote, match="person does not say how long was watched"):
        table = ef.agreement({"person": person, "rule": labels(rear=rule)}, draws=0)
    assert value(table, "bouts_false") == 1
    assert table.n[table.measure == "f1"].iloc[0] == 200
    cut = person.isel(time=slice(0, 40))  # a slice says nothing of what follows
    with pytest.warns(AgreementNote, match="of what rule knows is unknown to person"):
        table = ef.agreement({"person": cut, "rule": labels(rear=rule)}, draws=0)
    assert table.n[table.measure == "f1"].iloc[0] == 40


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"iou": 0}, "iou is above 0"),
        ({"iou": "half"}, "iou is above 0"),
        ({"max_offset": "-3 s"}, "max_offset must be a duration"),
        ({"iou": [0.5, 1.2]}, "iou is above 0"),
        ({"confidence": 95}, "confidence is between 0 and 1"),
        ({"draws": -1}, "draws is a number of 0 or more"),
        ({"by": "cage"}, "by is 'recording'"),
        ({"animals": "all"}, "animals is 'each' or 'any'"),
        ({"bin": 0}, "bin is shorter than a frame"),
        ({"block": "1 ms"}, "block is shorter than a frame"),
        ({"offset": "serach"}, "offset"),
    ],
)
def test_bad_options(options, message):
    x = random(seed=1)
    with pytest.raises(ValueError, match=message):
        ef.agreement({"a": labels(rear=x), "b": labels(rear=x)}, **options)


def test_a_second_dataset_beside_the_first_is_refused_with_the_way_out():
    x = labels(rear=random(seed=1))
    with pytest.raises(DataError, match=r"names of sources, found Dataset: give all .* by name"):
        ef.agreement(x, x)


def test_values_that_no_label_has_are_refused():
    x = random(seed=1)
    with pytest.raises(DataError, match="a source is a dataset of labels.*found int"):
        ef.agreement({"a": 5, "b": labels(rear=x)})
    alone = ef.agreement({"a": labels(rear=x).rear, "b": labels(rear=x)}, draws=0)
    assert value(alone, "kappa") == 1
    with pytest.raises(DataError, match="is a label and has the value 0.5"):
        ef.agreement({"a": labels(rear=x), "b": labels(rear=x * 0.5)})


def test_bouts_that_overlap_in_a_file_are_said(tmp_path):
    path = tmp_path / "m1.csv"
    path.write_text("behaviour,start,stop\nrear,1,3\nrear,2,4\nrear,4,5\ngroom,2,3\n")
    with pytest.warns(LabelNote, match="1 of 4 bouts begin while another.*: rear"):
        ef.read_labels(path, fps=10)


def test_further_places_meet_by_their_names():
    x, y = random(seed=1), random(seed=2)
    one = labels(nest=x, wall=y)
    inside = xr.concat([one.nest, one.wall], "region").assign_coords(region=["nest", "wall"])
    inside.attrs["kind"] = "label"
    ds = one.drop_vars(["nest", "wall"]).assign(
        inside=inside.transpose("individual", "region", "time")
    )
    turned = ds.isel(region=[1, 0])
    second = turned.assign_coords(recording="m2")
    table = ef.agreement(
        {"a": [ds, second], "b": [turned, ds.assign_coords(recording="m2")]}, draws=0
    )
    assert set(table.behaviour) == {"inside_nest", "inside_wall"}
    assert (table[table.measure == "kappa"].value == 1).all()


def test_two_recordings_that_may_be_one_are_refused():
    x = random(seed=1)
    a = [labels(recording=name, rear=x) for name in ("m1", "m1DLC_resnet")]
    b = [labels(recording=name, rear=x) for name in ("m1DLC_resnet", "m2")]
    with pytest.raises(DataError, match="several recordings of a may be 'm1DLC_resnet' of b"):
        ef.agreement({"a": a, "b": b}, draws=0)


def test_several_raters_have_each_their_own_clock():
    state = random(3000, seed=8)
    late = {"anna": 0.0, "ben": 3.7, "cara": -1.2}
    sources = {name: labels(rest=np.roll(state, round(by * 10))) for name, by in late.items()}
    found = ef.agreement(sources, offset="search", draws=0)
    given = ef.agreement(sources, offset={"ben": "3.7 s", "cara": -1.2}, draws=0)
    for table in (found, given):
        own = table[table.measure == "kappa"]
        assert own.value.tolist() == [1, 1, 1]
        assert own.offset.tolist() == pytest.approx([3.7, -1.2, -4.9])
    with pytest.raises(TypeError, match="ben is both first and second"):
        ef.agreement(sources, offset=3.7, draws=0)
    with pytest.raises(KeyError, match="'benn'.*Did you mean 'ben'"):
        ef.agreement(sources, offset={"benn": 3.7}, draws=0)


def test_offsets_that_do_not_add_up_are_said():
    rows = [{"a": "x", "b": "y", "offset": 1.0}, {"a": "y", "b": "z", "offset": 1.0},
            {"a": "x", "b": "z", "offset": -7.0}]  # fmt: skip
    (said,) = clocks.look_together(rows, 25)
    assert "x, y and z do not add up: 1 s and 1 s, and -7 s" in said
    rows[2]["offset"] = 2.1
    assert not list(clocks.look_together(rows, 25))
