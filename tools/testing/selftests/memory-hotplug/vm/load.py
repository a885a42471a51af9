# SPDX-License-Identifier: GPL-2.0-only
"""Memory that is taken and given back all the time, while something else is tested."""

STOP = "/tmp/stop"
JOB = ("while [ ! -e {stop} ]; do dd if=/dev/zero of=/tmp/load.{name} bs=1M count={mib}"
       " 2> /dev/null; ls -lR /sys/bus > /dev/null; rm -f /tmp/load.{name}; done;"
       " rm -f /tmp/load.{name}")


class Load:
    """A job for each CPU: a file of so many MiB, and programs that begin and end."""

    def __init__(self, guest, mib, cpus=2):
        self.guest = guest
        self.jobs = [guest.start(JOB.format(stop=STOP, name=cpu, mib=mib))
                     for cpu in range(cpus)]

    def end(self):
        self.guest.check(f"touch {STOP}")
        for job in self.jobs:
            job.wait(60)
        self.guest.check(f"rm {STOP}")
