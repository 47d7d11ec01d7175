package synapse

import (
	"errors"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/protoadapt"
	"google.golang.org/protobuf/types/known/durationpb"
)

// Sentinels for refused proofs and unusable certificates; a Verifier wraps exactly one of the first six.
var (
	ErrProofAbsent    = errors.New("no proof of the caller's key: send it in metadata " + MetadataKey + " (gRPC) or header " + HTTPHeader + " (JSON)")
	ErrProofMalformed = errors.New("malformed proof")
	ErrProofSignature = errors.New("proof does not fit: signed by another key, or for another server, connection, chain or request")
	ErrProofExpired   = errors.New("proof is out of date: sign with the present time and check both clocks")
	ErrProofReplayed  = errors.New("proof was used before: sign a new one for every connection or request")
	ErrProofBusy      = errors.New("too many dated proofs at present: try again in a minute")
	ErrCertificate    = errors.New("unusable certificate")
)

// Reason says in a stable word why a neuron refused a call. It travels as google.rpc.ErrorInfo in gRPC and as "reason" in JSON.
type Reason string

// Reasons, never reused for another meaning.
const (
	ReasonProofAbsent    Reason = "PROOF_ABSENT"
	ReasonProofMalformed Reason = "PROOF_MALFORMED"
	ReasonProofSignature Reason = "PROOF_SIGNATURE"
	ReasonProofExpired   Reason = "PROOF_EXPIRED"
	ReasonProofReplayed  Reason = "PROOF_REPLAYED"
	ReasonProofLimit     Reason = "PROOF_LIMIT"
	ReasonNotPermitted   Reason = "NOT_PERMITTED"
	ReasonOtherNeuron    Reason = "OTHER_NEURON"
	ReasonOverloaded     Reason = "OVERLOADED"
	ReasonTooLarge       Reason = "TOO_LARGE"
	ReasonSlowBody       Reason = "SLOW_BODY"
	ReasonDeadline       Reason = "DEADLINE"
	ReasonStreamIdle     Reason = "STREAM_IDLE"
	ReasonSlowReader     Reason = "SLOW_READER"
	ReasonLookup         Reason = "LOOKUP"       // who calls is being looked up
	ReasonSealed         Reason = "SEALED"       // the neuron answers this caller by a sealed call only
	ReasonModel          Reason = "MODEL_FAILED" // the neuron is there, what is behind it fails
)

// Domain is the domain of the ErrorInfo detail that carries a Reason.
const Domain = "gotensor"

// Refusal describes why a call is refused. Retry, if positive, tells the caller when to try again.
type Refusal struct {
	Code    codes.Code
	Reason  Reason
	Message string
	Retry   time.Duration
}

// Err returns the refusal as a gRPC status error with its reason and its retry hint as details. The message stays one line: an
// answer to an unproven caller is never much larger than the question.
func (r Refusal) Err() error {
	st := status.New(r.Code, r.Message)
	details := []protoadapt.MessageV1{&errdetails.ErrorInfo{Reason: string(r.Reason), Domain: Domain}}
	if r.Retry > 0 {
		details = append(details, &errdetails.RetryInfo{RetryDelay: durationpb.New(r.Retry)})
	}
	full, err := st.WithDetails(details...)
	if err != nil { // only for code OK or unmarshalable details, neither of which a refusal has
		return st.Err()
	}
	return full.Err()
}

// RefusalOf reads code, reason, message and retry hint back from an error of a call; errors that carry no reason have an empty
// one. It returns false for nil and for errors that are no gRPC status.
func RefusalOf(err error) (Refusal, bool) {
	st, ok := status.FromError(err)
	if !ok || err == nil {
		return Refusal{}, false
	}
	r := Refusal{Code: st.Code(), Message: st.Message()}
	for _, d := range st.Details() {
		switch d := d.(type) {
		case *errdetails.ErrorInfo:
			if d.GetDomain() == Domain {
				r.Reason = Reason(d.GetReason())
			}
		case *errdetails.RetryInfo:
			r.Retry = d.GetRetryDelay().AsDuration()
		}
	}
	return r, true
}

// ProofRefusal turns an error of a Verifier into the refusal that the caller sees.
func ProofRefusal(err error) Refusal {
	r := Refusal{Code: codes.Unauthenticated, Message: err.Error()}
	switch {
	case errors.Is(err, ErrProofAbsent):
		r.Reason = ReasonProofAbsent
	case errors.Is(err, ErrProofMalformed):
		r.Reason = ReasonProofMalformed
	case errors.Is(err, ErrProofExpired):
		r.Reason = ReasonProofExpired
	case errors.Is(err, ErrProofReplayed):
		r.Reason = ReasonProofReplayed
	case errors.Is(err, ErrProofBusy):
		r.Code, r.Reason, r.Retry = codes.ResourceExhausted, ReasonOverloaded, time.Minute
	default:
		r.Reason = ReasonProofSignature
	}
	return r
}
