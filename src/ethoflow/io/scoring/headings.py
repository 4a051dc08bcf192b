"""What the columns of a table of bouts are about, by their headings."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple, TypeAlias

Unit: TypeAlias = Literal["s", "ms", "min", "clock", "frame", ""]
Kind: TypeAlias = Literal[
    "start",
    "stop",
    "duration",
    "behaviour",
    "rater",
    "recording",
    "individual",
    "partner",
    "modifier",
    "fps",
    "aside",
    "",
]


class Heading(NamedTuple):
    """Kind of a column, unit of its times, and whether a stop is the last of the bout itself."""

    kind: Kind
    unit: Unit = ""
    is_last: bool = False


_EDGES: dict[str, Kind] = {
    **dict.fromkeys(
        (
            "start",
            "starts",
            "starting",
            "begin",
            "begins",
            "beginning",
            "onset",
            "from",
            "first",
            "t0",
            "tstart",
            "tbegin",
            "tonset",
            "anfang",
            "beginn",
            "debut",
            "inicio",
            "inizio",
        ),
        "start",
    ),
    **dict.fromkeys(
        (
            "stop",
            "stops",
            "end",
            "ends",
            "ending",
            "offset",
            "to",
            "until",
            "last",
            "finish",
            "t1",
            "tstop",
            "tend",
            "toffset",
            "ende",
            "fin",
            "fine",
        ),
        "stop",
    ),
    **dict.fromkeys(
        ("duration", "dur", "length", "dauer", "duree", "duracion", "durata"), "duration"
    ),
}
_PLAIN_EDGES = "start|stop|begin|end|first|last|onset|offset"
_UNITS: dict[str, Unit] = {
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds", "sekunden"), "s"),
    **dict.fromkeys(("ms", "msec", "msecs", "millis", "millisecond", "milliseconds"), "ms"),
    **dict.fromkeys(("min", "mins", "minute", "minutes"), "min"),
    **dict.fromkeys(("frame", "frames", "frm", "frameno", "framenumber", "idx"), "frame"),
}
_FILLING = {
    "time",
    "times",
    "timestamp",
    "t",
    "at",
    "of",
    "in",
    "the",
    "bout",
    "bouts",
    "event",
    "behaviour",
    "behavior",
    "behavioural",
    "behavioral",
    "annotation",
    "interval",
    "label",
    "number",
    "no",
    "nr",
    "index",
    "position",
    "pos",
    "point",
    "video",
    "zeit",
    "action",
}
_THING = {
    "name",
    "names",
    "id",
    "ids",
    "file",
    "filename",
    "path",
    "no",
    "number",
    "nr",
    "code",
    "label",
    "stem",
}
_WHAT: tuple[tuple[Kind, tuple[str, ...]], ...] = (
    (
        "recording",
        (
            "recording",
            "dlc",
            "csv",
            "video",
            "media",
            "movie",
            "clip",
            "session",
            "film",
            "source video",
            "video media",
            "observation",
            "file",
            "tracking",
            "track",
        ),
    ),
    (
        "individual",
        (
            "individual",
            "animal",
            "subject",
            "mouse",
            "rat",
            "fly",
            "fish",
            "bird",
            "monkey",
            "agent",
            "actor",
            "focal",
            "focal subject",
            "focal animal",
            "ear tag",
            "eartag",
            "tag",
            "rodent",
            "mice",
            "participant",
        ),
    ),
    (
        "partner",
        (
            "partner",
            "partner animal",
            "target",
            "recipient",
            "receiver",
            "other animal",
            "target mouse",
            "target animal",
            "stimulus animal",
            "object",
        ),
    ),
    (
        "rater",
        (
            "rater",
            "experimenter",
            "annotator",
            "observer",
            "scorer",
            "coder",
            "scored by",
            "annotated by",
            "coded by",
            "labeller",
            "labeler",
        ),
    ),
    (
        "behaviour",
        (
            "behaviour",
            "behavior",
            "action",
            "annotation",
            "event",
            "type",
            "class",
            "label",
            "activity",
            "behaviour type",
            "behavior type",
            "event type",
            "behaviour class",
            "behavior class",
            "annotation value",
            "tier annotation",
            "value",
            "verhalten",
            "comportement",
            "default",
        ),
    ),
    ("modifier", ("modifier", "modifiers")),
    ("fps", ("fps", "frame rate", "framerate", "frames per second", "fps frame s")),
)
_ASIDE = (
    "",
    "unnamed",
    "index",
    "row",
    "bout",
    "bout no",
    "no",
    "nr",
    "number",
    "n",
    "count",
    "comment",
    "comments",
    "note",
    "notes",
    "remark",
    "remarks",
    "description",
    "bemerkung",
    "free text",
    "text",
    "created",
    "modified",
    "cut",
    "color",
    "colour",
    "key",
)
_ROW_NUMBERS = r"unnamed( \d+)*|(bout|event|row|annotation|interval) (id|no|nr|number|index|count)"


def words_of(heading: str) -> tuple[list[str], Unit]:
    """Words of a heading in lower case, and what it says of the unit.

    Examples
    --------
    >>> words_of("StartTime [hh:mm:ss]"), words_of("onset_ms"), words_of("Begin Time - msec")
    ((['start', 'time'], 'clock'), (['onset'], 'ms'), (['begin', 'time'], 'ms'))
    """
    said = re.search(r"[(\[{]([^)\]}]*)[)\]}]|\s-\s+(.+)$", heading)
    inside = "" if said is None else (said[1] or said[2] or "").strip().lower()
    bare = heading if said is None else heading[: said.start()] + heading[said.end() :]
    bare = re.sub(r"([a-z0-9])([A-Z])", r"\1 \2", bare)
    words = re.findall(r"[^\W_]+", bare.lower())
    unit: Unit = _unit_of(inside)
    if unit == "" and inside:
        words += re.findall(r"[^\W_]+", inside)
    for word in list(words):
        if word in _UNITS and len(words) > 1 and unit in ("", _UNITS[word]):
            unit = _UNITS[word]
            words.remove(word)
    return words, unit


def _unit_of(text: str) -> Unit:
    plain = text.replace(" ", "").rstrip(".")
    if re.search(r"h{1,2}:m|m{1,2}:s|^time$", plain):
        return "clock"
    if plain in ("ss.msec", "ss.ms", "s.ms", "ss"):
        return "s"
    return _UNITS.get(plain, "")


def heading_of(heading: str) -> Heading:
    """The kind of a column by its heading alone; empty where it is not known.

    Examples
    --------
    >>> heading_of("Onset (s)"), heading_of("mouse_id").kind
    (Heading(kind='start', unit='s', is_last=False), 'individual')
    """
    words, unit = words_of(heading)
    through = re.fullmatch(r"(time|frame|t|bout|event)?[ _]?(in|out)", heading.strip().lower())
    if through:
        kind: Kind = "start" if through[2] == "in" else "stop"
        return Heading(kind, "frame" if through[1] == "frame" else "")
    edge = _edge_of(words, unit)
    if edge is not None:
        return edge
    plain = " ".join(words)
    if plain in _ASIDE or re.fullmatch(_ROW_NUMBERS, plain):
        return Heading("aside")
    return Heading(_what(words))


def _edge_of(words: Sequence[str], unit: Unit) -> Heading | None:
    """A start, stop or duration; None where the words say something else, or more than that."""
    if words in (["frames"], ["n", "frames"], ["number", "frames"]):
        return Heading("duration", "frame")
    if unit == "frame" and words == ["n"]:
        return Heading("duration", "frame")
    rest = [word for word in words if word not in _FILLING] or list(words)
    if len(rest) != 1:
        return None
    joined = re.fullmatch(rf"({_PLAIN_EDGES})(time|frame)?", rest[0])
    edge = _EDGES.get(joined[1] if joined else rest[0])
    if edge is None:
        return None
    if (joined and joined[2] == "frame") or (rest[0] in ("t0", "t1") and not unit):
        unit = "frame"
    return Heading(edge, unit, rest[0].startswith("last"))


def _what(words: Sequence[str]) -> Kind:
    plain = " ".join(words)
    short = " ".join(_without(words))
    for kind, names in _WHAT:
        if plain in names or (short in names and short):
            return kind
        if any(_is_with(plain, name) for name in names):
            return kind
    if re.fullmatch(r"modifiers?( \d+)?", plain):
        return "modifier"
    return "aside" if set(words) & {"comment", "comments", "notes", "remarks"} else ""


def _without(words: Iterable[str]) -> list[str]:
    return [word for word in words if word not in _THING]


def _is_with(plain: str, name: str) -> bool:
    """Whether a heading is a name with what it is a name of run together, as in ``videofile``."""
    return plain in {name + thing for thing in _THING}


def counts_time(heading: str) -> Unit | None:
    """Unit of a column that numbers frames or gives times, and not of which end; else None.

    Examples
    --------
    >>> counts_time("Frame"), counts_time("time (ms)"), counts_time("onset")
    ('frame', 'ms', None)
    """
    words, unit = words_of(heading)
    if words in (["frame"], ["frames"], ["frame", "number"], ["frame", "index"], ["frame", "no"]):
        return "frame"
    return unit if words in (["time"], ["times"], ["timestamp"], ["t"]) else None


def is_bout_table(names: Sequence[str]) -> bool:
    """Whether a table with these headings has a row per bout.

    That is so with a start, or a time, and with a stop or a duration.
    """
    kinds = [heading_of(name).kind for name in names]
    begins = "start" in kinds or any(counts_time(name) is not None for name in names)
    return begins and ("stop" in kinds or "duration" in kinds)
