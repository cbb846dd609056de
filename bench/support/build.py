"""Builds the programs of bench/CMakeLists.txt, as shipped, in a tree of their own: nobody's release build changes."""

import os
import subprocess

from .servers import ROOT

_TREE = os.path.join(ROOT, "build", "bench")


def program(target):
    """The path of an up-to-date program."""
    for command in (["cmake", "--preset", "release", "-B", _TREE, "-DFRONTDOOR_BENCH=ON", "-DFRONTDOOR_TESTS=ON"],
                    ["cmake", "--build", _TREE, "--target", target]):
        done = subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True)
        if done.returncode:
            raise SystemExit(f"{' '.join(command)}:\n{done.stdout[-4000:]}")
    return os.path.join(_TREE, "bench", target)
