// SPDX-License-Identifier: GPL-2.0-only
/*
 * QEMU TCG plugin: counts what the kernel executes between two marks.
 *
 * A mark is a HINT instruction that does nothing: 0x60 + n begins window n, 0x7f
 * ends it. For each window a line is written to the file that out= names:
 *
 *	n instructions stores tlbi dsb most hold CPU:instructions ...
 *
 * "stores" are those of the functions that write page tables, but for what they store on
 * the stack. tables=FILE names them: lines of "FIRST END", addresses in hexadecimal.
 *
 * "most" is the instructions of the CPU that had most of them, and at the end of the
 * line are those of each CPU that had any. With hold=BEGIN:END or
 * hold=BEGIN:END:TURN, three addresses in hexadecimal, "hold" is the longest stretch,
 * in instructions, from a call of BEGIN to one of END; at TURN a stretch ends and another
 * one begins. These are functions that take a lock, drop it, and let others have it.
 *
 * With profile=FILE, which is slower, FILE gets for each window the instructions
 * that ran, by address: lines of "n address count". Boot with nokaslr and look the
 * addresses up in System.map (scripts/bench --profile does).
 *
 * With boot=ADDRESS (hexadecimal), window 99 begins with the guest and ends when the
 * instruction at that address is reached.
 *
 * Only the kernel is counted (addresses with bit 63 set), on all CPUs together. A program
 * may mark what the kernel does for it.
 * Run with -icount and one CPU, and the numbers repeat. Several CPUs take turns
 * then, and time goes by what all of them execute.
 *
 * The functions of QEMU that are used are declared here: no header of them is
 * packaged.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct qemu_plugin_tb;
struct qemu_plugin_insn;
struct qemu_info;

typedef uint64_t plugin_id;
typedef void (*exec_fn)(unsigned int cpu, void *data);
typedef void (*mem_fn)(unsigned int cpu, uint32_t info, uint64_t va, void *data);

extern void qemu_plugin_register_vcpu_tb_trans_cb(plugin_id id,
		void (*fn)(plugin_id id, struct qemu_plugin_tb *tb));
extern size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
extern struct qemu_plugin_insn *
qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t i);
extern const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *insn);
extern uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn);
extern void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn,
		exec_fn fn, int flags, void *data);
extern void qemu_plugin_register_vcpu_mem_cb(struct qemu_plugin_insn *insn,
		mem_fn fn, int flags, int access, void *data);
extern bool qemu_plugin_mem_is_store(uint32_t info);

#define API_VERSION	1
#define NO_REGISTERS	0
#define WRITES		2

__attribute__((visibility("default"))) int qemu_plugin_version = API_VERSION;

#define BOOT_WINDOW	99
#define MOST_CPUS	64

static FILE *out;
static int window = -1;
static uint64_t boot_end;

/* Of each CPU, which is a thread, and writes its own; apart, so that none waits. */
struct counts {
	uint64_t instructions, stores, tlbi, dsb;
} __attribute__((aligned(64)));

static struct counts now[MOST_CPUS];

static void on_instruction(unsigned int cpu, void *data)
{
	now[cpu % MOST_CPUS].instructions += window >= 0;
}

static void on_store(unsigned int cpu, uint32_t info, uint64_t va, void *data)
{
	now[cpu % MOST_CPUS].stores += window >= 0 && qemu_plugin_mem_is_store(info);
}

/* Functions that write page tables. */
#define MOST_WRITERS	1024

static struct {
	uint64_t first, end;
} writers[MOST_WRITERS];
static size_t nr_writers;

static bool read_writers(const char *argument)
{
	FILE *file = strncmp(argument, "tables=", 7) ? NULL : fopen(argument + 7, "r");

	if (!file)
		return false;
	while (nr_writers < MOST_WRITERS &&
	       fscanf(file, "%" SCNx64 " %" SCNx64, &writers[nr_writers].first,
		      &writers[nr_writers].end) == 2)
		nr_writers++;
	fclose(file);
	return nr_writers && nr_writers < MOST_WRITERS;
}

static bool in_writer(uint64_t va)
{
	size_t i;

	for (i = 0; i < nr_writers; i++)
		if (va >= writers[i].first && va < writers[i].end)
			return true;
	return false;
}

static void on_tlbi(unsigned int cpu, void *data)
{
	now[cpu % MOST_CPUS].tlbi += window >= 0;
}

static void on_dsb(unsigned int cpu, void *data)
{
	now[cpu % MOST_CPUS].dsb += window >= 0;
}

