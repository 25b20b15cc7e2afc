"""io_uring that fails, by strace's injection: a clear message, a retry or a fallback; no crash,
no hang. Refused outright it must say by name what forbids it: containers commonly do."""

import os
import subprocess
import tempfile

import brink
import servers
import tap

NO_LEAKS = {"ASAN_OPTIONS": "detect_leaks=0"}  # LeakSanitizer does not work under ptrace


def need_strace():
    strace = tap.need_command("strace")
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run([strace, "-o", os.path.join(folder, "log"), "true"],
                              capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise tap.Skip(f"strace cannot attach here: {done.stderr.strip()}")
    return strace


def inject(call, fault, *flags):
    """A run of 200 requests with the fault injected; also how often it was."""
    strace = need_strace()
    with servers.Target() as target, tempfile.TemporaryDirectory() as folder:
        log = os.path.join(folder, "log")
        prefix = [strace, "-f", "-o", log, "-e", f"trace={call}", "-e", f"inject={call}:{fault}"]
        result = brink.run(["run", target.url + "/", "-n", "200", "-c", "8", "--timeout", "2s",
                            "--format", "json", "--accept-saturated", *flags],
                           prefix=prefix, env=NO_LEAKS)
        with open(log, encoding="utf-8", errors="replace") as lines:
            injected = sum("(INJECTED)" in line for line in lines)
    tap.check(injected > 0, f"nothing was injected: {result}")
    return result


def says(result, *words):
    tap.check(result.code == 1, f"exit code 1 expected: {result}")
    tap.equal(result.out, "", "standard output")
    for word in words:
        tap.contains(result.err, word, "the message")


def all_answered(result):
    summary = brink.summary_of(result)
    tap.equal(result.code, 0, f"exit code: {result}")
    tap.equal(brink.outcomes(summary), {"ok": 200}, "outcomes")


@tap.test
def a_forbidden_ring_names_what_forbids_it():
    result = inject("io_uring_setup", "error=EPERM")
    says(result, "io_uring_setup", "io_uring_disabled", "seccomp")


@tap.test
def a_ring_without_memory_says_so():
    says(inject("io_uring_setup", "error=ENOMEM"), "io_uring_setup", "memory")


@tap.test
def a_kernel_without_rings_is_told():
    says(inject("io_uring_setup", "error=ENOSYS"), "io_uring", "kernel")


@tap.test
def flags_that_the_kernel_does_not_know_are_left_out():
    for refusals in (1, 2, 3):
        all_answered(inject("io_uring_setup", f"error=EINVAL:when=1..{refusals}"))


@tap.test
def an_enter_that_should_be_tried_again_is():
    for error in ("EAGAIN", "EBUSY", "EINTR"):
        for when in ("1..3", "2+7", "5..20"):
            all_answered(inject("io_uring_enter", f"error={error}:when={when}"))


@tap.test
def an_enter_that_never_works_is_an_end_and_no_hang():
    """Whatever the kernel says for ever, the run ends with a code that says so."""
    for error in ("EBADF", "ENXIO"):
        result = inject("io_uring_enter", f"error={error}:when=10+", "-d", "2s")
        tap.check(result.code in (1, 3, 6, 70), f"a failure expected: {result}")
        tap.check(result.err or result.out, f"no word about {error}: {result}")


@tap.test
def a_registration_that_fails_is_done_without_or_told():
    for when in ("1+", "1", "2", "3", "4", "5"):
        result = inject("io_uring_register", f"error=ENOMEM:when={when}")
        if result.code == 0:
            all_answered(result)
        else:
            says(result, "memory")


tap.main()
