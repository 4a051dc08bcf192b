"""A picture for every plot function, drawn from its own example, and the page that shows them.

Run by `conf.py`; by itself ``python docs/gallery_pictures.py FOLDER`` draws them into a folder.
"""

from __future__ import annotations

import inspect
import sys
import warnings
from pathlib import Path

import matplotlib as mpl

from ethoflow.plot import plots
from ethoflow.plot.declare import TOPICS, Plot

HEAD = """\
# Gallery

A picture of every plot function, of simulated mice. Each is one call; what it gives is shown in a
notebook, where it can be zoomed and moved about. `picture.save("figure.svg")` writes SVG, PNG or
HTML that needs no network, and `picture.data` are the numbers that it draws. What is not known is
drawn as not known: a gap in a line, grey in an ethogram, an empty square. A behaviour has the same
colour in every picture.

What is clicked in `embedding_ethogram` is shown in both of its halves also in saved HTML, with no
Python behind it. What is drawn anew at a zoom (`traces` and `trajectories` of long recordings, an
`embedding` of more than a million frames) is so in a notebook alone: a saved page keeps what it
showed first. An ethogram has all its bouts in the page. `benchmarks/long_pictures.py` draws 24
hours at 30 frames per second.
"""


def draw_gallery(folder: Path) -> str:
    """Draw all examples into `folder`; gives the page that shows them."""
    mpl.use("agg")
    folder.mkdir(parents=True, exist_ok=True)
    found = plots()
    text = HEAD
    for topic in TOPICS:
        own = [one for one in found.values() if one.topic == topic]
        if own:
            text += f"\n## {topic.capitalize()}\n" + "".join(_show(one, folder) for one in own)
    return text


def _show(one: Plot, folder: Path) -> str:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        one.example().save(folder / f"{one.name}.png")
    words = inspect.cleandoc(one.function.__doc__ or "").split("\nParameters\n")[0].strip()
    code = f"```python\npicture = {one.code}\n```"
    return f"\n### {one.name}\n\n{words}\n\n{code}\n\n![{one.summary}](gallery/{one.name}.png)\n"


if __name__ == "__main__":
    print(draw_gallery(Path(sys.argv[1])))
