package pow

// roundConstants are those of Keccak-f[1600].
//
//nolint:unused // keccak_amd64.s reads it
var roundConstants = [24]uint64{
	0x0000000000000001,
	0x0000000000008082,
	0x800000000000808a,
	0x8000000080008000,
	0x000000000000808b,
	0x0000000080000001,
	0x8000000080008081,
	0x8000000000008009,
	0x000000000000008a,
	0x0000000000000088,
	0x0000000080008009,
	0x000000008000000a,
	0x000000008000808b,
	0x800000000000008b,
	0x8000000000008089,
	0x8000000000008003,
	0x8000000000008002,
	0x8000000000000080,
	0x000000000000800a,
	0x800000008000000a,
	0x8000000080008081,
	0x8000000000008080,
	0x0000000080000001,
	0x8000000080008008,
}

// keccak256x8 hashes eight messages of 32 bytes. It needs AVX-512F.
//
//go:noescape
func keccak256x8(in, out *lanes)

func cpuid(leaf, subleaf uint32) (eax, ebx, ecx, edx uint32)

func xgetbv() (eax uint32)

// wide tells whether the processor and the operating system offer AVX-512F.
var wide = hasAVX512()

func hasAVX512() bool {
	const (
		osxsave  = 1 << 27 // leaf 1, ecx: the system saves extended registers, and xgetbv says which
		avx512f  = 1 << 16 // leaf 7, ebx
		zmmState = 0xe6    // xgetbv: xmm, ymm, mask and both halves of zmm registers
	)
	if most, _, _, _ := cpuid(0, 0); most < 7 {
		return false
	}
	if _, _, ecx, _ := cpuid(1, 0); ecx&osxsave == 0 || xgetbv()&zmmState != zmmState {
		return false
	}
	_, ebx, _, _ := cpuid(7, 0)
	return ebx&avx512f != 0
}
