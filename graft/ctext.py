# SPDX-License-Identifier: GPL-2.0-only
"""C text, as far as finding a function in it takes. Parses no C."""

import re

OPAQUE = re.compile(r"""//[^\n]* | /\*.*?\*/ | "(?:\\.|[^"\\\n])*" | '(?:\\.|[^'\\\n])*'
                        | ^[ \t]*\#(?:\\\n|/\*.*?\*/|[^\n])*""", re.S | re.M | re.X)
HEADING = re.compile(r"^(?!.*;)[A-Za-z_][^\n(=]*?\b(\w+)[ \t]*\(", re.M)
BODY = re.compile(r"\s*(?:__\w+(?:\([^()]*\))?\s*)*\{")


def masked(text):
    """The text with comments, strings and directives blanked; offsets stay."""
    return OPAQUE.sub(lambda m: re.sub(r"[^\n]", " ", m[0]), text)


def closing(code, start, pair):
    """Offset behind the bracket that closes the one at start, or None."""
    depth = 0
    for at in re.finditer("[" + re.escape(pair) + "]", code[start:]):
        depth += 1 if at[0] == pair[0] else -1
        if depth == 0:
            return start + at.end()
    return None


def spans(text, name):
    """(start, body, end) of all definitions of a function: offsets of the return
    type, behind the opening brace, and behind the closing one."""
    code, found = masked(text), []
    for call in re.finditer(rf"\b{re.escape(name)}\s*\(", code):
        arguments = closing(code, call.end() - 1, "()")
        body = arguments and BODY.match(code, arguments)
        end = body and closing(code, body.end() - 1, "{}")
        if end:
            before = max(code.rfind(";", 0, call.start()), code.rfind("}", 0, call.start()))
            start = re.compile(r"\s*").match(code, before + 1).end()
            found.append((start, body.end(), end))
    return found


def definitions(text, name):
    """The texts of all definitions of a function, return type to brace."""
    return [text[start:end] + "\n" for start, _, end in spans(text, name)]


def name_run(code, lines, first, last, taken):
    """A name for a run of lines that lasts when lines above it come and go."""
    offset = sum(map(len, lines[:first]))
    inside = HEADING.search(code, offset, offset + sum(map(len, lines[first:last])))
    if inside:
        name = inside[1]
    else:
        above = [m[1] for m in HEADING.finditer(code, 0, offset)]
        name = f"below:{above[-1]}" if above else "top"
    taken[name] = taken.get(name, 0) + 1
    return name if taken[name] == 1 else f"{name}/{taken[name]}"
