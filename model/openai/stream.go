package openai

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
)

const maxEvent = 1 << 20 // bytes of one event of a stream

var errLong = fmt.Errorf("%w: an event of its stream is over %d bytes", ErrServer, maxEvent)

// events reads server-sent events (WHATWG HTML, section 9.2.6) and keeps only their data: lines end with CR, LF or both, data may
// stand on several lines, comments and other fields are passed over. A last event without an empty line counts.
type events struct {
	r      *bufio.Reader
	skipLF bool
	start  bool
	line   []byte
	data   []byte
}

func newEvents(r io.Reader) *events { return &events{r: bufio.NewReaderSize(r, 16<<10), start: true} }

// next returns the data of the next event, valid until the next call. io.EOF: there is no more.
func (e *events) next() ([]byte, error) {
	e.data = e.data[:0]
	has := false
	for {
		line, err := e.readLine()
		if err != nil && (!errors.Is(err, io.EOF) || len(line) == 0) {
			if errors.Is(err, io.EOF) && has {
				return e.data, nil
			}
			return nil, err
		}
		if len(line) == 0 {
			if has {
				return e.data, nil
			}
			continue
		}
		name, value, _ := bytes.Cut(line, []byte(":"))
		// llama.cpp's server once named the field of an error that came in the middle of a stream like that.
		if string(name) != "data" && string(name) != "error" {
			continue
		}
		value = bytes.TrimPrefix(value, []byte(" "))
		if len(e.data)+len(value) > maxEvent {
			return nil, errLong
		}
		if has {
			e.data = append(e.data, '\n')
		}
		e.data = append(e.data, value...)
		has = true
	}
}

// readLine returns a line without its end. With io.EOF it returns what stood before the end.
func (e *events) readLine() ([]byte, error) {
	e.line = e.line[:0]
	for {
		c, err := e.r.ReadByte()
		if err != nil {
			return e.line, err
		}
		if e.skipLF {
			e.skipLF = false
			if c == '\n' {
				continue
			}
		}
		switch c {
		case '\r':
			e.skipLF = true // not read ahead: the next byte may be far away
			return e.line, nil
		case '\n':
			return e.line, nil
		}
		if e.line = append(e.line, c); len(e.line) > maxEvent {
			return nil, errLong
		}
		if e.start && len(e.line) == 3 {
			e.start = false
			if string(e.line) == "\xef\xbb\xbf" {
				e.line = e.line[:0]
			}
		}
	}
}

// lines reads one JSON value a line, as Ollama's own API answers.
type lines struct{ events }

func newLines(r io.Reader) *lines { return &lines{*newEvents(r)} }

func (l *lines) next() ([]byte, error) {
	for {
		line, err := l.readLine()
		if len(bytes.TrimSpace(line)) > 0 && (err == nil || errors.Is(err, io.EOF)) {
			return line, nil
		}
		if err != nil {
			return nil, err
		}
	}
}
