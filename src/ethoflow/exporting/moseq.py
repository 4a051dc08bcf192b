"""Input of keypoint-MoSeq: coordinates and confidences by name, frames first."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ethoflow.schema import Data, DataError, as_dataset, own_frames


def to_keypoint_moseq(
    data: Data,
) -> tuple[dict[str, npt.NDArray[np.float64]], dict[str, npt.NDArray[np.float64]], list[str]]:
    """Coordinates, confidences and body parts, as keypoint-MoSeq's ``format_data`` takes them.

    Coordinates have the shape (frame, body part, 2 or 3), confidences (frame, body part), under the
    name of the recording; with several animals under ``recording_animal``. Missing is NaN.

    Parameters
    ----------
    data
        Tracks or poses of one recording or of a cohort.

    Raises
    ------
    DataError
        Two animals of different recordings would have one name.

    Examples
    --------
    >>> from ethoflow import simulate
    >>> coordinates, _, parts = to_keypoint_moseq(simulate.still_then_running())
    >>> [values.shape[1:] == (len(parts), 2) for values in coordinates.values()]
    [True]
    """
    ds = as_dataset(data, needs=["position"])
    if "recording" not in ds.coords:
        ds = ds.assign_coords(recording="recording")
    cohort = ds if "recording" in ds.dims else ds.expand_dims("recording")
    coordinates, confidences = {}, {}
    for row, name in enumerate(map(str, np.atleast_1d(ds.recording.values))):
        one = own_frames(cohort.isel(recording=row)).load()
        animals = [str(animal) for animal in np.atleast_1d(one.animal.values)]
        seated = [i for i, animal in enumerate(animals) if animal]
        for i in seated or [0]:
            key = name if len(seated) < 2 else f"{name}_{animals[i]}"
            if key in coordinates:
                raise DataError(f"two animals would be called {key!r}: rename one.")
            place = one.position.isel(individual=i).transpose("time", "bodypart", "space")
            coordinates[key] = place.values.astype(np.float64)
            if "confidence" in one:
                score = one.confidence.isel(individual=i).transpose("time", "bodypart")
                confidences[key] = score.values.astype(np.float64)
    return coordinates, confidences, [str(part) for part in ds.bodypart.values]
