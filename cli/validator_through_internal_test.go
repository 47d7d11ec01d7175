package cli

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor/mechanism/text"
)

func TestGatewaysToAskThrough(t *testing.T) {
	file := func(content string) string {
		path := filepath.Join(t.TempDir(), "key")
		require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
		return path
	}
	one, two := file("gt-one\n"), file("gt-two")
	for _, tc := range []struct {
		name          string
		through, keys []string
		want          []text.Gateway
		wrong         string
	}{
		{"none", nil, nil, nil, ""},
		{"without a key", []string{"http://a"}, nil, []text.Gateway{{URL: "http://a"}}, ""},
		{"one key for all", []string{"http://a", "http://b"}, []string{one}, []text.Gateway{{URL: "http://a", Key: "gt-one"}, {URL: "http://b", Key: "gt-one"}}, ""},
		{"a key for each", []string{"http://a", "http://b"}, []string{one, two}, []text.Gateway{{URL: "http://a", Key: "gt-one"}, {URL: "http://b", Key: "gt-two"}}, ""},
		{"a key too many", []string{"http://a"}, []string{one, two}, nil, "is given 2 times"},
		{"a key without a gateway", nil, []string{one}, nil, "--through 0 times"},
		{"no such file", []string{"http://a"}, []string{"/nowhere"}, nil, "--through-key-file"},
		{"an empty file", []string{"http://a"}, []string{file(" \n")}, nil, "holds no API key"},
		{"two lines", []string{"http://a"}, []string{file("a\nb\n")}, nil, "holds no API key"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			o := validatorOptions{through: tc.through, throughKeys: tc.keys}
			got, err := o.gateways()
			if tc.wrong != "" {
				require.ErrorIs(t, err, ErrUsage)
				require.ErrorContains(t, err, tc.wrong)
				return
			}
			require.NoError(t, err)
			require.Equal(t, tc.want, got)
		})
	}
}
