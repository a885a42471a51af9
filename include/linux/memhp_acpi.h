/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _LINUX_MEMHP_ACPI_H
#define _LINUX_MEMHP_ACPI_H
/*
 * What ACPI's memory devices ask of memory hotplug in place of what others ask.
 * The graft lets drivers/acpi call these; they are in drivers/acpi/memhp.c.
 */
#include <linux/acpi.h>
#include <linux/memory_hotplug.h>
#include <linux/types.h>

/**
 * mhp_acpi_add_memory() - __add_memory() for an ACPI memory device
 * @mgid:  memory group of the device
 * @start: first physical address, bytes
 * @size:  bytes
 * @flags: MHP_*
 *
 * Context: as __add_memory().
 * Return: as __add_memory(), but -EEXIST only if all of the range has been there
 * since boot, so that it is the device's; -EBUSY if a part is anybody else's.
 */
int mhp_acpi_add_memory(int mgid, u64 start, u64 size, mhp_t flags);

/**
 * mhp_acpi_get_node() - the node of a memory device
 * @handle: ACPI object of the device
 *
 * Context: process context, may sleep.
 * Return: the node; %NUMA_NO_NODE if firmware does not say; %MAX_NUMNODES, which
 * everybody refuses, if there was no memory to ask.
 */
int mhp_acpi_get_node(acpi_handle handle);

/**
 * mhp_acpi_bind_one() - bind a memory block to its firmware device
 * @dev:  the block's device
 * @adev: firmware's
 *
 * Context: process context, may sleep.
 * Return: as acpi_bind_one(), but -ENOMEM if there is no memory for the link that
 * shows it, too.
 */
int mhp_acpi_bind_one(struct device *dev, struct acpi_device *adev);

/**
 * mhp_acpi_take_back() - remove what a device has added, if it is still there
 * @mgid:  memory group of the device; negative: it has none
 * @start: as when added
 * @size:  as when added
 *
 * For a driver that gives the device up. What was onlined meanwhile goes
 * offline; if it cannot, all of it stays, with a line in the log.
 *
 * Context: as __remove_memory().
 */
void mhp_acpi_take_back(int mgid, u64 start, u64 size);

/**
 * mhp_acpi_offline() - take all memory of a memory device offline at once
 * @handle:      ACPI object of a device
 * @second_pass: the first pass has met a device that is in the way
 * @error_dev:   set to a device that is in the way, if one is
 * @status:      what the caller is to return
 *
 * If the device is a memory device whose blocks follow one another. Its blocks that
 * were online are marked, to be put back if another device is in the way.
 *
 * Context: process context, may sleep; acpi_scan_lock and the device hotplug lock
 * held.
 * Return: true if it is such a device; false: the caller has to do it.
 */
bool mhp_acpi_offline(acpi_handle handle, bool second_pass, void **error_dev,
		      acpi_status *status);

/**
 * mhp_acpi_evaluate_ost() - tell firmware what became of an event
 * @handle: ACPI object of the device
 * @source: the event
 * @status: what became of it, as far as the caller knows
 * @buffer: more to tell, or NULL
 *
 * The insertion of a memory device without its driver is a failure.
 *
 * Context: process context, may sleep; acpi_scan_lock held.
 * Return: as acpi_evaluate_ost().
 */
acpi_status mhp_acpi_evaluate_ost(acpi_handle handle, u32 source, u32 status,
				  struct acpi_buffer *buffer);

#endif /* _LINUX_MEMHP_ACPI_H */
