/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Firmware of the lab's nested VMs: every virtual CPU is busy for ever, and there is nothing else.
 * 64 KiB that a PC finds at 0xf0000 and, for its reset, below 4 GiB.
 */
	.code16
	.text
busy:	/* at 0xf0000, where start-up IPIs of vector 0xf0 send the other CPUs */
	cli
1:	incl	%ecx
	jmp	1b

start:	/* %ds is made to reach 4 GiB, for the local APIC at 0xfee00000 */
	cli
	lgdtl	%cs:gdtr
	movl	%cr0, %eax
	orb	$1, %al
	movl	%eax, %cr0
	movw	$8, %bx
	movw	%bx, %ds
	andb	$0xfe, %al
	movl	%eax, %cr0
	movl	$0xfee00000, %esi
	addr32 movl $0x1ff, 0xf0(%esi)		/* switched on */
	addr32 movl $0x000c4500, 0x300(%esi)	/* INIT to all but this one */
	movl	$1000000, %ecx
2:	decl	%ecx
	jnz	2b
	addr32 movl $0x000c46f0, 0x300(%esi)	/* start-up IPI to the same */
	jmp	busy

	.balign	8
gdt:	.quad	0
	.quad	0x008f92000000ffff
gdtr:	.word	15
	.long	0xf0000 + gdt - busy

	.org	0xfff0
	jmp	start
	.org	0x10000
