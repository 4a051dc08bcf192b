"""Where things are: scale, arenas, and positions in millimetres."""