static struct counts all_cpus(uint64_t *most)
{
	struct counts sum = { 0 };
	unsigned int cpu;

	*most = 0;
	for (cpu = 0; cpu < MOST_CPUS; cpu++) {
		sum.instructions += now[cpu].instructions;
		sum.stores += now[cpu].stores;
		sum.tlbi += now[cpu].tlbi;
		sum.dsb += now[cpu].dsb;
		if (now[cpu].instructions > *most)
			*most = now[cpu].instructions;
	}
	return sum;
}

/* How long a lock is held, by functions that take it, drop it, and pass it on. */
enum { HOLD_BEGIN, HOLD_END, HOLD_TURN, HOLD_MARKS };

static uint64_t hold_marks[HOLD_MARKS], longest_hold, held_since;
static bool held;

static uint64_t instructions_now(void)
{
	uint64_t most;

	return all_cpus(&most).instructions;
}

static void end_hold(void)
{
	uint64_t hold = instructions_now() - held_since;

	if (held && hold > longest_hold)
		longest_hold = hold;
	held = false;
}

static void begin_hold(void)
{
	held_since = instructions_now();
	held = true;
}

static void on_hold_mark(unsigned int cpu, void *data)
{
	if (window < 0)
		return;
	if (data != &hold_marks[HOLD_BEGIN])
		end_hold();
	if (data != &hold_marks[HOLD_END])
		begin_hold();
}

/* Instructions that were translated, for the profile; they are never freed. */
struct site {
	struct site *next;
	uint64_t va, count;
};

static FILE *profile;
static struct site *sites;

static void on_site(unsigned int cpu, void *data)
{
	struct site *site = data;

	site->count += window >= 0;
}

static void *new_site(uint64_t va)
{
	struct site *site = calloc(1, sizeof(*site));

	if (!site)
		abort();
	site->va = va;
	site->next = sites;
	sites = site;
	return site;
}

static void write_profile(void)
{
	struct site *site;

	for (site = sites; site; site = site->next) {
		if (site->count)
			fprintf(profile, "%d %" PRIx64 " %" PRIu64 "\n", window,
				site->va, site->count);
		site->count = 0;
	}
	fflush(profile);
}

static void on_begin(unsigned int cpu, void *data)
{
	memset(now, 0, sizeof(now));
	longest_hold = 0;
	held = false;
	window = (int)(uintptr_t)data;
}

static void write_each_cpu(void)
{
	unsigned int cpu;

	for (cpu = 0; cpu < MOST_CPUS; cpu++)
		if (now[cpu].instructions)
			fprintf(out, " %u:%" PRIu64, cpu, now[cpu].instructions);
	fputc('\n', out);
}

static void on_end(unsigned int cpu, void *data)
{
	uint64_t most;
	struct counts sum = all_cpus(&most);

	fprintf(out, "%d %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64
		" %" PRIu64, window, sum.instructions, sum.stores, sum.tlbi, sum.dsb,
		most, longest_hold);
	write_each_cpu();
	fflush(out);
	if (profile)
		write_profile();
	window = -1;
}

static void on_boot_end(unsigned int cpu, void *data)
{
	if (window == BOOT_WINDOW)
		on_end(cpu, data);
}

/* Arm ARM C6.2: HINT is 0xd503201f with the number in bits 11:5. */
static int hint(uint32_t op)
{
	return (op & 0xfffff01f) == 0xd503201f ? (int)(op >> 5 & 0x7f) : -1;
}

/* SYS with CRn 8, or 9 for the nXS forms, whatever op1, CRm and op2 */
static bool is_tlbi(uint32_t op)
{
	uint32_t sys = op & 0xfff8f000;

	return sys == 0xd5088000 || sys == 0xd5089000;
}

/* any domain and type; the second is the nXS form */
static bool is_dsb(uint32_t op)
{
	return (op & 0xfffff0ff) == 0xd503309f || (op & 0xfffff3ff) == 0xd503323f;
}

/* Arm ARM C4.1: of loads and stores, bits 9:5 are the base register; 31 is SP. */
static bool is_to_stack(uint32_t op)
{
	return (op >> 5 & 31) == 31;
}

static void look_for_holds(struct qemu_plugin_insn *insn)
{
	uint64_t va = qemu_plugin_insn_vaddr(insn);
	int i;

	for (i = 0; i < HOLD_MARKS; i++)
		if (hold_marks[i] && hold_marks[i] == va)
			qemu_plugin_register_vcpu_insn_exec_cb(insn, on_hold_mark,
					NO_REGISTERS, &hold_marks[i]);
}

