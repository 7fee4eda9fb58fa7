/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The guest that QEMU's microvm gets to be measured with: entered by the PVH note in 32-bit mode,
 * it switches the machine off at once, by a fault that nothing handles (run with -no-reboot).
 */
	.section .note.PVH, "a", @note
	.balign 4
	.long 4, 4, 18 /* XEN_ELFNOTE_PHYS32_ENTRY */
	.asciz "Xen"
	.long entry

	.text
	.code32
	.globl entry
entry:	lidt nothing
	ud2
	.balign 4
nothing: .short 0
	.long 0

	.section .note.GNU-stack, "", @progbits
