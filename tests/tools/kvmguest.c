// SPDX-License-Identifier: GPL-2.0-only
/*
 * kvmguest [--long] [--io N] [--cpuid N] [--hlt N] [--vcpus M] [--irqchip US] [--cpu C] [--stats] [--names] [--wait]: a virtual machine
 * that does so many port writes, cpuids and hlts on each of its CPUs, in real mode (--long: in 64-bit mode), and then
 * ends. With --irqchip the kernel holds a CPU at its hlt and it is woken after US microseconds; without it each hlt
 * comes back to this program.
 *
 * On stdout, a line a CPU: "vcpu I tid T", what this program saw ("user_io", "user_hlt", "user_intr", "user_other"),
 * and the kernel's own counters of the CPU (KVM_GET_STATS_FD): "exits", "halt_exits" ... With --wait the machine
 * begins when a line comes on stdin, after "ready" was said, and ends with the next. With --stats it holds descriptors of
 * the statistics from the start, as QEMU does since 8.1; with --names its threads are called as QEMU calls them.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MEM (2u << 20)
#define CODE 0x1000
#define NMI_HANDLER 0x2000
#define GDT 0x3000
#define IDT 0x4000
#define PAGES 0x5000 /* three tables: one page of 2 MiB, where it is */
#define MAX_VCPUS 16
#define PORT_IO 0x80
#define PORT_END 0xf4

struct vcpu {
	int fd, index, cpu;
	pid_t tid;
	struct kvm_run *run;
	uint64_t io, hlt, intr, other;
	bool is_named, failed;
};

struct vm {
	int fd, n;
	unsigned int wake_us;
	bool is_long, holds_stats, names;
	volatile bool over;
	struct vcpu v[MAX_VCPUS];
};

static int die(const char *what)
{
	fprintf(stderr, "kvmguest: %s: %s\n", what, strerror(errno));
	return errno ? errno : EINVAL;
}

/* mov esi, n; here: body; dec esi; jnz here -- in real mode with the prefix of 32-bit operands */
static uint8_t *put_loop(uint8_t *p, bool is_long, uint32_t n, const uint8_t *body, size_t len)
{
	uint8_t *start;

	if (!n)
		return p;
	if (!is_long)
		*p++ = 0x66;
	*p++ = 0xbe;
	memcpy(p, &n, 4);
	p += 4;
	start = p;
	memcpy(p, body, len);
	p += len;
	if (!is_long)
		*p++ = 0x66;
	*p++ = 0xff;
	*p++ = 0xce;
	*p++ = 0x75;
	*p = (uint8_t)(start - (p + 1));
	return p + 1;
}

static void put64(uint8_t *mem, unsigned int at, uint64_t v)
{
	memcpy(mem + at, &v, sizeof(v));
}

static void program(uint8_t *mem, bool is_long, uint32_t io, uint32_t cpuid, uint32_t hlt)
{
	static const uint8_t do_io[] = { 0xe6, PORT_IO }, do_cpuid[] = { 0x0f, 0xa2 }, do_hlt[] = { 0xf4 };
	uint8_t *p = mem + CODE;

	p = put_loop(p, is_long, io, do_io, sizeof(do_io));
	p = put_loop(p, is_long, cpuid, do_cpuid, sizeof(do_cpuid));
	p = put_loop(p, is_long, hlt, do_hlt, sizeof(do_hlt));
	*p++ = 0xe6;
	*p++ = PORT_END;
	*p++ = 0xeb; /* here, for ever */
	*p++ = 0xfe;
	if (!is_long) {
		mem[NMI_HANDLER] = 0xcf; /* iret */
		mem[2 * 4] = NMI_HANDLER & 0xff;
		mem[2 * 4 + 1] = NMI_HANDLER >> 8;
		return;
	}
	mem[NMI_HANDLER] = 0x48;
	mem[NMI_HANDLER + 1] = 0xcf;
	put64(mem, GDT + 8, 0x00af9b000000ffff);  /* 64-bit code */
	put64(mem, GDT + 16, 0x00cf93000000ffff); /* data */
	put64(mem, IDT + 2 * 16, (uint64_t)0x8e00 << 32 | 8 << 16 | NMI_HANDLER);
	put64(mem, PAGES, (PAGES + 0x1000) | 3);
	put64(mem, PAGES + 0x1000, (PAGES + 0x2000) | 3);
	put64(mem, PAGES + 0x2000, 0x83);
}

