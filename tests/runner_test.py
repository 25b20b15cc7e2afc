"""tests/run, on small trees of fake programs: what counts, what fails, what is killed."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

TESTS = os.path.dirname(os.path.realpath(__file__))
sys.path.insert(0, os.path.join(TESTS, "lib"))

import tap  # noqa: E402

PASSES = "echo 1..2; echo ok 1 - one; echo ok 2 - two"
FAILS = "echo 1..2; echo ok 1 - one; echo 'not ok 2 - two'; echo '# because'; exit 1"


def runner(programs, *args, timeout_s=None):
    """Runs tests/run on a tree of shell scripts; returns its exit code and its lines."""
    with tempfile.TemporaryDirectory() as root:
        for name in ("run", "lib"):
            source = os.path.join(TESTS, name)
            copy = shutil.copytree if os.path.isdir(source) else shutil.copy
            os.makedirs(os.path.join(root, "tests"), exist_ok=True)
            copy(source, os.path.join(root, "tests", name))
        for name, script in programs.items():
            plant(root, name, script)
        if timeout_s:
            change(os.path.join(root, "tests/run"), "TIMEOUT_S = 240", f"TIMEOUT_S = {timeout_s}")
            change(os.path.join(root, "tests/lib/programs.py"), "GRACE_S = 5", "GRACE_S = 0.2")
        command = [os.path.join(root, "tests/run"), "--build", root + "/build/m", *args]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode, (done.stdout + done.stderr).splitlines()


def plant(root, name, script):
    """unit/test_x: a source and a binary that is this script; other names: a Python script."""
    if name.startswith("unit/"):
        write(os.path.join(root, "tests", name + ".c"), "")
        binary = os.path.join(root, "build/m/tests", name)
        write(binary, "#!/bin/sh\n" + script + "\n")
        os.chmod(binary, 0o755)
    else:
        write(os.path.join(root, "tests", name),
              f"import os\nos.execv('/bin/sh', ['sh', '-c', {script!r}])\n")


def write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="ascii") as file:
        file.write(text)


def change(path, old, new):
    with open(path, encoding="ascii") as file:
        text = file.read()
    tap.contains(text, old, path)
    write(path, text.replace(old, new))


def ends(result, code, last):
    tap.equal((result[0], result[1][-1]), (code, last), "exit code and last line of\n"
              + "\n".join(result[1]))


@tap.test
def tests_are_counted_over_all_programs():
    ends(runner({"unit/test_a": PASSES, "unit/test_b": PASSES, "e2e/c.py": PASSES,
                 "honesty/d.py": PASSES, "net/e.py": PASSES, "f_test.py": PASSES}),
         0, "12 passed, 0 failed, 0 skipped")


@tap.test
def a_failed_test_is_shown_with_its_output():
    result = runner({"unit/test_a": FAILS, "unit/test_b": PASSES})
    ends(result, 1, "3 passed, 1 failed, 0 skipped")
    text = "\n".join(result[1])
    for part in ("not ok 2 - two", "# because", "failed: unit/test_a"):
        tap.contains(text, part, "the output")


@tap.test
def an_end_that_does_not_fit_the_tests_is_a_failure():
    cases = {
        "exit 3": "exit code 3",
        PASSES + "; exit 1": "exit code 1",
        PASSES + "; kill -SEGV $$": "died of SIGSEGV",
        "echo 1..3; echo ok 1 - one": "3 tests planned, 1 reported",
        "true": "reported no test at all",
    }
    for script, why in cases.items():
        code, lines = runner({"unit/test_a": script})
        tap.equal(code, 1, f"exit code with {script}")
        tap.contains("\n".join(lines), why, f"the output with {script}")
        tap.check(re.search(r", 1 failed, 0 skipped$", lines[-1]), lines[-1])


@tap.test
def what_was_not_built_is_a_failure():
    with tempfile.TemporaryDirectory() as root:
        shutil.copytree(os.path.join(TESTS, "lib"), root + "/tests/lib")
        shutil.copy(os.path.join(TESTS, "run"), root + "/tests/run")
        write(root + "/tests/unit/test_missing.c", "")
        done = subprocess.run([root + "/tests/run", "--build", root + "/build/m"],
                              capture_output=True, text=True, check=False)
    tap.equal(done.returncode, 1, "exit code")
    tap.contains(done.stdout, "was it built?", "the output")


@tap.test
def skips_are_listed_with_their_reasons():
    programs = {
        "unit/test_a": "echo SKIP: no data; exit 77",
        "unit/test_b": "echo ok 1 - one; echo 'ok 2 - two # SKIP no root'; echo 1..2",
        "unit/test_c": "echo '1..0 # SKIP no kernel'",
    }
    result = runner(programs)
    ends(result, 0, "1 passed, 0 failed, 3 skipped")
    for line in ("  unit/test_a: no data", "  unit/test_b: two: no root",
                 "  unit/test_c: no kernel"):
        tap.check(line in result[1], f"{line!r} is not in {result[1]}")


@tap.test
def where_all_must_run_a_skip_fails_unless_allowed():
    programs = {"unit/test_a": "echo SKIP: no data; exit 77", "unit/test_b": PASSES}
    ends(runner(programs, "--require-all"), 1, "2 passed, 0 failed, 1 skipped")
    ends(runner(programs, "--require-all", "--may-skip", "no root", "--may-skip", "no data$"),
         0, "2 passed, 0 failed, 1 skipped")
    ends(runner(programs, "--require-all", "--may-skip", "no root"),
         1, "2 passed, 0 failed, 1 skipped")


@tap.test
def nothing_is_not_a_success():
    ends(runner({}), 1, "0 passed, 0 failed, 0 skipped")
    ends(runner({"unit/test_a": PASSES}, "--only", "nowhere"), 1, "0 passed, 0 failed, 0 skipped")
    ends(runner({"unit/test_a": "echo SKIP: no; exit 77"}), 1, "0 passed, 0 failed, 1 skipped")


@tap.test
def only_chooses_by_name():
    ends(runner({"unit/test_a": PASSES, "e2e/b.py": FAILS}, "--only", "unit/"),
         0, "2 passed, 0 failed, 0 skipped")


@tap.test
def a_program_that_hangs_is_killed_with_all_it_started():
    with tempfile.NamedTemporaryFile("r") as pids:
        hang = f"sleep 300 & echo $! >{pids.name}; echo $$ >>{pids.name}; wait"
        start = time.monotonic()
        result = runner({"e2e/a.py": hang}, timeout_s=1)
        tap.between(time.monotonic() - start, 1, 5, "seconds")
        ends(result, 1, "0 passed, 1 failed, 0 skipped")
        for pid in pids.read().split():
            tap.await_true(lambda pid=pid: gone(pid), 2, f"process {pid} is gone")


@tap.test
def what_a_program_leaves_behind_is_killed():
    with tempfile.NamedTemporaryFile("r") as pids:
        result = runner({"e2e/a.py": f"sleep 300 & echo $! >{pids.name}; {PASSES}"})
        ends(result, 0, "2 passed, 0 failed, 0 skipped")
        pid = pids.read().strip()
        tap.await_true(lambda: gone(pid), 2, f"process {pid} is gone")


def gone(pid):
    """Ended, or a zombie that its new parent has not looked at yet."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as file:
            return file.read().rsplit(")", 1)[1].split()[0] == "Z"
    except OSError:
        return True


@tap.test
def scripts_and_check_programs_get_their_environment():
    show = 'echo 1..1; test "{}" && echo ok 1 - set'
    script = show.format("$BRINK") + ' && test "${BRINK_LONG:-no}" = no && test "$PYTHONPATH"'
    program = show.format("$CK_TAP_LOG_FILE_NAME") + ' && test "$CK_FORK" = no'
    ends(runner({"unit/test_a": program, "e2e/b.py": script}), 0, "2 passed, 0 failed, 0 skipped")
    long = 'echo 1..1; test "$BRINK_LONG" = 1 && echo ok 1 - long'
    ends(runner({"e2e/b.py": long}, "--long"), 0, "1 passed, 0 failed, 0 skipped")


tap.main()
