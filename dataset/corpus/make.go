//go:build ignore

// Command make rebuilds the embedded corpus from the two raw files that README.md names:
//
//	go run make.go Isaac.Newton-Opticks.txt Mark.Twain-Tom.Sawyer.txt
//
// It removes what the transcribers added (credits, notes, marks of italics, places of illustrations and footnotes), joins the
// lines of a paragraph with single blanks, ends each paragraph with one newline, and packs the result with gzip.
package main

import (
	"bytes"
	"compress/gzip"
	"log"
	"os"
	"regexp"
	"strings"
)

var (
	transcriber = regexp.MustCompile(`(?s)Produced by .*?\n\n|Transcriber's Note: .*?\n\n|\n *End of the Project Gutenberg.*$`)
	marks       = regexp.MustCompile(`\[Illustration[^\]]*\]|\[[A-Z]\]|\[Footnote [A-Z]+:|_`)
	paragraphs  = regexp.MustCompile(`\n[ \t]*\n\s*`)
	blanks      = regexp.MustCompile(`\s+`)
)

func main() {
	if len(os.Args) != 3 {
		log.Fatal("usage: go run make.go OPTICKS SAWYER")
	}
	for i, name := range []string{"opticks", "sawyer"} {
		raw, err := os.ReadFile(os.Args[1+i])
		if err != nil {
			log.Fatal(err)
		}
		text := strings.ReplaceAll(string(raw), "\r\n", "\n")
		text = marks.ReplaceAllString(transcriber.ReplaceAllString(text, "\n"), "")
		var out bytes.Buffer
		for _, p := range paragraphs.Split(text, -1) {
			if p = strings.TrimSpace(blanks.ReplaceAllString(p, " ")); p != "" {
				out.WriteString(p + "\n")
			}
		}
		var packed bytes.Buffer
		z, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
		if err != nil {
			log.Fatal(err)
		}
		if _, err := z.Write(out.Bytes()); err != nil {
			log.Fatal(err)
		}
		if err := z.Close(); err != nil {
			log.Fatal(err)
		}
		if err := os.WriteFile(name+".txt.gz", packed.Bytes(), 0o644); err != nil {
			log.Fatal(err)
		}
		log.Printf("%s: %d bytes of text, %d packed", name, out.Len(), packed.Len())
	}
}
