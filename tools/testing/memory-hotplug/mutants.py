# SPDX-License-Identifier: GPL-2.0-only
"""The list of mutants for mutate.py: what to break, and what that means.

The text must be found exactly once in kpgtable.c. Sentences complete "the
tests notice when ...".
"""

from typing import NamedTuple


class Mutant(NamedTuple):
    """One way to break kpgtable.c."""

    ids: str
    sentence: str
    old: str
    new: str


MUTANTS = [
    # order of stores, barriers and invalidations
    Mutant("MAP-02", "a new table is linked without a barrier before it",
           "val = kpgt_build(t, m, v->level + 1, v->start, v->end);\n"
           "\tt->ops->order(t);\n",
           "val = kpgt_build(t, m, v->level + 1, v->start, v->end);\n"),
    Mutant("MAP-02", "a shared table is linked without a barrier before it",
           "\tt->ops->order(t);\n\tt->ops->lock(t);\n",
           "\tt->ops->lock(t);\n"),
    Mutant("MAP-02", "a mapping is reported before it is published",
           "\tt->ops->publish(t);\n\tkpgt_abort(t);\n",
           "\tkpgt_abort(t);\n"),
    Mutant("MAP-08", "the rest of a cut leaf is not published",
           "\tif (t->unpublished)\n\t\tt->ops->publish(t);\n", ""),
    Mutant("MAP-08", "the rest of a cut leaf is written without a flush before",
           "\tv->t->ops->flush(v->t, unit->va, end, false);\n", ""),
    Mutant("MAP-08", "the flush of a cut group covers its first entry only",
           "\tv->t->ops->flush(v->t, unit->va, end, false);\n",
           "\tv->t->ops->flush(v->t, unit->va, unit->va + span, false);\n"),
    Mutant("MAP-08", "only the entry at hand of a cut group is cleared",
           "for (va = unit->va; va < end; va += span)",
           "for (va = unit->va; va < unit->va + span; va += span)"),
    Mutant("MAP-09", "table entries are not flushed with their tables",
           "t->ops->flush(t, t->gone.start, t->gone.end, t->gone.tables);",
           "t->ops->flush(t, t->gone.start, t->gone.end, false);"),
    Mutant("MAP-09", "memory is released and not flushed",
           "\tif (t->gone.start < t->gone.end)\n", "\tif (0)\n"),
    Mutant("MAP-09", "the flush misses the first of several ranges",
           "t->gone.start = min(t->gone.start, start);",
           "t->gone.start = start;"),
    Mutant("MAP-09", "the flush misses the last of several ranges",
           "t->gone.end = max(t->gone.end, end);", "t->gone.end = end;"),
    Mutant("MAP-09", "the next flush repeats the range of the last one",
           "\tmemset(&t->gone, 0, sizeof(t->gone));\n", ""),
    # who may write what
    Mutant("MAP-03", "a shared entry is linked like one's own",
           "\tif (!kpgt_owned(t, v->level, v->start))\n\t\treturn kpgt_link",
           "\tif (0)\n\t\treturn kpgt_link"),
    Mutant("MAP-03", "a shared entry is written without the lock",
           "\tt->ops->order(t);\n\tt->ops->lock(t);\n",
           "\tt->ops->order(t);\n"),
    Mutant("MAP-03", "a shared entry is not looked at again under the lock",
           "if (READ_ONCE(*v->entry)) {", "if (0) {"),
    Mutant("MAP-03", "an empty shared table is removed",
           "if (owned && kpgt_is_empty(", "if (kpgt_is_empty("),
    Mutant("MAP-03", "a table is removed that is not empty",
           "if (owned && kpgt_is_empty(t, kpgt_child(t, v->old)))",
           "if (owned)"),
    Mutant("MAP-09", "a table that became empty stays",
           "if (owned && kpgt_is_empty(t, kpgt_child(t, v->old)))", "if (0)"),
    Mutant("MAP-08", "the rest of a cut leaf is broken though it is in use",
           "\tif (!kpgt_rest_may_break(v->t, &unit, r))\n\t\treturn -EBUSY;\n",
           ""),
    Mutant("MAP-08", "a leaf is cut that reaches beyond the region",
           "\tif (!kpgt_inside(unit.va, unit.size, v->t->start, v->t->end))\n"
           "\t\treturn -EBUSY;\n", ""),
    # what is written
    Mutant("MAP-02", "the end of a new table is not cleared",
           "\tkpgt_zero(t, table, last + 1, kpgt_entries(&t->geom));\n",
           "\tkpgt_zero(t, table, last + 2, kpgt_entries(&t->geom));\n"),
    Mutant("MAP-02", "the start of a new table is not cleared",
           "\tkpgt_zero(t, table, 0, first);\n", ""),
    Mutant("MAP-02", "groups ignore the alignment of the physical address",
           " &&\n\t       IS_ALIGNED(m->pa - m->va, size);", ";"),
    Mutant("MAP-02", "groups reach beyond the end of the mapping",
           "min(end, ALIGN_DOWN(m->va + m->size, size))", "end"),
    Mutant("MAP-02", "a table in the way of a group is overlooked",
           "if ((val & KPGT_CONT) && kpgt_group_blocked(v))", "if (0)"),
    Mutant("MAP-05", "blocks ignore max_leaf",
           " && size <= m->max_leaf &&\n\t       end - va",
           " &&\n\t       end - va"),
    Mutant("MAP-05", "blocks ignore the alignment of the physical address",
           "end - va == size && IS_ALIGNED(pa, size)", "end - va == size"),
    Mutant("MAP-07", "blocks are used at every level",
           "return kpgt_leaf_allowed(&t->geom, level) && size",
           "return size"),
    Mutant("MAP-07", "a run of leaves ignores the folded address bits",
           "\tend = kpgt_fold_end(t, m, va, end);\n", ""),
    Mutant("MAP-07", "the index is off by one",
           "return (input >> kpgt_shift(g, level)) & (",
           "return ((input >> kpgt_shift(g, level)) + 1) & ("),
    Mutant("MAP-07", "address bits 51:50 are lost with LPA2",
           "(pa >> 50 & 0x3) << 8", "(pa >> 50 & 0x1) << 8"),
    # backing
    Mutant("MAP-12", "a hole gets the block of another one",
           "\tif (block->level != v->level)\n\t\treturn kpgt_link", "\tif (0)\n\t\treturn kpgt_link"),
    Mutant("MAP-12", "a block is used twice",
           "\tt->blocks = block->next;\n\tt->ops->set", "\tt->ops->set"),
    Mutant("MAP-12", "blocks are kept in the wrong order",
           "\t*t->last_block = block;\n\tt->last_block = &block->next;\n",
           "\tblock->next = t->blocks;\n\tt->blocks = block;\n"),
    Mutant("MAP-12", "memory for leaves is reported before it is published",
           "kpgt_visit_back, m, KPGT_V_ABSENT);\n\t\tt->ops->publish(t);\n",
           "kpgt_visit_back, m, KPGT_V_ABSENT);\n"),
    Mutant("MAP-12", "blocks are larger than allowed",
           "|| size > m->max_leaf ||", "||"),
    Mutant("MAP-04", "blocks leak when the last one cannot be had",
           "\tkpgt_drop_blocks(t);\n\tkpgt_abort(t);\n", "\tkpgt_abort(t);\n"),
    Mutant("MAP-12", "a hole that no large block fits is left as it is",
           "\tif (level == KPGT_PAGE)\n\t\treturn -ENOMEM;\n\tt->need",
           "\tif (level == KPGT_PAGE || va)\n\t\treturn -ENOMEM;\n\tt->need"),
    # failing
    Mutant("MAP-04", "tables leak when one cannot be had",
           "\t\t\tif (!table) {\n\t\t\t\tkpgt_abort(t);\n",
           "\t\t\tif (!table) {\n"),
    Mutant("MAP-04", "a cut needs more tables than were taken",
           "\tkpgt_count_cut(t, level + 1, last, end);\n", ""),
    Mutant("MAP-11", "a range that wraps is accepted",
           "\tif (va + size < va)\n\t\treturn -EINVAL;\n", ""),
    Mutant("MAP-02", "what is mapped already is mapped again",
           "\tif (v->flag == KPGT_V_LEAF)\n\t\treturn -EEXIST;\n", ""),
    Mutant("MAP-09", "leaves that are not valid stay in their table",
           "\tif (!(v->old & KPGT_VALID)) {\n\t\tv->t->ops->set(v->t, "
           "v->entry, 0);\n", "\tif (!(v->old & KPGT_VALID)) {\n"),
]
