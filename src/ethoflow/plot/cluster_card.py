"""A card of a cluster, or of any other label: what tells it, how it looks and who uses it."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ethoflow.colours import PALETTE
from ethoflow.explain.describing import Cards
from ethoflow.explain.fitting import not_explained
from ethoflow.explain.reasons import plain
from ethoflow.plot import examples
from ethoflow.plot.declare import plot
from ethoflow.plot.picture import Picture
from ethoflow.plot.shap_bars import COLOURS, medians
from ethoflow.short_names import short_names
from ethoflow.skeleton import SEGMENTS
from ethoflow.stats.design import counted

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PALE = {"before": 0.25, "now": 1.0, "after": 0.55}
MOST_REASONS, MOST_OTHERS, MOST_EXAMPLES = 6, 6, 5


def _example() -> Picture:
    return cluster_card(examples.cards(), "moving")


@plot("reasons", example=_example, code='ef.plot.cluster_card(cards, "cluster_2")')
def cluster_card(cards: Cards, behaviour: str) -> Picture:
    """All that is known of a cluster or label on one page.

    Reasons with the medians of each feature with the label and elsewhere; the mean pose now (dark),
    0.3 s before (palest) and after, the animal's centre at 0 and its nose ahead to the right; the
    share of time by group, a point per unit and a line the mean; what other labels are there more
    or less often than by chance; and where to look. A label that the surrogate does not explain has
    no reasons, and says so.

    Parameters
    ----------
    cards
        What `ef.explain.cards` gives.
    behaviour
        Which label.

    Raises
    ------
    UnknownName
        There is no card of it.
    """
    from matplotlib.figure import Figure

    own = cards.of(behaviour)
    figure = Figure(figsize=(12.5, 7.4), layout="constrained")
    figure.suptitle(f"{plain(behaviour)}: {_facts(own)}", fontsize=12, x=0.01, ha="left")
    grid = figure.add_gridspec(2, 3, width_ratios=(1.5, 1.0, 1.0), hspace=0.09, wspace=0.05)
    _reasons(figure.add_subplot(grid[:, 0]), own, cards, behaviour)
    _pose(figure.add_subplot(grid[0, 1]), own["pose"], cards)
    _usage(figure.add_subplot(grid[0, 2]), own)
    _overlap(figure.add_subplot(grid[1, 1]), own["overlap"])
    _examples(figure.add_subplot(grid[1, 2]), own["examples"],
              short_names(cards.examples["recording"]))  # fmt: skip
    data = pd.concat([t.assign(table=n) for n, t in own.items() if len(t)], ignore_index=True)
    return Picture(figure, data)


def _facts(own: dict[str, pd.DataFrame]) -> str:
    """Bouts and scores in a line."""
    bouts = own["bouts"].iloc[0]
    near = f"; nearest: {plain(own['nearest']['nearest'].iloc[0])}" if len(own["nearest"]) else ""
    said = (
        f"{counted(int(bouts['n']), 'bout')} in {counted(int(bouts['recordings']), 'recording')}, "
        "median "
        f"{bouts['median (s)']:.3g} s (eight in ten: {bouts['from (s)']:.2g} to "
        f"{bouts['to (s)']:.2g} s){near}"
    )
    if len(own["scores"]):
        score = own["scores"].iloc[0]
        said += (
            f"\ntold in held-out frames with F1 {score['f1']:.2f} (chance "
            f"{score['f1_chance']:.2f}), AUC {score['auc']:.2f} (chance 0.50)"
        )
    return said


def _head(axis: Axes, text: str) -> None:
    axis.set_title(text, fontsize=10, loc="left", fontweight="bold")
    for side in ("top", "right"):
        axis.spines[side].set_visible(False)


def _say(axis: Axes, text: str) -> None:
    axis.set_axis_off()
    axis.text(0.0, 0.95, textwrap.fill(text, 48), va="top", fontsize=9, color="#7a4a00",
              transform=axis.transAxes)  # fmt: skip


def _reasons(axis: Axes, own: dict[str, pd.DataFrame], cards: Cards, behaviour: str) -> None:
    _head(axis, "what tells it: medians with it : elsewhere")
    scores, rows = own["scores"], own["reasons"].head(MOST_REASONS)
    if not len(scores) or not scores["explains"].iloc[0]:
        _say(axis, not_explained(scores.iloc[0]) if len(scores) else "too few frames to explain.")
        return
    n = len(rows)
    for place, row in enumerate(rows.to_dict("records")):
        at = n - 1 - place
        axis.barh(at - 0.22, row["importance"], height=0.3, color=COLOURS[row["direction"]])
        also = len([one for one in row["also"].split("; ") if one])
        more = f" (and {also} alike)" if also else ""
        name = textwrap.shorten(plain(row["feature"]), 60, placeholder=" ...")
        direction = {"between": "in between", "around": "a direction"}.get(
            row["direction"], row["direction"]
        )
        axis.text(0, at + 0.03, f"{name}\n{direction}, "
                  f"{medians(row)}{more}", fontsize=8.5, va="bottom")  # fmt: skip
    axis.set(yticks=[], ylim=(min(-0.5, n - 5.5), max(n - 0.3, 0.7)))
    axis.set_xlabel("mean size of what it adds (log odds)", fontsize=9)
    axis.spines["left"].set_visible(False)
    axis.tick_params(labelsize=8)


def _pose(axis: Axes, table: pd.DataFrame, cards: Cards) -> None:
    _head(axis, "mean pose: before, now (dark), after")
    if not len(table) or not np.isfinite(table["x"]).any():
        _say(axis, "no poses were given, or none is seen.")
        return
    links = _links(cards, list(dict.fromkeys(table["bodypart"])))
    for moment, alpha in PALE.items():
        own = table[table["moment"] == moment].set_index("bodypart")
        for one, other in links:
            ends = own.loc[[one, other]]
            axis.plot(ends["x"], ends["y"], color=PALETTE[0], alpha=alpha, lw=2,
                      solid_capstyle="round")  # fmt: skip
        axis.plot(own["x"], own["y"], "o", color=PALETTE[0], alpha=alpha, ms=3.5, mew=0)
        nose = [part for part in own.index if part == _nose(cards)]
        axis.plot(own.loc[nose, "x"], own.loc[nose, "y"], "o", color=PALETTE[1], alpha=alpha, ms=6,
                  mew=0)  # fmt: skip
    axis.set_aspect("equal", adjustable="datalim")
    axis.invert_yaxis()
    axis.set_xlabel(f"ahead ({cards.unit_of_length})", fontsize=9)
    axis.set_ylabel(f"aside ({cards.unit_of_length})", fontsize=9)
    axis.tick_params(labelsize=8)


def _links(cards: Cards, parts: list[str]) -> list[tuple[str, str]]:
    roles = _roles(cards)
    names = {role: part for part, role in roles.items() if part in parts}
    return [(names[a], names[b]) for a, b in SEGMENTS if a in names and b in names]


def _roles(cards: Cards) -> dict[str, str]:
    return dict(cards.roles)


def _nose(cards: Cards) -> str:
    return next((part for part, role in _roles(cards).items() if role == "nose"), "")


def _usage(axis: Axes, own: dict[str, pd.DataFrame]) -> None:
    units, means = own["units"], own["usage"]
    unit = means["unit"].iloc[0] if len(means) else ""
    _head(axis, f"share of time, a point per {unit}")
    random = np.random.default_rng(0)
    groups = list(means["group"])
    for place, group in enumerate(groups):
        values = units.loc[units["group"] == group, "usage"].to_numpy(float) * 100
        beside = place + random.uniform(-0.14, 0.14, len(values))
        axis.plot(beside, values, "o", color=PALETTE[place % len(PALETTE)], ms=5, alpha=0.8, mew=0)
        mean = np.nanmean(values) if np.isfinite(values).any() else np.nan
        axis.plot([place - 0.28, place + 0.28], [mean, mean], color="black", lw=2)
    counts = [f"{textwrap.fill(str(g), 14)}\n{counted(int(n), unit)}"
              for g, n in zip(groups, means["n_units"], strict=True)]  # fmt: skip
    axis.set_xticks(range(len(groups)), counts, fontsize=8)
    axis.set_xlim(-0.6, max(len(groups), 1) - 0.4)
    axis.set_ylim(0, max(axis.get_ylim()[1] * 1.06, 1e-3))
    axis.set_ylabel("share of observed time (%)", fontsize=9)
    axis.tick_params(axis="y", labelsize=8)


def _overlap(axis: Axes, table: pd.DataFrame) -> None:
    _head(axis, "with other labels, against chance")
    known = table[np.isfinite(table["enrichment"])] if len(table) else table
    if not len(known):
        _say(axis, "no other labels were given, or none is shown.")
        return
    known = known.sort_values("bits", ascending=False).head(MOST_OTHERS)
    known = known.sort_values("enrichment", ascending=False)
    several = table["source"].nunique() > 1
    n = len(known)
    for place, row in enumerate(known.to_dict("records")):
        at, ratio = n - 1 - place, float(np.clip(row["enrichment"], 1 / 16, 16))
        axis.barh(at, np.log2(ratio), height=0.62, color=PALETTE[2] if ratio >= 1 else "#9A9A9A")
        right = ratio >= 1
        name = plain(row["other"]) + (f" ({row['source']})" if several else "")
        axis.text(-0.12 if right else 0.12, at, name, fontsize=8.5, va="center",
                  ha="right" if right else "left")  # fmt: skip
        axis.text(np.log2(ratio) + (0.1 if right else -0.1), at, f"{row['share']:.0%}",
                  fontsize=8.5, va="center", ha="left" if right else "right")  # fmt: skip
    axis.axvline(0, color="black", lw=1)
    ticks = [-4, -2, 0, 2, 4]
    axis.set_xticks(ticks, ["1/16", "1/4", "chance", "4 x", "16 x"], fontsize=8)
    axis.set(yticks=[], xlim=(-5.4, 5.4), ylim=(-0.6, n - 0.4))
    axis.set_xlabel("share of its frames, over that of all", fontsize=9)
    axis.spines["left"].set_visible(False)


def _examples(axis: Axes, table: pd.DataFrame, short: Mapping[str, str]) -> None:
    _head(axis, "where to look")
    axis.set_axis_off()
    rows = table.head(MOST_EXAMPLES).to_dict("records")
    cells = [[_cut(short[str(r["recording"])]),
              f"{r['start']:.2f} to {r['stop']:.2f} s", str(r["individual"])]
             for r in rows]  # fmt: skip
    if not cells:
        _say(axis, "there are no bouts.")
        return
    drawn: Any = axis.table(cells, colLabels=["recording", "time", "animal"], loc="upper left",
                            cellLoc="left", edges="horizontal",
                            colWidths=[0.37, 0.41, 0.26])  # fmt: skip
    drawn.auto_set_font_size(False)
    drawn.set_fontsize(8)
    drawn.scale(1, 1.45)


def _cut(name: str, longest: int = 16) -> str:
    """The end of a long name: recordings differ there more often than at the beginning.

    Examples
    --------
    >>> _cut("mouse_07"), _cut("habituation_of_cohort_3_mouse_07")
    ('mouse_07', '...hort_3_mouse_07')
    """
    return name if len(name) <= longest else f"...{name[-longest + 1 :]}"
