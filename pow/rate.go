package pow

import (
	"math"
	"math/bits"
)

// GPUName is the card in which work is counted. Its rate is an estimate, for people to picture the work by.
const GPUName = "NVIDIA GeForce RTX 3090"

// GPURate is an estimate of the seals per second of one GPUName: 1.816e9. It is the rate of doing one SHA-256 and then one Keccak-256
// at the speeds of 9713.2e6 and 2233.5e6 hashes per second that hashcat 6.1.1 reports for this card in modes 1400 and 17800 (benchmark
// published by Chick3nman, gist.github.com/Chick3nman/e4fcee00cb6d82874dace72106d73fef): 1/(1/9713.2e6 + 1/2233.5e6).
// A program that fuses both hashes may do better; those programs leave out work at the ends of a hash that a seal needs.
const GPURate = 1 / (1/9713.2e6 + 1/2233.5e6)

// HashRate estimates the hashes per second of everybody who registered by work: solved seals of difficulty d within some
// milliseconds, rounded down; the largest uint64 if it is more. A single seal can be luck; the relative error is about
// 1/sqrt(solved). It is 0 if no time has passed.
func HashRate(d Difficulty, solved uint32, milliseconds uint64) uint64 {
	if milliseconds == 0 {
		return 0
	}
	hi, lo := bits.Mul64(uint64(d), uint64(solved)*1000)
	if hi >= milliseconds {
		return math.MaxUint64
	}
	rate, _ := bits.Div64(hi, lo, milliseconds)
	return rate
}

// GPUs expresses a hash rate as a number of cards of the kind GPUName.
func GPUs(hashesPerSecond float64) float64 { return hashesPerSecond / GPURate }
