package apierror_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor/internal/apierror"
)

func TestWrite(t *testing.T) {
	for _, c := range []struct {
		name   string
		err    error
		status int
		body   string
		retry  string
	}{
		{
			"a field", fmt.Errorf("wrapped: %w", apierror.Invalid("n", "n is 0, want 1 to 8")), 400,
			`{"error":{"message":"n is 0, want 1 to 8","type":"invalid_request_error","param":"n","code":null}}`, "",
		},
		{
			"a limit", &apierror.Error{Status: 429, Type: apierror.RateLimit, Message: "wait", Code: "rate_limit_exceeded", Retry: 1200 * time.Millisecond}, 429,
			`{"error":{"message":"wait","type":"rate_limit_error","param":null,"code":"rate_limit_exceeded"}}`, "2",
		},
		{
			"not for strangers", errors.New("password is hunter2"), 500,
			`{"error":{"message":"the gateway failed; its log says why","type":"server_error","param":null,"code":"internal_error"}}`, "",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := httptest.NewRecorder()
			apierror.Write(w, c.err)
			require.Equal(t, c.status, w.Code)
			require.JSONEq(t, c.body, w.Body.String())
			require.Equal(t, c.retry, w.Header().Get("Retry-After"))
			require.Equal(t, "application/json", w.Header().Get("Content-Type"))
		})
	}
	require.Equal(t, http.StatusBadRequest, apierror.Invalid("x", "y").Status)
}
