package dendrite_test

import (
	"bytes"
	"crypto/tls"
	"io"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"github.com/gotensor/gotensor/dendrite"
	"github.com/gotensor/gotensor/synapse"
)

// rawAxon is a hostile neuron that speaks HTTP/2 frame by frame: reply is called when a call has arrived.
func rawAxon(t *testing.T, edit func(*tls.Config), reply func(f *http2.Framer, stream uint32) error) dendrite.Target {
	t.Helper()
	cert := certificate(t)
	pin, err := synapse.SPKIHash(&cert)
	require.NoError(t, err)
	cfg := &tls.Config{Certificates: []tls.Certificate{cert}, NextProtos: []string{"h2"}, MinVersion: tls.VersionTLS12}
	if edit != nil {
		edit(cfg)
	}
	lis, err := tls.Listen("tcp", "127.0.0.1:0", cfg)
	require.NoError(t, err)
	t.Cleanup(func() { _ = lis.Close() })
	go func() {
		for {
			c, err := lis.Accept()
			if err != nil {
				return
			}
			go speak(c, reply)
		}
	}()
	return dendrite.Target{Addr: netip.MustParseAddrPort(lis.Addr().String()), Pin: pin}
}

func speak(c net.Conn, reply func(f *http2.Framer, stream uint32) error) {
	defer func() { _ = c.Close() }()
	if _, err := io.ReadFull(c, make([]byte, len(http2.ClientPreface))); err != nil {
		return
	}
	f := http2.NewFramer(c, c)
	if f.WriteSettings() != nil {
		return
	}
	for {
		frame, err := f.ReadFrame()
		if err != nil {
			return
		}
		switch frame := frame.(type) {
		case *http2.SettingsFrame:
			if !frame.IsAck() && f.WriteSettingsAck() != nil {
				return
			}
		case *http2.DataFrame:
			if frame.StreamEnded() && reply(f, frame.StreamID) != nil {
				return
			}
		}
	}
}

func headers(f *http2.Framer, stream uint32, end bool, fields ...string) error {
	var block bytes.Buffer
	enc := hpack.NewEncoder(&block)
	for i := 0; i < len(fields); i += 2 {
		if err := enc.WriteField(hpack.HeaderField{Name: fields[i], Value: fields[i+1]}); err != nil {
			return err
		}
	}
	first := true
	for first || block.Len() > 0 {
		part := block.Next(16 << 10)
		var err error
		if first {
			err = f.WriteHeaders(http2.HeadersFrameParam{StreamID: stream, BlockFragment: part, EndStream: end, EndHeaders: block.Len() == 0})
		} else {
			err = f.WriteContinuation(stream, block.Len() == 0, part)
		}
		if err != nil {
			return err
		}
		first = false
	}
	return nil
}

func TestHostileAnswers(t *testing.T) {
	begin := func(f *http2.Framer, stream uint32) error {
		return headers(f, stream, false, ":status", "200", "content-type", "application/grpc")
	}
	for name, tc := range map[string]struct {
		edit  func(*tls.Config)
		reply func(f *http2.Framer, stream uint32) error
	}{
		"TLS 1.2": {edit: func(c *tls.Config) { c.MaxVersion = tls.VersionTLS12 }},
		"megabytes of trailers": {reply: func(f *http2.Framer, stream uint32) error {
			fields := []string{":status", "200", "content-type", "application/grpc", "grpc-status", "13"}
			for i := range 2000 {
				fields = append(fields, "x"+strconv.Itoa(i), strings.Repeat("y", 1000))
			}
			return headers(f, stream, true, fields...)
		}},
		"escape sequences in the message": {reply: func(f *http2.Framer, stream uint32) error {
			return headers(f, stream, true, ":status", "200", "content-type", "application/grpc", "grpc-status", "13",
				"grpc-message", strings.Repeat("%1B[2J%0A", 1000))
		}},
		"announces two gigabytes": {reply: func(f *http2.Framer, stream uint32) error {
			if err := begin(f, stream); err != nil {
				return err
			}
			return f.WriteData(stream, false, []byte{0, 0x7f, 0xff, 0xff, 0xff, 1, 2, 3})
		}},
		"a drip without end": {reply: func(f *http2.Framer, stream uint32) error {
			if err := begin(f, stream); err != nil {
				return err
			}
			if err := f.WriteData(stream, false, []byte{0, 0, 0, 0xff, 0xff}); err != nil {
				return err
			}
			for end := time.Now().Add(10 * time.Second); time.Now().Before(end); {
				if err := f.WriteData(stream, false, nil); err != nil {
					return err
				}
			}
			return nil
		}},
		"headers without end": {reply: func(f *http2.Framer, stream uint32) error {
			for { // informational answers, as many as it likes
				if err := headers(f, stream, false, ":status", "100"); err != nil {
					return err
				}
			}
		}},
		"compressed": {reply: func(f *http2.Framer, stream uint32) error {
			err := headers(f, stream, false, ":status", "200", "content-type", "application/grpc", "grpc-encoding", "gzip")
			if err != nil {
				return err
			}
			return f.WriteData(stream, true, []byte{1, 0, 0, 0, 2, 0x1f, 0x8b})
		}},
	} {
		t.Run(name, func(t *testing.T) {
			target := rawAxon(t, tc.edit, tc.reply)
			c := newClient(t, func(cfg *dendrite.Config) { cfg.Timeout = 500 * time.Millisecond })
			err := ask(t.Context(), c, target)
			var e *dendrite.Error
			require.ErrorAs(t, err, &e)
			require.Less(t, len(err.Error()), 1024)
			require.NotContains(t, err.Error(), "\x1b")
			require.NotContains(t, err.Error(), "\n")
			t.Log(err)
		})
	}
}
