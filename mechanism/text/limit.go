package text

import (
	"google.golang.org/grpc"
	"google.golang.org/grpc/encoding"
	_ "google.golang.org/grpc/encoding/proto" // registers the codec that bounded wraps
	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/gotensor/gotensor/mechanism/text/score"
	textv1 "github.com/gotensor/gotensor/proto/gotensor/text/v1"
)

// Bytes that an answer can need on the wire at most.
const (
	candidateBytes  = score.MaxLen + 1 + 9 // text, length, and a probability that is not packed
	predictionBytes = 64                   // tags, lengths, floor
	answerBytes     = 1 << 10
)

// predictionsField is the number of PredictResponse.predictions.
const predictionsField = 1

// AnswerLimits bounds what a call of Predict with so many contexts and candidates can cost whoever makes it: the bytes that are
// read, and the predictions that are decoded, each of which takes a hundred times the two bytes that an empty one has on the wire. An
// answer with too many predictions decodes to one with none, so that it is judged as wrong rather than as not given.
func AnswerLimits(contexts, kMax int) []grpc.CallOption {
	return []grpc.CallOption{
		grpc.MaxCallRecvMsgSize(answerBytes + contexts*(predictionBytes+kMax*candidateBytes)),
		grpc.ForceCodecV2(bounded{CodecV2: encoding.GetCodecV2("proto"), predictions: contexts}),
	}
}

// bounded looks at an answer's outline before it is decoded.
type bounded struct {
	encoding.CodecV2
	predictions int
}

// Unmarshal implements encoding.CodecV2.
func (b bounded) Unmarshal(data mem.BufferSlice, v any) error {
	if _, ok := v.(*textv1.PredictResponse); ok {
		whole := data.MaterializeToBuffer(mem.DefaultBufferPool())
		defer whole.Free()
		if countField(whole.ReadOnlyData(), predictionsField) > b.predictions {
			return nil
		}
	}
	return b.CodecV2.Unmarshal(data, v)
}

// countField returns how often a field occurs at the top of an encoded message, up to where it is malformed.
func countField(data []byte, field protowire.Number) int {
	count := 0
	for len(data) > 0 {
		number, _, n := protowire.ConsumeField(data)
		if n < 0 {
			break
		}
		if number == field {
			count++
		}
		data = data[n:]
	}
	return count
}
