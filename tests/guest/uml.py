"""uml: runs a command in a User-Mode Linux guest (Debian's user-mode-linux, kernel 6.1) whose root
is this host's, read-only, with the modules of the kernel's TLS loaded."""

import os
import subprocess
import tempfile

import tap

UML = "/usr/bin/linux.uml"
MODULES = "/usr/lib/uml/modules"
LOADED = "tls ghash-generic gcm ctr chacha20poly1305 chacha_generic poly1305_generic"
MARK = "the guest's command ended with "


def need():
    if not os.path.exists(UML) or not os.path.isdir(MODULES):
        raise tap.Skip("no User-Mode Linux here (Debian package user-mode-linux)")
    tap.need_command("modprobe")


def run(command, folder, seconds=220, memory="768M"):
    """(exit code, output) of a shell command in the guest, started in `folder`; the code is None
    where the guest did not come to its end."""
    with tempfile.TemporaryDirectory(prefix="brink-uml-") as own:
        os.makedirs(os.path.join(own, "lib"))
        os.symlink(MODULES, os.path.join(own, "lib/modules"))
        init = os.path.join(own, "init")
        with open(init, "w", encoding="ascii") as file:
            file.write(f"""#!/bin/sh
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/run
mount -t proc proc /proc; mount -t sysfs sys /sys; mount -t tmpfs run /run
export TMPDIR=/run
ip link set lo up; ulimit -n 100000
for module in {LOADED}; do modprobe -d {own} $module; done
cd {folder}; {command}
echo "{MARK}$?"
echo o > /proc/sysrq-trigger
while :; do read -r nothing < /proc/self/fd/0; done
""")
        os.chmod(init, 0o755)
        words = [UML, f"mem={memory}", f"uml_dir={own}", "root=/dev/root", "rootfstype=hostfs",
                 "rootflags=/", "ro", f"init={init}", "con=null", "con0=fd:0,fd:1", "console=tty0",
                 "quiet"]
        environment = dict(os.environ, TMPDIR="/dev/shm" if os.path.isdir("/dev/shm") else own)
        try:
            done = subprocess.run(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, timeout=seconds, env=environment,
                                  start_new_session=True)
            out = done.stdout.decode(errors="replace")
        except subprocess.TimeoutExpired as late:
            out = (late.stdout or b"").decode(errors="replace")
    ends = [line for line in out.splitlines() if line.startswith(MARK)]
    return (int(ends[-1][len(MARK):]) if ends else None), out
