// Record makes banks of recorded answers (package sim/scoring/recorded) by asking models the questions that validators ask:
//
//	go run ./test/record items -bank B.gz opticks sawyer docs=docs
//	go run ./test/record ask -bank B.gz -name kn-6 -family n-gram -about "..." -ngram 6 -text a.txt,b.txt
//	go run ./test/record ask -bank B.gz -name smollm2 -family transformer -about "..." -license Apache-2.0 -url http://127.0.0.1:8081
//	go run ./test/record ask -bank B.gz -name gru-a -family gru -about "..." -answers gru-a.jsonl
//	go run ./test/record show -bank B.gz
//
// Flow: items draws held-out places of texts and begins a bank; ask lets one model answer all of them and adds it; show tells what is in
// the bank. A source is the name of an embedded book, or NAME=PATH: a text file, or a folder whose Markdown files are read without
// code, tables and headings. -answers takes what another program said, one answer a line as in the bank, in any order. bytes.py makes such files
// of byte-level networks.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"

	"github.com/gotensor/gotensor/sim/scoring/recorded"
)

var errUsage = errors.New("usage: record items|ask|show -bank FILE ...: -h after the command lists its flags")

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "record:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	if len(args) == 0 {
		return errUsage
	}
	flags := flag.NewFlagSet("record "+args[0], flag.ContinueOnError)
	bank := flags.String("bank", "", "file of the bank")
	var command func() error
	switch args[0] {
	case "items":
		d := draw{flags: flags}
		flags.IntVar(&d.context, "context", 192, "bytes of context")
		flags.IntVar(&d.each, "each", 128, "items of each source")
		flags.IntVar(&d.k, "k", 64, "most candidates of an answer")
		flags.IntVar(&d.reference, "reference", 8000, "bytes of each source for the validator's reference")
		flags.Uint64Var(&d.seed, "seed", 1, "seed of the places")
		command = func() error {
			b, err := d.bank()
			if err != nil {
				return err
			}
			return save(*bank, b)
		}
	case "ask":
		a := asked{}
		a.bind(flags)
		command = func() error {
			b, err := load(*bank)
			if err != nil {
				return err
			}
			if err := a.ask(ctx, b); err != nil {
				return err
			}
			if b, err = load(*bank); err != nil { // another one may have been added meanwhile
				return err
			}
			b.Models = append(b.Models, a.model)
			return save(*bank, b)
		}
	case "show":
		command = func() error {
			b, err := load(*bank)
			if err != nil {
				return err
			}
			return show(os.Stdout, b)
		}
	default:
		return errUsage
	}
	if err := flags.Parse(args[1:]); err != nil {
		return err
	}
	if *bank == "" {
		return fmt.Errorf("-bank is empty, want a file: %w", errUsage)
	}
	return command()
}

func load(path string) (*recorded.Bank, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return recorded.Read(f)
}

// save replaces the file only when all is written.
func save(path string, b *recorded.Bank) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".bank-*")
	if err != nil {
		return err
	}
	err = b.Write(f)
	if err = errors.Join(err, f.Chmod(0o644), f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}