static uint32_t opcode(struct qemu_plugin_insn *insn)
{
	uint32_t op;

	memcpy(&op, qemu_plugin_insn_data(insn), sizeof(op));
	return op;
}

static void look_for_end(struct qemu_plugin_insn *insn)
{
	if (hint(opcode(insn)) == 0x7f)
		qemu_plugin_register_vcpu_insn_exec_cb(insn, on_end, NO_REGISTERS, NULL);
}

static void look_for_begin(struct qemu_plugin_insn *insn)
{
	int n = hint(opcode(insn));

	if (n >= 0x60 && n < 0x7f)
		qemu_plugin_register_vcpu_insn_exec_cb(insn, on_begin, NO_REGISTERS,
						       (void *)(uintptr_t)(n - 0x60));
}

static void look_at(struct qemu_plugin_insn *insn)
{
	uint32_t op = opcode(insn);

	look_for_end(insn);
	if (boot_end && qemu_plugin_insn_vaddr(insn) == boot_end)
		qemu_plugin_register_vcpu_insn_exec_cb(insn, on_boot_end, NO_REGISTERS,
						       NULL);
	look_for_holds(insn);
	qemu_plugin_register_vcpu_insn_exec_cb(insn, on_instruction, NO_REGISTERS, NULL);
	if (profile)
		qemu_plugin_register_vcpu_insn_exec_cb(insn, on_site, NO_REGISTERS,
				new_site(qemu_plugin_insn_vaddr(insn)));
	if (in_writer(qemu_plugin_insn_vaddr(insn)) && !is_to_stack(op))
		qemu_plugin_register_vcpu_mem_cb(insn, on_store, NO_REGISTERS, WRITES,
						 NULL);
	look_for_begin(insn);
	if (is_tlbi(op))
		qemu_plugin_register_vcpu_insn_exec_cb(insn, on_tlbi, NO_REGISTERS, NULL);
	if (is_dsb(op))
		qemu_plugin_register_vcpu_insn_exec_cb(insn, on_dsb, NO_REGISTERS, NULL);
}

/* Of a program, which may mark what the kernel does for it. */
static void look_at_user(struct qemu_plugin_insn *insn)
{
	look_for_end(insn);
	look_for_begin(insn);
}

static void on_translation(plugin_id id, struct qemu_plugin_tb *tb)
{
	size_t i;

	for (i = 0; i < qemu_plugin_tb_n_insns(tb); i++) {
		struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);

		if (qemu_plugin_insn_vaddr(insn) >> 63)
			look_at(insn);
		else
			look_at_user(insn);
	}
}

static FILE *open_file(const char *argument, const char *name)
{
	size_t length = strlen(name);
	FILE *file;

	if (strncmp(argument, name, length))
		return NULL;
	file = fopen(argument + length, "w");
	if (!file)
		perror(argument + length);
	return file;
}

/* "hold=A:B" or "hold=A:B:C" */
static bool read_holds(const char *argument)
{
	if (strncmp(argument, "hold=", 5))
		return false;
	return sscanf(argument + 5, "%" SCNx64 ":%" SCNx64 ":%" SCNx64,
		      &hold_marks[HOLD_BEGIN], &hold_marks[HOLD_END],
		      &hold_marks[HOLD_TURN]) >= 2;
}

__attribute__((visibility("default")))
int qemu_plugin_install(plugin_id id, const struct qemu_info *info, int argc,
			char **argv)
{
	bool holds = false, tables = false;
	int i;

	for (i = 0; i < argc; i++) {
		holds |= read_holds(argv[i]);
		tables |= read_writers(argv[i]);
		if (!out)
			out = open_file(argv[i], "out=");
		if (!profile)
			profile = open_file(argv[i], "profile=");
		if (!strncmp(argv[i], "boot=", 5))
			boot_end = strtoull(argv[i] + 5, NULL, 16);
	}
	if (!out || argc != 1 + !!profile + !!boot_end + holds + tables) {
		fprintf(stderr, "count: arguments are out=FILE and, if wanted, profile=FILE, boot=ADDRESS, hold=BEGIN:END and tables=FILE\n");
		return -1;
	}
	if (boot_end)
		window = BOOT_WINDOW;
	qemu_plugin_register_vcpu_tb_trans_cb(id, on_translation);
	return 0;
}
