"""kTLS, in a User-Mode Linux guest whose kernel has it: runs tests/guest/ktls_inside.py there and
passes on what it says."""

import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "../guest"))

import brink
import certs
import tap
import uml

ROOT = os.path.realpath(os.path.join(os.path.dirname(os.path.realpath(__file__)), "../.."))


@tap.test
def the_kernel_seals_and_opens_records_in_a_guest():
    uml.need()
    if tap.SANITIZER:
        raise tap.Skip("a sanitizer does not run in User-Mode Linux")
    authority = certs.Authority()
    certificate, key = authority.make("server")
    command = (f"BRINK={os.path.realpath(brink.PATH)} BRINK_TEST_CA={authority.ca} "
               f"BRINK_TEST_CERT={certificate} BRINK_TEST_KEY={key} "
               f"{sys.executable} tests/guest/ktls_inside.py")
    code, said = uml.run(command, ROOT)
    lines = re.findall(r"^(?:not )?ok .*$", said, re.M)
    for line in lines + re.findall(r"^# user memory.*$", said, re.M):
        print("#", line)
    tap.check(code is not None, "the guest did not come to its end:\n" + said[-3000:])
    failed = re.findall(r"^not ok .*\n(?:# .*\n)?", said, re.M)
    tap.check(code == 0 and not failed, f"in the guest: {' '.join(failed)}\nexit code {code}:\n{said[-6000:]}")
    tap.check(len(lines) >= 20, f"only {len(lines)} tests ran")


tap.main()
