// Package fixed is the arithmetic of consensus: fixed-point numbers that round the same way on every machine.
//
// I32F32 (32 integer and 32 fraction bits) carries weights, bonds and shares; I64F64 carries stake until it has become a share; I96F32 carries
// the product of a share and an amount. A value is its raw bits, so x is the number x / 2^(fraction bits). Nothing here uses floating
// point, and nothing panics but Div by zero and NewReciprocal of what is negative.
//
// The rounding is that of the reference chain (package yuma must equal it bit for bit), and it differs per operation:
//
//	Add, Sub        saturate at the ends of the range
//	Mul             rounds down, also below zero, and saturates
//	Div             truncates toward zero and saturates
//	SafeDiv         truncates toward zero; zero on division by zero and on overflow
//	MulOrZero       rounds down; zero on overflow
//	I64F64.I32F32   drops fraction bits, so rounds down
//
// Reciprocal divides many numbers by one without a division each, with the result of SafeDiv; Factor multiplies many by
// one share. Exp, Log2, Ln, Sqrt and Sigmoid are the reference's series, faults included; of these the epoch uses ExpClamped only.
//
// Start at I32F32.
package fixed
