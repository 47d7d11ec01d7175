package dataset

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Open reads a source of the user's own: a .txt file as it is, a .jsonl file with one JSON object a line whose string field
// "text" counts, or a folder of such files (not of its subfolders) in the order of their names. The source has the name of the
// file or folder without extension. Errors name the file and line: ErrFormat, ErrTooShort, ErrTooLong.
func Open(path string) (Source, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("text source: %w", err)
	}
	files := []string{path}
	if info.IsDir() {
		if files, err = textFiles(path); err != nil {
			return nil, err
		}
	}
	var content []byte
	for _, file := range files {
		if content, err = appendFile(content, file); err != nil {
			return nil, err
		}
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("text source: %w", err)
	}
	name := filepath.Base(abs)
	if !info.IsDir() {
		name = strings.TrimSuffix(name, filepath.Ext(name))
	}
	return New(name, content)
}

func textFiles(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("text source: %w", err)
	}
	var files []string
	for _, e := range entries {
		switch strings.ToLower(filepath.Ext(e.Name())) {
		case ".txt", ".jsonl":
			if e.Type()&fs.ModeType == 0 || e.Type()&fs.ModeSymlink != 0 {
				files = append(files, filepath.Join(dir, e.Name()))
			}
		}
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("folder %s holds no .txt or .jsonl file: %w", dir, ErrFormat)
	}
	return files, nil
}

// appendFile appends the text of one file and ends it with a newline.
func appendFile(content []byte, file string) ([]byte, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, fmt.Errorf("text source: %w", err)
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("text source: %w", err)
	}
	if info.Size() > MaxText-int64(len(content)) {
		return nil, fmt.Errorf("file %s brings the source over %d bytes: cut it in several sources: %w", file, MaxText, ErrTooLong)
	}
	switch ext := strings.ToLower(filepath.Ext(file)); ext {
	case ".jsonl":
		content, err = appendJSONL(content, f)
	case ".txt":
		content, err = appendPlain(content, f)
	case ".parquet":
		err = fmt.Errorf("the Parquet format is not read yet, convert it to .jsonl: %w", ErrFormat)
	default:
		err = fmt.Errorf("extension %q, want .txt or .jsonl: %w", ext, ErrFormat)
	}
	if err != nil {
		return nil, fmt.Errorf("file %s: %w", file, err)
	}
	return content, nil
}

func appendPlain(content []byte, r io.Reader) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(r, MaxText))
	if err != nil {
		return nil, err
	}
	return endLine(append(content, b...)), nil
}

func appendJSONL(content []byte, r io.Reader) ([]byte, error) {
	lines := bufio.NewReaderSize(io.LimitReader(r, MaxText), 1<<16)
	for n := 1; ; n++ {
		line, err := lines.ReadBytes('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		if line = bytes.TrimSpace(line); len(line) > 0 {
			var record struct {
				Text *string `json:"text"`
			}
			if jsonErr := json.Unmarshal(line, &record); jsonErr != nil {
				return nil, fmt.Errorf("line %d: %w: %w", n, jsonErr, ErrFormat)
			}
			if record.Text == nil {
				return nil, fmt.Errorf(`line %d: no field "text", want {"text": "..."}: %w`, n, ErrFormat)
			}
			content = endLine(append(content, *record.Text...))
		}
		if err != nil {
			return content, nil
		}
	}
}

func endLine(b []byte) []byte {
	if len(b) > 0 && b[len(b)-1] != '\n' {
		b = append(b, '\n')
	}
	return b
}
