"""Published figures of agreement, from the files they were made of."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import ethoflow as ef
from ethoflow.labels.comparison import AgreementNote

pytestmark = [
    pytest.mark.filterwarnings("ignore::ethoflow.labels.comparison.AgreementNote"),
    pytest.mark.filterwarnings("ignore::ethoflow.io.scoring.LabelNote"),
]


def test_three_experts_and_a_novice(real_data):
    folder = real_data / "freezing-behaviordepot/demo7"
    raters = ("expert1", "expert2", "expert3", "novice")
    table = ef.agreement({name: folder / f"hB_{name}.mat" for name in raters}, draws=200)
    found = table[table.measure == "kappa"].set_index(["a", "b"])
    experts = found[~found.index.get_level_values("b").isin(["novice"])]
    assert len(experts) == 3
    assert experts.value.between(0.905, 0.945).all()
    novice = found.drop(experts.index)
    assert novice.value.between(0.59, 0.625).all()
    assert (found.low < found.value).all()
    assert (found.value < found.high).all()
    assert found.n_units.unique().tolist() == [14]


COUNTS = {
    "bouts_hit": "True postives",
    "bouts_false": "False postives",
    "bouts_missed": "False negatives",
    "hit_precision": "Precision",
    "hit_recall": "Recall",
    "hit_f1": "F1 Score",
}


def dance(real_data):
    """The workbook of bouts, and what was published of it."""
    folder = real_data / "fly-courtship-labels-dance/classification_metrices_table/Sample_input"
    published = pd.read_csv(folder / "output_CM_Table.csv").set_index("Sheet Name")
    return folder / "WingExt_decap_Workbook.xlsx", published


def by_recording(table, source):
    return table[table.b == source].pivot(index="recording", columns="measure", values="value")


def test_the_published_rows_of_a_classifier(real_data):
    book, published = dance(real_data)
    sources = {name: ef.read_labels(book, fps=30, rater=name) for name in ("manual", "JAABA")}
    with pytest.warns(AgreementNote, match="says how long was watched"):
        table = ef.agreement(sources, by="recording", draws=0)
    found = by_recording(table, "JAABA")
    assert len(found) == 15
    for measure, column in COUNTS.items():
        np.testing.assert_allclose(
            found.loc[published.index, measure], published[column], atol=1e-9, err_msg=measure
        )


@pytest.mark.slow
def test_all_raters_of_a_workbook(real_data):
    """For Matebook the authors count intervals whose ends touch, which share no frame."""
    book, published = dance(real_data)
    table = ef.agreement(book, "manual", fps=30, by="recording", draws=0)
    assert table.b.unique().tolist() == ["JAABA", "Matebook"]
    found = by_recording(table, "Matebook").loc[published.index, "bouts_hit"]
    hits = found - published["True positives (MB)"]
    assert hits.abs().max() <= 1
    assert (hits == 0).sum() >= 12


@pytest.mark.slow
def test_a_classifier_against_the_raters_of_a_cohort(real_data):
    folder = real_data / "oft-csi-cohort-ethz"
    scores = folder / "labels/AllLabDataOFT_final.csv"
    names = sorted(set(ef.list_labels(scores).recording))
    raters = ("Jin", "Oliver", "Furkan")
    people = {name: ef.read_labels(scores, fps=25, rater=name) for name in raters}
    classifier = [
        ef.read_labels(folder / f"CSVinput/{name}.csv", fps=25, background="absent")
        for name in names
    ]
    sources = {**people, "classifier": classifier}
    rename = {"Supported": "rear", "Unsupported": "rear"}
    table = ef.agreement(
        sources, list(raters), "classifier", rename=rename, offset="search", draws=200
    )
    f1 = table[table.measure == "f1"].set_index("a")
    assert f1.n_units.unique().tolist() == [20]
    np.testing.assert_allclose(f1.offset, -299 / 25, atol=1.5 / 25)
    for rater, value in (("Oliver", 0.97), ("Jin", 0.87), ("Furkan", 0.86)):
        assert f1.value[rater] == pytest.approx(value, abs=0.016)
    with pytest.warns(AgreementNote, match="classifier agrees much better with Jin when"):
        raw = ef.agreement(sources, "Jin", "classifier", rename=rename, draws=0)
    assert float(raw[raw.measure == "f1"].value.iloc[0]) < 0.45
