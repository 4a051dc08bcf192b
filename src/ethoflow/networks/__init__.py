"""Networks over time that classifiers and clusterers share: layers, training, and how one is kept.

A network is given a signal, float32 (batch, component, frame), NaN where nothing was seen, and
gives numbers for every frame of it. It knows no more than torch: neither xarray nor Dask.
"""
