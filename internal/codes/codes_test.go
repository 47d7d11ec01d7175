package codes_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	errorsmod "cosmossdk.io/errors"

	"github.com/gotensor/gotensor/internal/codes"
)

var errSentinel = errorsmod.Register("codes-test", 7, "a sentinel")

func TestOf(t *testing.T) {
	require.NoError(t, codes.Of(nil))
	plain := errors.New("of no module")
	require.Equal(t, plain, codes.Of(plain))
	for name, err := range map[string]error{
		"bare":          errSentinel,
		"wrapped by Go": fmt.Errorf("field is 3: %w", errSentinel),
		"by the SDK":    errSentinel.Wrap("field is 3"),
		"in the middle": fmt.Errorf("field: %w: of %d", errSentinel, 4),
	} {
		t.Run(name, func(t *testing.T) {
			got := codes.Of(err)
			space, code, _ := errorsmod.ABCIInfo(got, false)
			require.Equal(t, "codes-test", space)
			require.Equal(t, uint32(7), code)
			require.ErrorIs(t, got, errSentinel)
		})
	}
	require.Equal(t, "field is 3: a sentinel", codes.Of(fmt.Errorf("field is 3: %w", errSentinel)).Error())
}
