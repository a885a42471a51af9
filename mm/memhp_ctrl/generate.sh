#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# generate.sh - make C of Documentation/netlink/specs/memhp.yaml
#
# usage: generate.sh TREE OUTPUT --mode {uapi|kernel} {--header|--source}
#
# TREE is a kernel source; its generator (tools/net/ynl) does the work, for the kernel
# and for those who speak to it. It takes no specification with another licence than its
# own, so that it gets a copy; what comes out is under ours: for programs, that of the
# specification, which lets any program include it; for the kernel, the kernel's. Needs Debian's python3-yaml
# and python3-jsonschema.
set -eu

tree=$1
output=$2
shift 2
spec=$(dirname "$0")/../../Documentation/netlink/specs/memhp.yaml
theirs='((GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause)'
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# the generator finds the schema above the specification, and the tree by MAINTAINERS
mkdir -p "$work/Documentation/netlink/specs"
touch "$work/MAINTAINERS"
cp "$tree/Documentation/netlink/genetlink.yaml" "$work/Documentation/netlink/"
copy=$work/Documentation/netlink/specs/memhp.yaml
sed "1s|:.*|: $theirs|" "$spec" >"$copy"
python3 -B "$tree/tools/net/ynl/ynl-gen-c.py" --spec "$copy" "$@" \
	-o "$work/${output##*/}"
case " $* " in
*" uapi "*) ours=$(sed -n '1s|.*License-Identifier: ||p' "$spec") ;;
*) ours='GPL-2.0-only' ;;
esac
mkdir -p "$(dirname "$output")"
sed "1s|$theirs|$ours|" "$work/${output##*/}" >"$output.new"
mv "$output.new" "$output"
