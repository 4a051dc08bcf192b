"""The device that a worker uses networks on."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import ethoflow as ef
from ethoflow.errors import DataError
from ethoflow.networks.kept import networks_of
from ethoflow.networks.placing import VARIABLE, device_here, using

SMALL = {"steps": 10, "again": 1}


@pytest.mark.parametrize("name", ["gpu", "cuda:99", "cuda:x", "cpu:1"])
def test_a_device_that_is_not_there_is_named(monkeypatch, name):
    monkeypatch.setenv(VARIABLE, name)
    with pytest.raises(DataError, match=f"{VARIABLE} is '{name}'"):
        device_here()


def test_nothing_said_is_the_processor(monkeypatch):
    monkeypatch.delenv(VARIABLE, raising=False)
    assert device_here() == "cpu"
    monkeypatch.setenv(VARIABLE, "")
    assert device_here() == "cpu"
    with using("cpu"):
        assert torch.is_inference_mode_enabled()


def test_a_prediction_goes_where_it_is_told(monkeypatch):
    poses = ef.simulate.simulate_recording(duration="40 s", seed=1).tracks
    model = ef.cluster.fit(poses, 3, settings=SMALL)
    found = model.predict(poses).cluster.values
    monkeypatch.setenv(VARIABLE, "cuda")
    if not torch.cuda.is_available():
        with pytest.raises(DataError, match="finds 0 GPUs"):
            model.predict(poses).cluster.load()
        return
    there = model.predict(poses).cluster.values
    assert next(networks_of(model.model, ("encoder",), "cuda")[0].parameters()).is_cuda
    assert (np.asarray(there) == found).mean() > 0.999
