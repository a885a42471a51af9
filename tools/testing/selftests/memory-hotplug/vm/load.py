# SPDX-License-Identifier: GPL-2.0-only
"""What goes on all the time, while something else is tested."""

import re

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


# Of Again: a count is replaced as a whole, so that it can be read at any time.
AGAIN = ("n=0; while [ ! -e /tmp/enough ]; do {command}; n=$((n+1)); echo $n > /tmp/count.new.{name};"
         " mv /tmp/count.new.{name} /tmp/again.{name}; sleep {pause}; done")


class Again:
    """Things that are done again and again, each by a program of its own.

    files     {name: (pause in milliseconds, "read FILE OFFSET BYTES" or "write FILE TEXT ...")},
              see again.c
    commands  {name: (pause in seconds, shell command)}; what becomes of it does not matter
    """

    def __init__(self, guest, files, commands=None):
        self.guest = guest
        for name, (pause, what) in files.items():
            guest.start(f"again /tmp/again.{name} {pause} {what}")
        self.jobs = [guest.start(AGAIN.format(name=name, pause=pause, command=command))
                     for name, (pause, command) in (commands or {}).items()]

    def rounds(self):
        """{name: how often}"""
        text = self.guest.check("grep -H . /tmp/again.* || true")
        return {name: int(count) for name, count in re.findall(r"again\.(\w+):(\d+)", text)}

    def end(self):
        """{name: how often} up to now."""
        done = self.rounds()
        self.guest.check("touch /tmp/enough; while pidof again > /dev/null; do sleep 0.1; done;"
                         " sleep 1")
        for job in self.jobs:
            job.wait(60)
        self.guest.check("rm -f /tmp/enough /tmp/again.*")
        return done


def in_words(done, wanted):
    """Each of the wanted has to have got somewhere."""
    stuck = set(wanted) - set(done)
    assert not stuck, f"these got nowhere: {stuck}"
    return ", ".join(f"{name} {count}" for name, count in done.items())
