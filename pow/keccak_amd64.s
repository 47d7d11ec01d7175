#include "textflag.h"

// Eight Keccak states side by side: register Zi holds lane i = x+5y of all of them, Z25..Z29 the parities of the columns, Z30 and Z31
// are scratch. VPTERNLOGQ computes any function of three bits: 0x96 is a^b^c, 0xD2 is a^(^b&c).

// PARITY sets c to the xor of the five lanes of a column.
#define PARITY(a0, a1, a2, a3, a4, c) \
	VMOVDQA64  a0, c           \
	VPTERNLOGQ $0x96, a1, a2, c \
	VPTERNLOGQ $0x96, a3, a4, c

// THETA xors the parities of the columns left and right (rotated) of it into a column.
#define THETA(a0, a1, a2, a3, a4, left, right) \
	VPROLQ     $1, right, Z30           \
	VPTERNLOGQ $0x96, Z30, left, a0     \
	VPTERNLOGQ $0x96, Z30, left, a1     \
	VPTERNLOGQ $0x96, Z30, left, a2     \
	VPTERNLOGQ $0x96, Z30, left, a3     \
	VPTERNLOGQ $0x96, Z30, left, a4

// CHI mixes the lanes of a row.
#define CHI(a0, a1, a2, a3, a4) \
	VMOVDQA64  a0, Z30           \
	VMOVDQA64  a1, Z31           \
	VPTERNLOGQ $0xD2, a2, a1, a0 \
	VPTERNLOGQ $0xD2, a3, a2, a1 \
	VPTERNLOGQ $0xD2, a4, a3, a2 \
	VPTERNLOGQ $0xD2, Z30, a4, a3 \
	VPTERNLOGQ $0xD2, Z31, Z30, a4

// func keccak256x8(in, out *lanes)
TEXT ·keccak256x8(SB), NOSPLIT, $0-16
	MOVQ in+0(FP), SI
	MOVQ out+8(FP), DI
	MOVQ $·roundConstants(SB), R8
	MOVQ $24, CX

	// The message fills lanes 0 to 3. Its padding is a one bit behind it and a one bit at the end of the block of 136 bytes.
	VMOVDQU64 0(SI), Z0
	VMOVDQU64 64(SI), Z1
	VMOVDQU64 128(SI), Z2
	VMOVDQU64 192(SI), Z3
	MOVQ $1, AX
	VPBROADCASTQ AX, Z4
	MOVQ $0x8000000000000000, AX
	VPBROADCASTQ AX, Z16
	VPXORQ Z5, Z5, Z5
	VPXORQ Z6, Z6, Z6
	VPXORQ Z7, Z7, Z7
	VPXORQ Z8, Z8, Z8
	VPXORQ Z9, Z9, Z9
	VPXORQ Z10, Z10, Z10
	VPXORQ Z11, Z11, Z11
	VPXORQ Z12, Z12, Z12
	VPXORQ Z13, Z13, Z13
	VPXORQ Z14, Z14, Z14
	VPXORQ Z15, Z15, Z15
	VPXORQ Z17, Z17, Z17
	VPXORQ Z18, Z18, Z18
	VPXORQ Z19, Z19, Z19
	VPXORQ Z20, Z20, Z20
	VPXORQ Z21, Z21, Z21
	VPXORQ Z22, Z22, Z22
	VPXORQ Z23, Z23, Z23
	VPXORQ Z24, Z24, Z24

round:
	PARITY(Z0, Z5, Z10, Z15, Z20, Z25)
	PARITY(Z1, Z6, Z11, Z16, Z21, Z26)
	PARITY(Z2, Z7, Z12, Z17, Z22, Z27)
	PARITY(Z3, Z8, Z13, Z18, Z23, Z28)
	PARITY(Z4, Z9, Z14, Z19, Z24, Z29)
	THETA(Z0, Z5, Z10, Z15, Z20, Z29, Z26)
	THETA(Z1, Z6, Z11, Z16, Z21, Z25, Z27)
	THETA(Z2, Z7, Z12, Z17, Z22, Z26, Z28)
	THETA(Z3, Z8, Z13, Z18, Z23, Z27, Z29)
	THETA(Z4, Z9, Z14, Z19, Z24, Z28, Z25)

	// Rotate each lane and move it to its new place, along the one cycle that the 24 lanes other than lane 0 form.
	VPROLQ $1, Z1, Z30
	VPROLQ $44, Z6, Z1
	VPROLQ $20, Z9, Z6
	VPROLQ $61, Z22, Z9
	VPROLQ $39, Z14, Z22
	VPROLQ $18, Z20, Z14
	VPROLQ $62, Z2, Z20
	VPROLQ $43, Z12, Z2
	VPROLQ $25, Z13, Z12
	VPROLQ $8, Z19, Z13
	VPROLQ $56, Z23, Z19
	VPROLQ $41, Z15, Z23
	VPROLQ $27, Z4, Z15
	VPROLQ $14, Z24, Z4
	VPROLQ $2, Z21, Z24
	VPROLQ $55, Z8, Z21
	VPROLQ $45, Z16, Z8
	VPROLQ $36, Z5, Z16
	VPROLQ $28, Z3, Z5
	VPROLQ $21, Z18, Z3
	VPROLQ $15, Z17, Z18
	VPROLQ $10, Z11, Z17
	VPROLQ $6, Z7, Z11
	VPROLQ $3, Z10, Z7
	VMOVDQA64 Z30, Z10

	CHI(Z0, Z1, Z2, Z3, Z4)
	CHI(Z5, Z6, Z7, Z8, Z9)
	CHI(Z10, Z11, Z12, Z13, Z14)
	CHI(Z15, Z16, Z17, Z18, Z19)
	CHI(Z20, Z21, Z22, Z23, Z24)

	VPXORQ.BCST (R8), Z0, Z0
	ADDQ $8, R8
	DECQ CX
	JNZ  round

	VMOVDQU64 Z0, 0(DI)
	VMOVDQU64 Z1, 64(DI)
	VMOVDQU64 Z2, 128(DI)
	VMOVDQU64 Z3, 192(DI)
	VZEROUPPER
	RET

// func cpuid(leaf, subleaf uint32) (eax, ebx, ecx, edx uint32)
TEXT ·cpuid(SB), NOSPLIT, $0-24
	MOVL leaf+0(FP), AX
	MOVL subleaf+4(FP), CX
	CPUID
	MOVL AX, eax+8(FP)
	MOVL BX, ebx+12(FP)
	MOVL CX, ecx+16(FP)
	MOVL DX, edx+20(FP)
	RET

// func xgetbv() (eax uint32)
TEXT ·xgetbv(SB), NOSPLIT, $0-4
	MOVL $0, CX
	XGETBV
	MOVL AX, eax+0(FP)
	RET