static void go_long(struct kvm_sregs *s)
{
	struct kvm_segment code = { .limit = ~0u, .selector = 8, .type = 11, .present = 1, .s = 1, .l = 1, .g = 1 };
	struct kvm_segment data = { .limit = ~0u, .selector = 16, .type = 3, .present = 1, .s = 1, .db = 1, .g = 1 };

	s->cs = code;
	s->ds = s->es = s->fs = s->gs = s->ss = data;
	s->gdt = (struct kvm_dtable){ .base = GDT, .limit = 23 };
	s->idt = (struct kvm_dtable){ .base = IDT, .limit = 47 };
	s->cr3 = PAGES;
	s->cr4 = 1 << 5;             /* PAE */
	s->efer = 1 << 8 | 1 << 10;  /* LME, LMA */
	s->cr0 = 1u << 31 | 0x33;    /* PG, NE, ET, MP, PE */
}

/* What KVM can do, 64-bit mode among it. */
static int set_cpuid(int kvm, int vcpu)
{
	enum { MOST = 256 };
	struct kvm_cpuid2 *c = calloc(1, sizeof(*c) + MOST * sizeof(c->entries[0]));
	int err = -1;

	if (c) {
		c->nent = MOST;
		err = ioctl(kvm, KVM_GET_SUPPORTED_CPUID, c) || ioctl(vcpu, KVM_SET_CPUID2, c);
	}
	free(c);
	return err;
}

static int make_vcpu(int kvm, struct vm *vm, struct vcpu *v)
{
	struct kvm_lapic_state lapic;
	struct kvm_sregs sregs;
	struct kvm_regs regs = { .rip = CODE, .rsp = 0x8000 + 0x400 * (uint64_t)v->index, .rflags = 2 };
	struct kvm_mp_state state = { .mp_state = KVM_MP_STATE_RUNNABLE };
	int size = ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0);

	v->fd = ioctl(vm->fd, KVM_CREATE_VCPU, v->index);
	if (v->fd < 0)
		return die("KVM_CREATE_VCPU");
	v->run = mmap(NULL, (size_t)size, PROT_READ | PROT_WRITE, MAP_SHARED, v->fd, 0);
	if (v->run == MAP_FAILED)
		return die("mmap of a CPU");
	if (ioctl(v->fd, KVM_GET_SREGS, &sregs))
		return die("KVM_GET_SREGS");
	sregs.cs.base = sregs.cs.selector = 0;
	if (vm->is_long && set_cpuid(kvm, v->fd))
		return die("KVM_SET_CPUID2");
	if (vm->holds_stats && ioctl(v->fd, KVM_GET_STATS_FD, 0) < 0)
		return die("KVM_GET_STATS_FD");
	if (vm->is_long)
		go_long(&sregs);
	if (ioctl(v->fd, KVM_SET_SREGS, &sregs) || ioctl(v->fd, KVM_SET_REGS, &regs))
		return die("KVM_SET_REGS");
	if (!vm->wake_us)
		return 0;
	/* the kernel's map of interrupt controllers has one only once it was set */
	if (ioctl(v->fd, KVM_GET_LAPIC, &lapic) || ioctl(v->fd, KVM_SET_LAPIC, &lapic))
		return die("KVM_SET_LAPIC");
	if (ioctl(v->fd, KVM_SET_MP_STATE, &state))
		return die("KVM_SET_MP_STATE");
	return 0;
}

