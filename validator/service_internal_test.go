package validator

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor/mechanism"
)

func TestWhyPayIsHeldBack(t *testing.T) {
	good := mechanism.Service{Probes: 20, Success: 0.98, Speed: 1, Honesty: 0.95}
	with := func(change func(*mechanism.Service)) *mechanism.Service {
		s := good
		change(&s)
		return &s
	}
	for _, tc := range []struct {
		name string
		s    *mechanism.Service
		want string
	}{
		{"not paid for", nil, ""},
		{"good", &good, ""},
		{"too little known", with(func(s *mechanism.Service) { s.Probes, s.Success = 2, 0 }), ""},
		{"unable", with(func(s *mechanism.Service) { s.Unable, s.Probes = true, 1 }), "it does not serve people"},
		{"fails", with(func(s *mechanism.Service) { s.Success = 0.4 }), "requests fail"},
		{"slow", with(func(s *mechanism.Service) { s.Speed = 0.4 }), "answers are slow"},
		{"two faces", with(func(s *mechanism.Service) { s.Honesty = 0.4 }), "answers are not what its paid answers say"},
	} {
		t.Run(tc.name, func(t *testing.T) { require.Equal(t, tc.want, serviceOf(tc.s)) })
	}
}
