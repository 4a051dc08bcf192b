"""Encoders, one file each: (batch, component, frame) to (batch, latent, frame), NaN not seen.

Every encoder states `receptive_field`, the frames to either side that a frame depends on, and
`tile`: 1 where it is the same at every frame, otherwise the length of the tiles of the frame grid
that it runs on, so that the first frame it is given has to lie on a multiple of it.
"""
