"""Code is identified by value: a digest of a declared function and of all it reaches.

Two functions have one digest when they say the same: the same instructions, defaults and settings,
and the same values under the names they look up, in closures, globals and modules of the user's
own, wherever they lie and in whichever process. Of libraries the name and the version count. What
is read from a file while the function runs, or found by `getattr` under a computed name, is not
seen.
"""

from ethoflow.engine.identity.declared import identify

__all__ = ["identify"]
