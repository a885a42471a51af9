/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _MM_MEMHP_CTRL_MACHINE_H
#define _MM_MEMHP_CTRL_MACHINE_H
/*
 * The life of a segment: what may happen to it when, and what that leads to.
 *
 * Pure: a table, and a function that reads it. Who calls keeps the segment's state,
 * and does what the step says.
 */
#include <linux/types.h>

/**
 * enum segment_state - where a segment is; the numbers are those of memhp_state
 * @SEGMENT_ABSENT:    there is no such segment
 * @SEGMENT_ATTACHING: its ranges are its own, their memory is being added
 * @SEGMENT_ATTACHED:  its memory is there, and nobody works on it
 * @SEGMENT_CHANGING:  all of its memory is going online or offline
 * @SEGMENT_DRAINING:  its memory is being emptied, to be taken away
 * @SEGMENT_ABORTING:  what was under way was called off, and is being undone
 * @SEGMENT_STATES:    how many there are
 */
enum segment_state {
	SEGMENT_ABSENT,
	SEGMENT_ATTACHING,
	SEGMENT_ATTACHED,
	SEGMENT_CHANGING,
	SEGMENT_DRAINING,
	SEGMENT_ABORTING,
	SEGMENT_STATES,
};

/**
 * enum segment_cause - what happens to a segment
 * @SEGMENT_ATTACH:     somebody wants it attached
 * @SEGMENT_CHANGE:     somebody wants its memory online or offline
 * @SEGMENT_DETACH:     somebody wants it away
 * @SEGMENT_ABORT:      somebody wants an end of what is under way
 * @SEGMENT_RECLAIM:    a controller wants to have it
 * @SEGMENT_OWNER_DIED: its controller is no more
 * @SEGMENT_HERE:       what was under way has ended, its memory is there
 * @SEGMENT_AWAY:       what was under way has ended, its memory is not there
 * @SEGMENT_CAUSES:     how many there are
 */
enum segment_cause {
	SEGMENT_ATTACH,
	SEGMENT_CHANGE,
	SEGMENT_DETACH,
	SEGMENT_ABORT,
	SEGMENT_RECLAIM,
	SEGMENT_OWNER_DIED,
	SEGMENT_HERE,
	SEGMENT_AWAY,
	SEGMENT_CAUSES,
};

/**
 * enum segment_action - what has to be done because of it
 * @SEGMENT_DO_NOTHING: nothing but to take the new state
 * @SEGMENT_DO_START:   an operation begins
 * @SEGMENT_DO_STOP:    the operation is told to undo itself
 * @SEGMENT_DO_END:     the operation is over
 * @SEGMENT_DO_FORGET:  it is over, and so is the segment
 */
enum segment_action {
	SEGMENT_DO_NOTHING,
	SEGMENT_DO_START,
	SEGMENT_DO_STOP,
	SEGMENT_DO_END,
	SEGMENT_DO_FORGET,
};

/**
 * enum segment_party - who causes it
 * @SEGMENT_BY_OWNER:  the controller whose segment it is
 * @SEGMENT_BY_OTHER:  another controller
 * @SEGMENT_BY_ADMIN:  the administrator, by files
 * @SEGMENT_BY_KERNEL: the kernel itself
 * @SEGMENT_PARTIES:   how many there are
 */
enum segment_party {
	SEGMENT_BY_OWNER,
	SEGMENT_BY_OTHER,
	SEGMENT_BY_ADMIN,
	SEGMENT_BY_KERNEL,
	SEGMENT_PARTIES,
};

/**
 * struct segment_step - an answer
 * @error:  0, or why not: then nothing changes
 * @next:   state after it
 * @action: what has to be done
 */
struct segment_step {
	int error;
	enum segment_state next;
	enum segment_action action;
};

/**
 * segment_may() - is it for this party to cause that?
 * @cause:  what
 * @party:  who
 * @orphan: does no controller stand behind the segment?
 *
 * Return: 0; -EPERM: it is not its segment, or no such cause; -EOWNERDEAD: it is
 * nobody's, and has to be reclaimed first; -EBUSY: a segment that has a controller is
 * not to be reclaimed.
 */
int segment_may(enum segment_cause cause, enum segment_party party, bool orphan);

/**
 * segment_next() - what follows
 * @state: where the segment is
 * @cause: what happens
 *
 * Return: the step. Its error is -ENOENT: there is no segment; -EBUSY: something else
 * is under way; -EALREADY: nothing is under way that could be called off; -EINVAL: this
 * cannot happen now.
 */
struct segment_step segment_next(enum segment_state state,
				 enum segment_cause cause);

#endif /* _MM_MEMHP_CTRL_MACHINE_H */
