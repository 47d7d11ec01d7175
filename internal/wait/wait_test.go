package wait_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor/internal/wait"
)

func TestSleep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		require.NoError(t, wait.Sleep(t.Context(), time.Minute))
		require.Equal(t, time.Minute, time.Since(began))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		require.ErrorIs(t, wait.Sleep(ctx, time.Hour), context.DeadlineExceeded)
		require.Equal(t, time.Minute+time.Second, time.Since(began))
	})
}

func TestEnded(t *testing.T) {
	stopped, cancel := context.WithCancel(t.Context())
	cancel()
	full := errors.New("disk is full")
	for _, tc := range []struct {
		name    string
		ctx     context.Context
		in, out error
	}{
		{"stopped", stopped, fmt.Errorf("read: %w", context.Canceled), nil},
		{"stopped in a call with its own deadline", stopped, context.DeadlineExceeded, nil},
		{"stopped, but something else failed", stopped, full, full},
		{"a call was given up while running", t.Context(), context.Canceled, context.Canceled},
		{"no error", stopped, nil, nil},
	} {
		t.Run(tc.name, func(t *testing.T) { require.Equal(t, tc.out, wait.Ended(tc.ctx, tc.in)) })
	}
}

func ExamplePause() {
	p := wait.Pause{Least: time.Second, Most: 5 * time.Second}
	fmt.Println(p.Next(), p.Next(), p.Next(), p.Next())
	p.Reset()
	fmt.Println(p.Next())
	// Output:
	// 1s 2s 4s 5s
	// 1s
}