static int make_vm(int kvm, struct vm *vm, uint8_t *mem)
{
	struct kvm_userspace_memory_region region = { .memory_size = MEM, .userspace_addr = (uintptr_t)mem };
	int i, err = 0;

	vm->fd = ioctl(kvm, KVM_CREATE_VM, 0);
	if (vm->fd < 0)
		return die("KVM_CREATE_VM");
	ioctl(vm->fd, KVM_SET_TSS_ADDR, 0xfffbd000ul);
	if (ioctl(vm->fd, KVM_SET_USER_MEMORY_REGION, &region))
		return die("KVM_SET_USER_MEMORY_REGION");
	if (vm->wake_us && ioctl(vm->fd, KVM_CREATE_IRQCHIP, 0))
		return die("KVM_CREATE_IRQCHIP");
	for (i = 0; i < vm->n && !err; i++)
		err = make_vcpu(kvm, vm, &vm->v[i]);
	return err;
}

static void *run_vcpu(void *arg)
{
	struct vcpu *v = arg;
	cpu_set_t set;

	char name[16];

	v->tid = (pid_t)syscall(SYS_gettid);
	snprintf(name, sizeof(name), "CPU %d/KVM", v->index);
	if (v->is_named)
		pthread_setname_np(pthread_self(), name);
	if (v->cpu >= 0) {
		CPU_ZERO(&set);
		CPU_SET((size_t)v->cpu, &set);
		sched_setaffinity(0, sizeof(set), &set);
	}
	for (;;) {
		int ret = ioctl(v->fd, KVM_RUN, 0);

		if (ret && (errno == EINTR || errno == EAGAIN)) {
			v->intr++;
			continue;
		}
		if (ret) {
			v->failed = true;
			die("KVM_RUN");
			return NULL;
		}
		if (v->run->exit_reason == KVM_EXIT_IO && v->run->io.port == PORT_END)
			return NULL;
		if (v->run->exit_reason == KVM_EXIT_IO)
			v->io += v->run->io.count;
		else if (v->run->exit_reason == KVM_EXIT_HLT)
			v->hlt++;
		else if (v->run->exit_reason == KVM_EXIT_INTR)
			v->intr++;
		else if (v->other++ > 1000 || v->run->exit_reason == KVM_EXIT_INTERNAL_ERROR ||
			 v->run->exit_reason == KVM_EXIT_SHUTDOWN || v->run->exit_reason == KVM_EXIT_FAIL_ENTRY) {
			fprintf(stderr, "kvmguest: exit %u\n", v->run->exit_reason);
			v->failed = true;
			return NULL;
		}
	}
}

/* What ends the hlts: an NMI to each CPU, as a message that the kernel's interrupt controller takes. */
static void *wake_all(void *arg)
{
	struct vm *vm = arg;
	int i;

	while (!vm->over) {
		usleep(vm->wake_us);
		for (i = 0; i < vm->n; i++) {
			struct kvm_msi msi = { .address_lo = 0xfee00000u | (uint32_t)i << 12, .data = 0x400 };

			ioctl(vm->fd, KVM_SIGNAL_MSI, &msi);
		}
	}
	return NULL;
}

static int print_stats(const struct vcpu *v)
{
	int fd = ioctl(v->fd, KVM_GET_STATS_FD, 0);
	struct kvm_stats_header h;
	char desc[256];
	uint64_t value;
	uint32_t i;

	if (fd < 0) { /* before 5.14 */
		printf("no_stats %s\n", strerror(errno));
		return 0;
	}
	if (pread(fd, &h, sizeof(h), 0) != sizeof(h) || h.name_size + sizeof(struct kvm_stats_desc) > sizeof(desc))
		return die("KVM_GET_STATS_FD");
	for (i = 0; i < h.num_desc; i++) {
		size_t size = sizeof(struct kvm_stats_desc) + h.name_size;
		const struct kvm_stats_desc *d = (const void *)desc;

		if (pread(fd, desc, size, (off_t)(h.desc_offset + i * size)) != (ssize_t)size)
			return die("statistics");
		if (d->size != 1 || pread(fd, &value, 8, (off_t)(h.data_offset + d->offset)) != 8)
			continue;
		printf("%s %llu\n", d->name, (unsigned long long)value);
	}
	close(fd);
	return 0;
}

