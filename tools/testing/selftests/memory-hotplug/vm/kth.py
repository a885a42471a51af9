# SPDX-License-Identifier: GPL-2.0-only
"""Makes the k-th allocation of one write to a file fail, for k = 1, 2, 3 ...

Owns the program that does so in the guest, and the verdict on what it says. The
kernel counts the allocations of the one task that asks for it (/proc/PID/fail-nth);
here it counts those below vfs_write() only, so that the shell's own do not matter.
"""

from dataclasses import dataclass

import shortage
from ranges import errno_name

PROGRAM = "/tmp/kth"
EACH = 20               # so many are tried before steps count
LIMIT = 3000            # an operation that needs more allocations is a mistake of ours

# Lines "K STATUS LEFT TOLD SHOWN MAPPED RETRY SHOWN MAPPED TEXT": the status of the write,
# what is left of K (not 0: it needs fewer allocations), how many lines of the log say why,
# checksums of what files show and of page tables; the status of a second try, or of undoing
# what was done all the same, and checksums after that. After a second try there are none
# ("-"), for speed: what it leaves shows at the next k, or at the end. TEXT is what the shell
# said. The lines "start", "done", "start" and, at the end, "end" have the checksums to expect.
SCRIPT = r"""
shown() {
	{
		cat /proc/iomem /sys/kernel/debug/memblock/memory
		grep -E 'Node|spanned|present|managed' /proc/zoneinfo
		cd /sys/devices/system
		echo memory/* memory/*/* node/*/* ../virtual/memory_tiering/*
		grep -s . memory/memory*/state memory/memory*/valid_zones node/has_* node/online \
			../virtual/memory_tiering/*/nodelist
		cat /proc/[0-9]*/comm 2>/dev/null | grep -E '^(kswapd|kcompactd)' | sort
		for cpu in 1 2; do
			taskset $cpu sh -c "$VALID" 2>&1
		done
	} | busybox md5sum | cut -c1-12
}

mapped() {
	sed -n '/Linear/,/Linear Mapping end/p;/vmemmap start/,/vmemmap end/p' \
		/sys/kernel/debug/kernel_page_tables | busybox md5sum | cut -c1-12
}

# one task: the write is a builtin's
attempt() {
	echo $1 > /proc/self/fail-nth
	eval "$DO"
	status=$?
	read left < /proc/self/fail-nth
	echo 0 > /proc/self/fail-nth
	echo
	echo "$status $left"
}

again() {
	eval "$DO" 2>/dev/null
	status=$?
	[ $status = 0 ] && eval "$UNDO"
}

echo "start $(shown) $(mapped)"
eval "$DO" || exit 1
echo "done $(shown) $(mapped)"
eval "$UNDO" || exit 1
echo "start $(shown) $(mapped)"
k=1
while [ $k -le $LIMIT ]; do
	dmesg -c > /dev/null
	said=$(attempt $k 2>&1)
	told=$(dmesg | grep -c "not [a-z]*, error -[0-9]*: [a-z]\|refused, error -")
	set -- ${said##*
}
	text=${said%%
*}
	line="$k $1 $2 $told $(shown) $(mapped)"
	if [ $1 = 0 ]; then
		eval "$UNDO" || exit 1
		echo "$line 0 $(shown) $(mapped) $text"
	else
		again
		echo "$line $status - - $text"
		[ $status = 0 ] || exit 2
	fi
	[ $2 = 0 ] || break
	k=$((k < EACH ? k + 1 : k + STEP))
done
echo "end $(shown) $(mapped)"
[ $k -le $LIMIT ]
"""


def prepare(guest, caller="vfs_write"):
    """Allocations of any size and kind count, below one function only.

    The pages that slabs are made of do not: whether one is needed depends on what came
    before, and then k would not mean the same allocation each time.
    """
    guest.put(PROGRAM, SCRIPT.encode(), executable=True)
    settings = {"probability": 0, "stacktrace-depth": 32, "ignore-gfp-wait": "N",
                "verbose": 0} | between("require", shortage.symbol_range(guest, caller))
    slabs = between("reject", shortage.symbol_range(guest, "new_slab"))
    set_up(guest, "failslab", settings)
    set_up(guest, "fail_page_alloc",
           settings | slabs | {"ignore-gfp-highmem": "N", "min-order": 0})


