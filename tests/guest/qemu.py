"""qemu: runs a command in a guest of qemu that has another kernel than this host, on any CPU (TCG:
no KVM). The guest's root is the host's, read-only, by virtiofs; /run is its own.

    code, said = qemu.run(kernel, "uname -r", folder)"""

import glob
import os
import shutil
import subprocess
import tempfile

import tap

QEMU = "qemu-system-x86_64"
VIRTIOFSD = ("/usr/lib/qemu/virtiofsd", "/usr/libexec/virtiofsd")
BUSYBOX = "busybox"
MARK = "the guest's command ended with "
TRIES = 2  # of a guest that does not come to its end

FIRST = """#!/bin/busybox sh
for module in /modules/*.ko; do [ ! -e $module ] || /bin/busybox insmod $module; done
/bin/busybox mount -t virtiofs -o ro host /root
exec /bin/busybox switch_root /root {init}
"""

INIT = """#!/bin/sh
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/run TMPDIR=/run
mount -t proc proc /proc; mount -t sysfs sys /sys; mount -t devtmpfs dev /dev
mount -t tmpfs run /run
mount -t cgroup2 cgroup2 /sys/fs/cgroup; mount -t bpf bpf /sys/fs/bpf
mount -t debugfs debugfs /sys/kernel/debug; mount -t tracefs tracefs /sys/kernel/tracing
printf '#!/bin/sh\\nexec modprobe -d {tree} "$@"\\n' > /run/modprobe; chmod +x /run/modprobe
echo /run/modprobe > /proc/sys/kernel/modprobe
ip link set lo up; ulimit -n 100000
cd {folder}; {command}
echo "{mark}$?"
echo b > /proc/sysrq-trigger
while :; do sleep 1; done
"""


def need():
    tap.need_root("share the host's files with a guest")
    for name in (QEMU, BUSYBOX, "modprobe", "depmod"):
        tap.need_command(name)
    if not any(map(os.path.exists, VIRTIOFSD)):
        raise tap.Skip("virtiofsd is not installed (Debian package qemu-system-common)")


def run(kernel, command, folder, seconds=600, memory="1G"):
    """(exit code, output) of a shell command in the guest, started in `folder`; the code is None
    where the guest did not come to its end, each time that it was tried. qemu itself ends well
    even when the guest panics, hence the mark."""
    for _ in range(TRIES):
        with tempfile.TemporaryDirectory(prefix="brink-qemu-") as own:
            write(own + "/init", INIT.format(tree=kernel.tree, folder=folder, command=command,
                                             mark=MARK))
            pack(kernel, own)
            said = boot(kernel, own, seconds, memory)
        ends = [line for line in said.splitlines() if line.startswith(MARK)]
        if ends:
            return int(ends[-1][len(MARK):]), said
    return None, said


def write(path, text):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    os.chmod(path, 0o755)


def pack(kernel, own):
    """The first root: what it takes to mount the shared one."""
    first = own + "/first"
    for folder in ("bin", "dev", "modules", "root"):
        os.makedirs(f"{first}/{folder}")
    shutil.copy(tap.need_command(BUSYBOX), first + "/bin/busybox")
    for number, module in enumerate(modules(kernel, "virtio_pci", "virtiofs")):
        shutil.copy(module, f"{first}/modules/{number:02}.ko")
    write(first + "/init", FIRST.format(init=own + "/init"))
    names = [os.path.relpath(path, first) for path in
             sorted(glob.glob(first + "/**", recursive=True))]
    with open(own + "/initrd", "wb") as out:
        subprocess.run([BUSYBOX, "cpio", "-o", "-H", "newc"], cwd=first, stdout=out, check=True,
                       input="\n".join(names).encode(), stderr=subprocess.DEVNULL)


def modules(kernel, *names):
    """Files to load, in order, without those that are built in."""
    asked = [tap.need_command("modprobe"), "-d", kernel.tree, "-S", kernel.release,
             "--show-depends", "-a", *names]
    told = subprocess.run(asked, capture_output=True, text=True, check=True).stdout
    lines = [line.split() for line in told.splitlines()]
    return list(dict.fromkeys(words[1] for words in lines if words[0] == "insmod"))


def boot(kernel, own, seconds, memory):
    """What the guest wrote to its console."""
    socket = own + "/share"
    share = [next(filter(os.path.exists, VIRTIOFSD)), "--socket-path=" + socket, "-o",
             "source=/", "-o", "sandbox=chroot", "-o", "cache=always"]
    with subprocess.Popen(share, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL) as server:
        try:
            tap.await_true(lambda: os.path.exists(socket), 10, "virtiofsd listens")
            return console(words(kernel, own, socket, memory), seconds)
        finally:
            server.kill()


def words(kernel, own, socket, memory):
    return [QEMU, "-M", "pc,memory-backend=mem", "-accel", "tcg,thread=multi", "-cpu",
            "max,-cx16", "-smp", "1", "-m", memory, "-object",
            f"memory-backend-memfd,id=mem,size={memory},share=on", "-chardev",
            "socket,id=share,path=" + socket, "-device", "vhost-user-fs-pci,chardev=share,tag=host",
            "-nodefaults", "-display", "none", "-serial", "stdio", "-no-reboot", "-kernel",
            kernel.image, "-initrd", own + "/initrd", "-append",
            "console=ttyS0 reboot=t panic=-1 tsc=reliable mitigations=off quiet"]


def console(command, seconds):
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=seconds)
        out = done.stdout
    except subprocess.TimeoutExpired as late:
        out = late.stdout or b""
    return out.decode(errors="replace").replace("\r\n", "\n")
