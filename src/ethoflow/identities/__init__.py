"""Identities: who is who over a whole recording. Suspected swaps, and a list of corrections."""
