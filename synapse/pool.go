package synapse

import (
	"google.golang.org/grpc/experimental"
	"google.golang.org/grpc/mem"
)

// init replaces gRPC's buffer pool, whose classes jump from 32 KB to 1 MB and which clears the whole buffer on every use: a
// 32 KB message then costs clearing a megabyte, two thirds of all its time. The setter may only be called during initialisation,
// hence this one init function. If it is ever gone, calls become slower and nothing else changes.
func init() {
	pool, err := mem.NewBinaryTieredBufferPool(8, 10, 12, 14, 15, 16, 17, 18, 19, 20, 21, 22)
	if err != nil {
		panic("synapse: buffer pool: " + err.Error()) // the exponents above are constants
	}
	experimental.SetDefaultBufferPool(pool)
}
