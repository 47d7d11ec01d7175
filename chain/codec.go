package chain

import (
	"fmt"

	"google.golang.org/protobuf/proto"
)

// wireCodec encodes both kinds of generated types that a node speaks: those of our modules (gogoproto, with methods of their
// own) and those of the SDK's modules (protobuf-go).
type wireCodec struct{}

type selfCoded interface {
	Marshal() ([]byte, error)
	Unmarshal(data []byte) error
}

// Name is the content subtype that every gRPC server understands.
func (wireCodec) Name() string { return "proto" }

func (wireCodec) Marshal(v any) ([]byte, error) {
	switch m := v.(type) {
	case selfCoded:
		return m.Marshal()
	case proto.Message:
		return proto.Marshal(m)
	default:
		return nil, fmt.Errorf("encode %T: not a protobuf message", v)
	}
}

func (wireCodec) Unmarshal(data []byte, v any) error {
	switch m := v.(type) {
	case selfCoded:
		return m.Unmarshal(data)
	case proto.Message:
		return proto.Unmarshal(data, m)
	default:
		return fmt.Errorf("decode %T: not a protobuf message", v)
	}
}
