/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Settings of cgroups that are changed for a while, with a journal from which all of them
 * can be put back, whenever and however who changed them ended.
 *
 * Each step is in the journal, and on the disk, before it is made. To undo is to put back
 * what a file said before the first step, if it still says what some step wrote: what
 * somebody else wrote since is theirs, and a cgroup that was made anew under an old name is
 * known by its number and left alone. It may be cut short and done again.
 */
#ifndef MMT_JOURNAL_H
#define MMT_JOURNAL_H

#include <stddef.h>
#include <stdint.h>

#include "log.h"

#define MMT_JOURNAL_PATH "/run/mmt-trace-balance.journal"

struct mmt_journal;

struct mmt_undone {
	unsigned int restored, unchanged, gone, foreign, failed; /* files */
};

/*
 * Begin one. -EBUSY: the one who writes it is still running; -EEXIST: steps of one that
 * ended are in it, and wait to be undone; -EBADMSG: there is a file that is no journal, or
 * one of another version. Said through log.
 */
int mmt_journal__open(const char *path, const struct mmt_log *log, struct mmt_journal **out);
/*
 * Write value into dir/file; -ESTALE: the directory is not that with this number any more;
 * -EBUSY: somebody else wrote there since our last step; -ECANCELED: the journal cannot be
 * written, and the step was not made (said through log).
 */
int mmt_journal__set(struct mmt_journal *j, const char *dir, uint64_t id, const char *file, const char *value);
/* The cpuset controller for the children of dir: 0 where it was there, 1 where it was switched on. */
int mmt_journal__enable(struct mmt_journal *j, const char *dir, uint64_t id);
/* Put all back and remove the journal; where some could not be (-EIO), or not all of it can be read (-EBADMSG, said), it stays. */
int mmt_journal__undo(struct mmt_journal *j, struct mmt_undone *out);
/* What was not undone stays as it is, and the journal too; an empty one goes. NULL is fine. */
void mmt_journal__close(struct mmt_journal *j);

/* That of one who ended. -ENOENT: there is none; -EBUSY as above. */
int mmt_journal__undo_file(const char *path, const struct mmt_log *log, struct mmt_undone *out);

#endif
