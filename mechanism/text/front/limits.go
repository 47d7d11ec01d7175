package front

import (
	"google.golang.org/grpc"
	"google.golang.org/grpc/encoding"
	_ "google.golang.org/grpc/encoding/proto" // registers the codec that vectors wraps
	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/encoding/protowire"
)

// maxDimensions of a vector, as the wire type has it.
const maxDimensions = 8192

// vectorLimits bounds what the answer to so many texts can cost: the bytes that are read, and the vectors that are decoded, each of
// which takes far more memory than the two bytes that an empty one has on the wire.
func vectorLimits(texts int) []grpc.CallOption {
	return []grpc.CallOption{
		grpc.MaxCallRecvMsgSize(slackBytes + texts*(4*maxDimensions+16)),
		grpc.ForceCodecV2(vectors{CodecV2: encoding.GetCodecV2("proto"), most: texts}),
	}
}

// vectors looks at an answer's outline before it is decoded.
type vectors struct {
	encoding.CodecV2
	most int
}

// Unmarshal implements encoding.CodecV2.
func (v vectors) Unmarshal(data mem.BufferSlice, into any) error {
	whole := data.MaterializeToBuffer(mem.DefaultBufferPool())
	defer whole.Free()
	count := 0
	for rest := whole.ReadOnlyData(); len(rest) > 0; {
		number, _, n := protowire.ConsumeField(rest)
		if n < 0 {
			break // Unmarshal says so
		}
		if number == 1 {
			count++
		}
		rest = rest[n:]
	}
	if count > v.most {
		return bad("over %d vectors", v.most)
	}
	return v.CodecV2.Unmarshal(data, into)
}
