"""tests/layers.sh, on small trees: it passes where the arrows are kept, and names what breaks
them."""

import os
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "lib"))

import tap  # noqa: E402

TESTS = os.path.dirname(os.path.realpath(__file__))
ROOT = os.path.dirname(TESTS)

SOUND = {
    "engine/base/span.h": "#include <stddef.h>\n",
    "engine/io/ring.c": '#include "io/ring.h"\n#include <liburing.h>\n',
    "engine/io/ring.h": '#include "base/span.h"\n',
    "engine/load/worker.c": '#include "worker.h"\n#include "io/ring.h"\n',
    "tools/brink.c": '#include "run/run.h"\n#include "out/out.h"\n',
}


def layers(extra=None, arrows=None):
    """The script on the sound tree with files added: exit code and what it printed."""
    with tempfile.TemporaryDirectory() as root:
        for path, text in {**SOUND, **(extra or {})}.items():
            os.makedirs(os.path.dirname(os.path.join(root, path)), exist_ok=True)
            with open(os.path.join(root, path), "w", encoding="ascii") as file:
                file.write(text)
        if arrows is None:
            shutil.copy(os.path.join(ROOT, "engine/LAYERS"), os.path.join(root, "engine/LAYERS"))
        done = subprocess.run([os.path.join(TESTS, "layers.sh"), root], capture_output=True,
                              text=True, check=False)
        return done.returncode, done.stdout + done.stderr


def broken(path, text, *words):
    """With this file in the tree it fails, and names the file."""
    code, said = layers({path: text})
    tap.equal(code, 1, f"exit code with {text!r} in {path} ({said.strip()})")
    for word in (path, *words):
        tap.contains(said, word, "what it says")


@tap.test
def a_sound_tree_passes():
    code, said = layers()
    tap.equal(code, 0, f"exit code ({said.strip()})")
    tap.contains(said, f"{len(SOUND)} files", "what it says")


@tap.test
def this_tree_passes():
    done = subprocess.run([os.path.join(TESTS, "layers.sh"), ROOT], capture_output=True,
                          text=True, check=False)
    tap.equal(done.returncode, 0, "exit code: " + done.stdout + done.stderr)


@tap.test
def an_include_against_the_arrows_is_named():
    broken("engine/base/err.c", '#include "io/ring.h"\n', "engine/base/err.c:1", "base", "io")
    broken("engine/io/addr.h", '#include "proto/h1.h"\n', "io", "proto")
    broken("engine/proto/h1.c", '\n#include "load/conn.h"\n', "engine/proto/h1.c:2")
    broken("engine/run/run.c", '#include "out/out.h"\n', "run", "out")
    broken("engine/load/conn.c", '#include "tools/options.h"\n', "load", "tools")


@tap.test
def blanks_in_a_directive_hide_nothing():
    broken("engine/stat/hist.c", '  #  include "io/ring.h"\n', "stat", "io")


@tap.test
def a_room_that_no_arrow_knows_is_named():
    broken("engine/attic/old.c", '#include "base/span.h"\n', "attic")


@tap.test
def liburing_outside_of_the_ring_is_named():
    broken("engine/load/conn.c", "#include <liburing.h>\n", "liburing")
    broken("tools/tool.c", "#include <liburing/io_uring.h>\n", "liburing")


@tap.test
def a_tree_without_arrows_or_sources_is_an_error():
    code, said = layers(arrows="none")
    tap.equal(code, 2, f"exit code ({said.strip()})")


tap.main()
