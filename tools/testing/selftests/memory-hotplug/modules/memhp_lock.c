// SPDX-License-Identifier: GPL-2.0-only
/*
 * Holds the lock of the first page, or huge page, of a file that is in the page
 * cache, until the module goes: whoever needs the lock waits so long, with
 * whatever else he holds. With "writeback" the page is being written back for as
 * long, and not locked. The parameter "pfn" tells which page it is.
 * For test guests only.
 */
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/pagemap.h>

static char *path;
module_param(path, charp, 0400);
MODULE_PARM_DESC(path, "the file");

static unsigned long pfn;
module_param(pfn, ulong, 0400);
MODULE_PARM_DESC(pfn, "the page, once it is locked");

static bool writeback;
module_param(writeback, bool, 0400);
MODULE_PARM_DESC(writeback, "do not hold its lock, but write it back");

static struct folio *folio;

static int __init memhp_lock_init(void)
{
	struct file *file = filp_open(path, O_RDONLY, 0);

	if (IS_ERR(file))
		return PTR_ERR(file);
	folio = filemap_lock_folio(file->f_mapping, 0);
	fput(file);
	if (IS_ERR(folio))
		return PTR_ERR(folio);
	/* locked, it stays in the page cache without a reference of ours */
	folio_put(folio);
	pfn = folio_pfn(folio);
	if (writeback) {
		folio_start_writeback(folio);
		folio_unlock(folio);
	}
	return 0;
}

static void __exit memhp_lock_exit(void)
{
	if (writeback)
		folio_end_writeback(folio);
	else
		folio_unlock(folio);
}

module_init(memhp_lock_init);
module_exit(memhp_lock_exit);
MODULE_DESCRIPTION("Holds the lock of a page in a test guest, or writes it back");
MODULE_LICENSE("GPL");