def between(name, limits):
    return dict(zip((f"{name}-start", f"{name}-end"), limits))


def set_up(guest, folder, settings):
    guest.check(f"cd /sys/kernel/debug/{folder} && " + " && ".join(
        f"echo {value} > {name}" for name, value in settings.items()))


@dataclass
class Try:
    """One k: what was said, and which of the four checksums are as they have to be."""
    k: int
    error: str              # "0", or the errno's name
    reached: bool           # did the k-th allocation happen, and fail?
    told: int               # lines of the log that say why
    sums: tuple
    retried: bool
    sums_later: tuple


def parse(line):
    k, status, left, told, *rest = line.split(" ", 9)
    shown, mapped, retry, later, mapped_later, text = (rest + [""])[:6]
    return Try(int(k), errno_name(int(status), text), left == "0", int(told), (shown, mapped),
               retry == "0", (later, mapped_later))


class Loop:
    """The outcome of one operation, made to fail again and again."""

    def __init__(self, status, out, errors):
        lines, self.errors = out.splitlines(), errors
        self.status, self.text = status, out
        marks = [tuple(line.split()[1:]) for line in lines
                 if line.startswith(("start ", "done "))]
        self.start, self.done = (marks + [None, None])[:2]
        self.settled = len(marks) == 3 and marks[0] == marks[2]
        self.ended = self.start and f"end {' '.join(self.start)}" in lines
        tries = [parse(line) for line in lines if line[:1].isdigit()]
        self.tries = [one for one in tries if one.reached]
        self.through = len(tries) > len(self.tries) > 0
        self.refused = [one for one in self.tries if one.error != "0"]
        self.survived = [one for one in self.tries if one.error == "0"]

    def wrong_errno(self):
        return {one.k: one.error for one in self.refused if one.error not in self.errors}

    def changed(self):
        """k of refusals that left a trace."""
        return [one.k for one in self.refused if one.sums != self.start]

    def untold(self):
        """k of refusals of which the log does not say why; of adding there are two lines if
        it could not be onlined. The first allocation may be for the text that is written,
        before anybody of ours knows of it."""
        return [one.k for one in self.refused if one.k > 1 and one.told not in (1, 2)]

    def half_done(self):
        """k that were said to be done, where files do not show what they should."""
        return [one.k for one in self.survived if one.sums[0] != self.done[0]]

    def stuck(self):
        """k after which a second try failed, or undoing left a trace."""
        return [one.k for one in self.tries
                if not one.retried or one.sums_later not in (self.start, ("-", "-"))]

    def summary(self):
        found = {"wrong errno": self.wrong_errno(), "refused but changed": self.changed(),
                 "refused, and the log does not say why": self.untold(),
                 "said to be done but is not": self.half_done(), "stuck": self.stuck()}
        bad = "; ".join(f"{name} {ks}" for name, ks in found.items() if ks)
        return (f"{len(self.tries)} allocations failed in turn: {len(self.refused)} refused,"
                f" {len(self.survived)} done all the same; {bad or 'all clean'}")


def run(guest, do, undo, pages, step=1, timeout=400):
    """Runs do with its k-th allocation failing, until there are fewer than k.

    Above EACH, only every step-th k is tried.

    do and undo are shell commands, do a single echo into a file; pages is the
    command that says which pages of the range are valid.
    """
    # KASAN's listener, out of memory, only says that it is bad
    silent = guest.run("grep -qw kasan_mem_notifier /proc/kallsyms")[0] == 0
    return Loop(*guest.run(f"DO='{do}' UNDO='{undo}' VALID='{pages}' LIMIT={LIMIT}"
                           f" EACH={EACH} STEP={step} sh {PROGRAM}", timeout=timeout),
                ("ENOMEM", "EPERM") if silent else ("ENOMEM",))
