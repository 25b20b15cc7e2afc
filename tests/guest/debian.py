"""debian: kernels of Debian releases other than this machine's, for guests to boot: the package is
fetched by apt from the mirror that apt is configured for, and unpacked below build/guest.

    kernel = debian.kernel("bookworm-backports", "6.12")    .image, .tree, .release

Nothing of the machine's own apt is changed: sources, lists and cache are in that folder too."""

import glob
import os
import re
import shutil
import subprocess

import tap

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))
CACHE = os.path.join(ROOT, "build/guest")
PACKAGE = "linux-image-cloud-amd64"
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"


class Kernel:
    """An unpacked package: the image to boot, and the tree whose lib/modules has its modules."""

    def __init__(self, tree):
        self.tree = tree
        self.image, = glob.glob(tree + "/boot/vmlinuz-*")
        self.release = os.path.basename(self.image)[len("vmlinuz-"):]


def kernel(suite, version):
    """That of a suite, which must be of this version. Fetched once, until build is cleaned."""
    tree = os.path.join(CACHE, "kernel-" + version)
    if not os.path.isdir(tree):
        fetch(suite, version, tree)
    return Kernel(tree)


def fetch(suite, version, tree):
    options = apt_options(suite)
    run("apt-get", *options, "-qq", "update")
    told = run("apt-cache", *options, "show", PACKAGE)
    names = re.findall(r"^Depends: (linux-image-\S+)", told, re.M)
    chosen = next((name for name in names if name.startswith(f"linux-image-{version}.")), None)
    tap.check(chosen, f"{suite} has no kernel {version}, but {names}")
    part = tree + ".part"
    shutil.rmtree(part, ignore_errors=True)
    os.makedirs(part)
    run("apt-get", *options, "-qq", "download", chosen, cwd=part)
    package, = glob.glob(part + "/*.deb")
    run("dpkg-deb", "--extract", package, part)
    os.unlink(package)
    run(tap.need_command("depmod"), "-b", part, Kernel(part).release)
    os.rename(part, tree)


def apt_options(suite):
    """Of an apt that knows this suite alone."""
    sites = run("apt-get", "indextargets", "--format", "$(SITE)", "Created-By: Packages",
                "Label: Debian", "Component: main").split()
    if not sites:
        raise tap.Skip("apt is not configured for Debian's own packages here")
    own = os.path.join(CACHE, "apt-" + suite)
    for folder in ("lists/partial", "archives/partial"):
        os.makedirs(os.path.join(own, folder), exist_ok=True)
    with open(own + "/sources.list", "w", encoding="ascii") as file:
        file.write(f"deb [arch=amd64 signed-by={KEYRING}] {sites[0]} {suite} main\n")
    settings = {"Dir::Etc::sourcelist": own + "/sources.list",
                "Dir::Etc::sourceparts": "/dev/null", "Dir::State::lists": own + "/lists",
                "Dir::Cache": own, "APT::Architecture": "amd64", "APT::Sandbox::User": "root"}
    return [word for name, value in settings.items() for word in ("-o", f"{name}={value}")]


def run(*command, cwd=None):
    done = subprocess.run(command, capture_output=True, text=True, cwd=cwd)
    tap.check(done.returncode == 0, f"{' '.join(command)}: {done.stderr.strip()}")
    return done.stdout
