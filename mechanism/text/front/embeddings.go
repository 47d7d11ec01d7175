package front

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"strconv"

	"google.golang.org/grpc"

	"github.com/gotensor/gotensor/internal/apierror"
	"github.com/gotensor/gotensor/mechanism"
	"github.com/gotensor/gotensor/mechanism/text"
	textv1 "github.com/gotensor/gotensor/proto/gotensor/text/v1"
)

// lengthSlack is how far the Euclidean length of a vector may be from 1.
const lengthSlack = 0.01

type embeddingsRequest struct {
	Model      string          `json:"model"`
	Input      json.RawMessage `json:"input"`
	Format     string          `json:"encoding_format"`
	Dimensions *int64          `json:"dimensions"`
}

type embeddingsAnswer struct {
	Object   string          `json:"object"`
	Data     []embedding     `json:"data"`
	Model    string          `json:"model"`
	Usage    embeddingsUsage `json:"usage"`
	Gotensor *who            `json:"gotensor"`
}

type embedding struct {
	Object string          `json:"object"`
	Index  int             `json:"index"`
	Values json.RawMessage `json:"embedding"`
}

type embeddingsUsage struct {
	Prompt int `json:"prompt_tokens"`
	Total  int `json:"total_tokens"`
}

// texts checks a request.
func (req *embeddingsRequest) texts(bounds *text.Settings) ([]string, error) {
	if len(req.Model) > maxModel {
		return nil, apierror.Invalid("model", fmt.Sprintf("model has %d bytes, want at most %d", len(req.Model), maxModel))
	}
	if req.Format != "" && req.Format != "float" && req.Format != "base64" {
		return nil, apierror.Invalid("encoding_format", fmt.Sprintf("encoding_format is %q, want float or base64", req.Format))
	}
	if req.Dimensions != nil && (*req.Dimensions < 1 || *req.Dimensions > maxDimensions) {
		return nil, apierror.Invalid("dimensions", fmt.Sprintf("dimensions is %d, want 1 to %d", *req.Dimensions, maxDimensions))
	}
	texts, err := oneOrMany("input", req.Input)
	if err != nil {
		return nil, err
	}
	if most := bounds.EmbedTextsMax; len(texts) < 1 || len(texts) > most {
		return nil, apierror.Invalid("input", fmt.Sprintf("input has %d texts, want 1 to %d", len(texts), most))
	}
	size := 0
	for i, t := range texts {
		size += len(t)
		if t == "" {
			return nil, apierror.Invalid("input", fmt.Sprintf("input %d is empty, want at least one character", i))
		}
	}
	return texts, tooLong("input", size, bounds)
}

func (f *Front) embeddings(w http.ResponseWriter, r *http.Request) error {
	var req embeddingsRequest
	if err := decode(r, &req); err != nil {
		return err
	}
	texts, err := req.texts(&f.cfg.Settings)
	if err != nil {
		return err
	}
	if req.Model == modelNetwork {
		return apierror.Invalid("model", "the model \"network\" gives no vectors: those of different neurons do not fit together")
	}
	ask := mechanism.Ask{Capability: text.CanEmbed, Model: req.Model}
	resp, lease, err := mechanism.Open(r.Context(), f.net, ask, func(ctx context.Context, _ mechanism.Peer, conn grpc.ClientConnInterface) (*textv1.EmbedResponse, error) {
		resp, err := textv1.NewTextClient(conn).Embed(ctx, &textv1.EmbedRequest{Texts: texts}, vectorLimits(len(texts))...)
		if err != nil {
			return nil, err
		}
		return resp, checkVectors(resp, len(texts))
	})
	if err != nil {
		return err
	}
	lease.Done(nil)
	peer := lease.Peer()
	who := whoOf(&peer, lease.FirstPiece(), lease.Tried())
	used := embedUsage(resp, texts)
	mechanism.MeterOf(r.Context()).Spend(mechanism.Usage{In: used.Prompt})
	if got := len(resp.GetVectors()[0].GetValues()); req.Dimensions != nil && int64(got) != *req.Dimensions {
		return apierror.Invalid("dimensions", fmt.Sprintf("dimensions is %d, but this model's vectors have %d, and cannot be cut", *req.Dimensions, got))
	}
	answer := &embeddingsAnswer{Object: "list", Data: make([]embedding, len(texts)), Model: who.name(req.Model), Usage: used, Gotensor: who}
	for i, v := range resp.GetVectors() {
		answer.Data[i] = embedding{Object: "embedding", Index: i, Values: encodeVector(v.GetValues(), req.Format == "base64")}
	}
	who.set(w.Header())
	return f.writeJSON(w, answer)
}

// checkVectors fails with mechanism.ErrBadAnswer.
func checkVectors(resp *textv1.EmbedResponse, texts int) error {
	if len(resp.GetVectors()) != texts {
		return bad("%d vectors for %d texts", len(resp.GetVectors()), texts)
	}
	for i, v := range resp.GetVectors() {
		n := len(v.GetValues())
		if n < 1 || n > maxDimensions || n != len(resp.GetVectors()[0].GetValues()) {
			return bad("vector %d has %d dimensions, the first %d, want the same, 1 to %d", i, n, len(resp.GetVectors()[0].GetValues()), maxDimensions)
		}
		sum := 0.0
		for _, x := range v.GetValues() {
			sum += float64(x) * float64(x)
		}
		if length := math.Sqrt(sum); !(math.Abs(length-1) <= lengthSlack) { // so that a length that is no number fails
			return bad("vector %d has a length of %v, want 1", i, length)
		}
	}
	return nil
}

// embedUsage is the neuron's count as far as it can be true.
func embedUsage(resp *textv1.EmbedResponse, texts []string) embeddingsUsage {
	n := 0
	for _, t := range texts {
		n += len(t)
	}
	used := tokens(n)
	if u := resp.GetUsage(); u != nil {
		used = clamp(int(u.GetPromptTokens()), (n+maxTokenBytes-1)/maxTokenBytes, n+4*len(texts))
	}
	return embeddingsUsage{Prompt: used, Total: used}
}

// encodeVector is an array of numbers, or a string of base64 over little-endian float32.
func encodeVector(values []float32, packed bool) json.RawMessage {
	if packed {
		raw := make([]byte, 0, 4*len(values))
		for _, v := range values {
			raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(v))
		}
		return append(base64.StdEncoding.AppendEncode([]byte{'"'}, raw), '"')
	}
	out := append(make([]byte, 0, 12*len(values)), '[')
	for i, v := range values {
		if i > 0 {
			out = append(out, ',')
		}
		out = strconv.AppendFloat(out, float64(v), 'g', -1, 32)
	}
	return append(out, ']')
}
