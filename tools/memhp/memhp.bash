# SPDX-License-Identifier: GPL-2.0-only
# Completion of memhp in bash. Uuids, owners and windows are those there are now.

_memhp_values()		# COMMAND KEY: what "memhp COMMAND" shows under a key of its JSON
{
	memhp "$1" --json 2>/dev/null |
		sed -n "s/.*\"$2\": \"\{0,1\}\([^\",}]*\).*/\1/p"
}

_memhp_options()
{
	local all="--help --json --human --verbose"

	case $1 in
	list) echo "$all --owner" ;;
	attach) echo "$all --owner --uuid --node --policy --window --memmap --cookie" \
		--no-wait --distance ;;
	detach) echo "$all --deadline --range" ;;
	abort) echo "--help --verbose" ;;
	policy) echo "$all --deadline" ;;
	watch) echo "$all --progress --count --timeout" ;;
	audit) echo "$all --all --file" ;;
	quota) echo "$all --bytes --segments --pending --metadata" ;;
	topology) echo "--text --json --svg --root --help" ;;
	windows) echo "$all" ;;
	*) echo "$all --version" ;;
	esac
}

# The command, and how many words behind it are no options.
_memhp_place()
{
	local i

	command="" plain=0
	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		-*) ;;
		*) if [ -z "$command" ]; then
			command=${COMP_WORDS[i]}
		   else
			plain=$((plain + 1))
		   fi ;;
		esac
	done
}

_memhp_words()
{
	case $1 in
	"") echo "windows list attach detach abort watch topology audit policy quota" ;;
	list|detach|abort) [ "$2" -gt 0 ] || _memhp_values list uuid ;;
	policy) if [ "$2" -gt 0 ]; then
			echo "offline online online_kernel online_movable"
		else
			_memhp_values list uuid
		fi ;;
	quota) [ "$2" -gt 0 ] || _memhp_values quota owner ;;
	esac
}

_memhp()
{
	local current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}
	local command plain words

	_memhp_place
	case $before in
	--policy|-p) words="offline online online_kernel online_movable" ;;
	--memmap) words="any outside inside" ;;
	--owner|-o) words=$(_memhp_values quota owner) ;;
	--window|-w) words=$(_memhp_values windows start) ;;
	--file|--root|-f) COMPREPLY=($(compgen -f -- "$current")); return ;;
	*) case $current in
	   -*) words=$(_memhp_options "$command") ;;
	   *) words=$(_memhp_words "$command" "$plain") ;;
	   esac ;;
	esac
	COMPREPLY=($(compgen -W "$words" -- "$current"))
}

complete -F _memhp memhp