static int run_vm(struct vm *vm, bool waits)
{
	pthread_t thread[MAX_VCPUS], waker;
	char line[16];
	int i, err = 0;

	if (waits) {
		printf("ready\n");
		fflush(stdout);
		if (!fgets(line, sizeof(line), stdin))
			return EINVAL;
	}
	if (vm->wake_us && pthread_create(&waker, NULL, wake_all, vm))
		return die("pthread_create");
	for (i = 0; i < vm->n; i++) {
		vm->v[i].is_named = vm->names;
		if (pthread_create(&thread[i], NULL, run_vcpu, &vm->v[i]))
			return die("pthread_create");
	}
	for (i = 0; i < vm->n; i++)
		pthread_join(thread[i], NULL);
	vm->over = true;
	if (vm->wake_us)
		pthread_join(waker, NULL);
	for (i = 0; i < vm->n && !err; i++) {
		const struct vcpu *v = &vm->v[i];

		printf("vcpu %d tid %d\nuser_io %llu\nuser_hlt %llu\nuser_intr %llu\nuser_other %llu\n", i, v->tid,
		       (unsigned long long)v->io, (unsigned long long)v->hlt, (unsigned long long)v->intr,
		       (unsigned long long)v->other);
		err = v->failed ? EIO : print_stats(v);
	}
	if (waits) {
		printf("done\n");
		fflush(stdout);
		if (!fgets(line, sizeof(line), stdin))
			err = err ? err : EINVAL;
	}
	return err;
}

int main(int argc, char **argv)
{
	uint32_t io = 0, cpuid = 0, hlt = 0;
	struct vm vm = { .fd = -1, .n = 1 };
	bool waits = false;
	int kvm, i, cpu = -1;
	uint8_t *mem;

	for (i = 1; i < argc; i++) {
		const char *value = i + 1 < argc ? argv[i + 1] : "0";

		if (!strcmp(argv[i], "--wait") || !strcmp(argv[i], "--long") || !strcmp(argv[i], "--stats") || !strcmp(argv[i], "--names")) {
			*(argv[i][2] == 'w' ? &waits : argv[i][2] == 's' ? &vm.holds_stats : argv[i][2] == 'n' ? &vm.names : &vm.is_long) = true;
			continue;
		}
		i++;
		if (!strcmp(argv[i - 1], "--io"))
			io = (uint32_t)atoi(value);
		else if (!strcmp(argv[i - 1], "--cpuid"))
			cpuid = (uint32_t)atoi(value);
		else if (!strcmp(argv[i - 1], "--hlt"))
			hlt = (uint32_t)atoi(value);
		else if (!strcmp(argv[i - 1], "--vcpus"))
			vm.n = atoi(value);
		else if (!strcmp(argv[i - 1], "--irqchip"))
			vm.wake_us = (unsigned int)atoi(value);
		else if (!strcmp(argv[i - 1], "--cpu"))
			cpu = atoi(value);
		else
			vm.n = 0;
	}
	if (vm.n < 1 || vm.n > MAX_VCPUS) {
		fprintf(stderr, "usage: kvmguest [--long] [--io N] [--cpuid N] [--hlt N] [--vcpus M] [--irqchip US] "
			"[--cpu C] [--stats] [--names] [--wait]\n");
		return 2;
	}
	kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (kvm < 0)
		return die("/dev/kvm") == ENOENT ? 77 : 1;
	mem = mmap(NULL, MEM, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (mem == MAP_FAILED)
		return die("mmap") ? 1 : 0;
	program(mem, vm.is_long, io, cpuid, hlt);
	for (i = 0; i < vm.n; i++) {
		vm.v[i].index = i;
		vm.v[i].cpu = cpu;
	}
	if (make_vm(kvm, &vm, mem))
		return 1;
	return run_vm(&vm, waits) ? 1 : 0;
}
