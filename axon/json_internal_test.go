package axon

import (
	"encoding/json"
	"errors"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	textv1 "github.com/gotensor/gotensor/proto/gotensor/text/v1"
	"github.com/gotensor/gotensor/synapse"
)

// FuzzJSON checks that no body makes decoding panic, that errors are invalid_argument, and that what decodes survives the way
// back as JSON and as protobuf.
func FuzzJSON(f *testing.F) {
	f.Add([]byte(`{"contexts":["b25l","dHdv"],"kMax":16}`), true)
	f.Add([]byte(`{"contexts":[null]}`), true)
	f.Add([]byte(`{"kMax":-1}`), true)
	f.Add([]byte("\x0a\x03one\x10\x10"), false)
	f.Add([]byte{0xff}, false)
	f.Fuzz(func(t *testing.T, body []byte, isJSON bool) {
		kind := typeProto
		if isJSON {
			kind = typeJSON
		}
		var req textv1.PredictRequest
		if err := decodeBody(kind, body, &req); err != nil {
			r, ok := synapse.RefusalOf(err)
			require.True(t, ok)
			require.Equal(t, codes.InvalidArgument, r.Code)
			return
		}
		out, err := encodeBody(kind, &req)
		require.NoError(t, err)
		var again textv1.PredictRequest
		require.NoError(t, decodeBody(kind, out, &again))
		require.True(t, proto.Equal(&req, &again))
	})
}

func TestEveryCodeHasANameAndAStatus(t *testing.T) {
	names := map[string]codes.Code{}
	for c := codes.Canceled; c <= codes.Unauthenticated; c++ {
		name, code := httpCode(c)
		require.GreaterOrEqual(t, code, 400)
		require.NotContains(t, names, name)
		names[name] = c
	}
}

func TestErrorsOfHandlersAreJSON(t *testing.T) {
	w := httptest.NewRecorder()
	writeError(w, errors.New(`model "x" is gone`))
	require.Equal(t, 500, w.Code)
	var got httpError
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &got))
	require.Equal(t, httpError{Code: "unknown", Message: `model "x" is gone`}, got)
}
