"""Cards of clusters and other labels: all that is known of each, in small tables."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import xarray as xr

from ethoflow.errors import DataError, UnknownName, listed, no_such
from ethoflow.explain.fitting import Surrogate
from ethoflow.explain.poses import mean_poses
from ethoflow.explain.rows import ExplainNote, Rows, of_one, with_any
from ethoflow.explain.usage import sum_up, typical_bouts, use_by_group
from ethoflow.labels.comparison.sources import RATER
from ethoflow.learn.raters import LearnNote, choose_rater
from ethoflow.learn.samples import meet
from ethoflow.schema import Data, as_dataset, position_units


@dataclass(frozen=True)
class Cards:
    """What is known of every label, a table for each kind of knowledge.

    Attributes
    ----------
    surrogate
        Trees, scores and reasons.
    usage
        Mean share of the observed time, by label and group; `n_units` units are the sample.
    units
        The same of every unit.
    bouts
        How many there are, how many touch an unknown frame, their median length, and from where to
        where eight in ten lie.
    pose, motion
        Mean places of body parts before, now and after, and how the animal goes; empty without
        poses. In the unit `unit_of_length`; `roles` are those of the body parts.
    overlap
        With other labels: the share of the label's time in which the other is there, the share by
        chance (of all time), how many times more it is, and how far from chance in bits.
    nearest
        Of every label the others, the nearest first: distance of mean features, in standard
        deviations.
    examples
        Bouts of usual length to look at: recording, start, stop, label, and whose.
    """

    surrogate: Surrogate
    usage: pd.DataFrame
    units: pd.DataFrame
    bouts: pd.DataFrame
    pose: pd.DataFrame
    motion: pd.DataFrame
    overlap: pd.DataFrame
    nearest: pd.DataFrame
    examples: pd.DataFrame
    unit_of_length: str
    roles: Mapping[str, str] = field(default_factory=dict)

    @property
    def names(self) -> tuple[str, ...]:
        """The labels that there are cards of."""
        return tuple(self.bouts["behaviour"])

    def of(self, behaviour: str) -> dict[str, pd.DataFrame]:
        """The tables of one label.

        Raises
        ------
        UnknownName
            There is no card of it.
        """
        if behaviour not in self.names:
            raise UnknownName(no_such("card", behaviour, self.names))
        tables = {"scores": self.surrogate.scores, "reasons": self.surrogate.reasons}
        tables |= {name: getattr(self, name) for name in TABLES}
        own = {}
        for name, table in tables.items():
            column = "label" if name == "examples" else "behaviour"
            own[name] = table[table[column] == behaviour].reset_index(drop=True)
        return own

    @property
    def table(self) -> pd.DataFrame:
        """A row per label: what tells it, how much it is used, and what it overlaps with most."""
        rows = []
        for name in self.names:
            own = self.of(name)
            told = name in self.surrogate.behaviours
            words = self.surrogate.words(name, 3) if told else ["too few frames to explain it"]
            over = own["overlap"].sort_values("bits", ascending=False)
            over = over[over["enrichment"] > 1]
            near = own["nearest"]
            rows.append(
                {
                    "label": name,
                    "usage": " | ".join(f"{g} {u:.1%}" for g, u in
                                        zip(own["usage"]["group"], own["usage"]["usage"],
                                            strict=True)),
                    "bouts": int(own["bouts"]["n"].iloc[0]),
                    "median (s)": own["bouts"]["median (s)"].iloc[0],
                    "reasons": " | ".join(words),
                    "overlaps": " | ".join(f"{b} {s:.0%} ({e:.1f} x chance)" for b, s, e in
                                           zip(over["other"][:2], over["share"][:2],
                                               over["enrichment"][:2], strict=True)),
                    "nearest": near["nearest"].iloc[0] if len(near) else "",
                }
            )  # fmt: skip
        return pd.DataFrame(rows)


TABLES = ("usage", "units", "bouts", "pose", "motion", "overlap", "nearest", "examples")


def cards(
    surrogate: Surrogate,
    labels: Data,
    *,
    poses: Data | None = None,
    by: str | Sequence[str] | None = None,
    unit: str | None = None,
    animal: str | None = None,
    beside: Mapping[str, Data] | None = None,
    n_examples: int = 5,
) -> Cards:
    """Cards of the labels that a surrogate was fitted to.

    Usage counts all observed time of all labels, also of those that a recording never shows: they
    are 0 there. Poses, overlaps and distances are of the frames that the surrogate took, each
    counting as the frames it stands for.

    Parameters
    ----------
    surrogate
        What `ef.explain.surrogate` gives.
    labels
        The same labels.
    poses
        Poses, for the mean pose and motion; none by default.
    by, unit, animal
        Columns of the condition, the level that is the sample, and the column of animals, as for
        `ef.stats.compare`; all animals together by default.
    beside
        Other labels of the same recordings by their name, such as rules and people.
    n_examples
        How many example intervals of each label.

    Raises
    ------
    DataError
        The groups cannot be told by the metadata; labels do not fit, or are not those that the
        surrogate was fitted to.

    Warns
    -----
    ExplainNote
        The labels have other recordings than those that are explained: usage and bouts are of
        theirs.

    Examples
    --------
    >>> found = cards(model, clusters, by="treatment")  # doctest: +SKIP
    >>> found.usage[["behaviour", "group", "usage"]]  # doctest: +SKIP
    """
    rows = surrogate.rows
    ds = as_dataset(labels)
    if RATER in ds.dims or RATER in ds.coords:  # of the one who is explained
        ds, _ = choose_rater(ds, rows.rater)
    ds = of_one(ds)
    check_labels(rows, ds)
    names = list(rows.states)
    use, units = use_by_group(ds, names, by, unit, animal)
    bouts, examples = typical_bouts(ds, names, n_examples)
    pose, motion = (pd.DataFrame(columns=["behaviour"]) for _ in range(2))
    length = ""
    roles: dict[str, str] = {}
    if poses is not None:
        try:
            pose, motion = mean_poses(rows, poses)
            whole = as_dataset(poses)
            length = position_units(whole)
            if "role" in whole.coords:
                roles = dict(zip(map(str, whole.bodypart.values), map(str, whole.role.values),
                                 strict=True))  # fmt: skip
        except (DataError, KeyError) as reason:
            warnings.warn(f"no mean poses: {reason}", ExplainNote, stacklevel=2)
    return Cards(
        surrogate, sum_up(use, units, by), use, bouts, pose, motion,
        find_overlap(rows, beside or {}), find_nearest(rows), examples, length,
        roles,
    )  # fmt: skip


def check_labels(rows: Rows, labels: xr.Dataset) -> None:
    """Refuse labels that are not those of the rows; other recordings are told.

    Raises
    ------
    DataError
        They are others.
    """
    here = dict(_at_rows(rows, labels))
    there = set(map(str, np.atleast_1d(labels.recording.values))) if "recording" in labels.coords \
        else set(map(str, rows.frames.recording.values))  # fmt: skip
    known = np.isin(rows.recordings().astype(str), list(there))
    for name, state in rows.states.items():
        if name not in here or (differ := np.mean(here[name][known] != state[known])) > 0:
            found = "there is none" if name not in here else f"{differ:.1%} of its frames differ"
            raise DataError(
                f"these are not the labels that the surrogate was fitted to ({name}: {found}): fit "
                "it again, or give the same labels."
            )
    of = set(map(str, rows.frames.recording.values))
    if there != of:
        warnings.warn(
            f"usage and bouts are of the {len(there)} recordings of the labels, reasons and poses "
            f"of {len(of)}: {listed(sorted(there ^ of), 3)} are in one of them alone.",
            ExplainNote,
            stacklevel=3,
        )


def find_overlap(rows: Rows, beside: Mapping[str, Data]) -> pd.DataFrame:
    """How often others' labels are there with each label, against chance.

    Where either is unknown nothing counts. Chance is the share of the other label in all frames in
    which both are known.
    """
    found = []
    for source, labels in beside.items():
        try:
            others = _at_rows(rows, labels)
        except DataError as reason:
            warnings.warn(f"no overlap with {source}: {reason}", ExplainNote, stacklevel=3)
            continue
        for other, state in others:
            for behaviour, own in rows.states.items():
                known = (own >= 0) & (state >= 0)
                inside = known & (own == 1)
                if not inside.any():
                    continue
                share = float(np.average(state[inside], weights=rows.weight[inside]))
                chance = float(np.average(state[known], weights=rows.weight[known]))
                ratio = share / chance if chance else float("nan")
                found.append((behaviour, source, other, share, chance, ratio,
                              told(share, chance), int(inside.sum())))  # fmt: skip
    return pd.DataFrame(
        found,
        columns=["behaviour", "source", "other", "share", "chance", "enrichment", "bits", "rows"],
    )


def told(share: float, chance: float) -> float:
    """How far a share is from chance (relative entropy, bits).

    A ratio alone would put what is rare and never there before what is nearly always there.

    Examples
    --------
    >>> round(told(1.0, 0.25), 2), round(told(0.0, 0.03), 2)
    (2.0, 0.04)
    """
    from scipy.special import rel_entr

    there, absent = np.clip([share, chance], 0, 1), np.clip([1 - share, 1 - chance], 0, 1)
    return float((rel_entr(*there) + rel_entr(*absent)) / np.log(2))


def _at_rows(rows: Rows, labels: Data) -> list[tuple[str, np.ndarray]]:
    """Other labels in the frames that were taken: 1, 0, and -1 where they are not known."""
    ds = as_dataset(labels)
    if ds.sizes.get("partner", 0) > 2:  # with any of them
        ds = with_any(ds)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LearnNote)
        met = meet(rows.frames, of_one(ds), None, None, "individual")
    there = [str(name) for name in met.labels.recording.values]
    names = [str(name) for name in rows.frames.recording.values]
    found = []
    for other in met.behaviours:
        values = met.labels[other].transpose("recording", "individual", "time").values
        state = np.full(len(rows.weight), -1.0)
        for place, track in enumerate(rows.tracks):
            name = names[track.place[0]]
            if name in there:
                own = values[there.index(name), track.place[1], track.frames]
                state[rows.track == place] = np.where(np.isnan(own), -1, own)
        found.append((other, state))
    return found


def find_nearest(rows: Rows) -> pd.DataFrame:
    """Distances between labels: of mean features, in standard deviations, over the root of how many.

    Angles go by their cosine and sine.
    """  # noqa: E501
    x = np.concatenate([rows.x[~rows.circular], np.cos(rows.x[rows.circular]),
                        np.sin(rows.x[rows.circular])]).astype(float)  # fmt: skip
    mean = np.average(x, axis=1, weights=rows.weight)
    spread = np.sqrt(np.average((x - mean[:, np.newaxis]) ** 2, axis=1, weights=rows.weight))
    x = (x - mean[:, np.newaxis]) / np.where(spread > 0, spread, 1)[:, np.newaxis]
    shown = {n: s == 1 for n, s in rows.states.items() if (s == 1).any()}
    centres = {n: np.average(x[:, own], axis=1, weights=rows.weight[own])
               for n, own in shown.items()}  # fmt: skip
    found = [
        (one, other, float(np.sqrt(np.mean((centres[one] - centres[other]) ** 2))))
        for one in centres
        for other in centres
        if one != other
    ]
    table = pd.DataFrame(found, columns=["behaviour", "nearest", "distance"])
    order = {name: place for place, name in enumerate(centres)}
    return table.sort_values(["behaviour", "distance"], kind="stable",
                             key=lambda c: c.map(order) if c.name == "behaviour" else c
                             ).reset_index(drop=True)  # fmt: skip
