package cli

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/spf13/pflag"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/dataset"
	"github.com/gotensor/gotensor/mechanism"
	"github.com/gotensor/gotensor/mechanism/text"
	"github.com/gotensor/gotensor/model"
	"github.com/gotensor/gotensor/model/garbage"
	"github.com/gotensor/gotensor/model/hash"
	"github.com/gotensor/gotensor/model/ngram"
	"github.com/gotensor/gotensor/model/openai"
	"github.com/gotensor/gotensor/model/promptlog"
	"github.com/gotensor/gotensor/model/silent"
)

// modelOptions are the flags of miner run that choose what is served.
type modelOptions struct {
	model         string
	silentAfter   time.Duration
	urls          []string
	embeddingURLs []string
	openAIModel   string
	openAIKey     string
	tools         bool
	parallel      int
	firstToken    time.Duration
	nextToken     time.Duration
	noGenerate    bool
	logPrompts    string
	plugin        string
}

func (o *modelOptions) flags(f *pflag.FlagSet) {
	f.StringVar(&o.model, "model", "ngram-5", "ngram-ORDER, openai, garbage or silent")
	f.DurationVar(&o.silentAfter, "silent-after", time.Minute, "how long the model silent answers")
	f.StringArrayVar(&o.urls, "openai-url", nil, "URL of an OpenAI-compatible server, may be repeated; selects the model openai")
	f.StringArrayVar(&o.embeddingURLs, "openai-embeddings-url", nil, "URL of such a server that makes vectors, may be repeated")
	f.StringVar(&o.openAIModel, "openai-model", "", "name of the model on those servers (default: the first of each)")
	f.StringVar(&o.openAIKey, "openai-key-file", "", "file with those servers' API key")
	f.BoolVar(&o.tools, "openai-tools", false, "the model calls tools; no server tells it of itself")
	f.IntVar(&o.parallel, "parallel", 0, "calls worked on at the same time (default: what the servers can, else one per processor)")
	f.DurationVar(&o.firstToken, "first-token-timeout", 20*time.Second, "a server that takes longer to begin a text is given up for a while")
	f.DurationVar(&o.nextToken, "token-timeout", 10*time.Second, "the same between two tokens")
	f.BoolVar(&o.noGenerate, "no-generate", false, "answer validators only: write no texts and make no vectors for people")
	f.StringVar(&o.plugin, "plugin", "", "URL of the plug-in that a subnet of the mechanism custom is served by")
	f.StringVar(&o.logPrompts, "log-prompts", "", "file that all texts of callers are added to (default: they are not written down)")
}

// models makes models and closes what they need.
type models struct {
	*app
	o     modelOptions
	home  string
	self  gotensor.Address // hotkey of the miner
	tasks sync.WaitGroup
	stop  context.CancelFunc
	ctx   context.Context //nolint:containedctx // ends with close, not with the call that starts a task
	file  *os.File

	atOnce func(gotensor.Address) bool // whom predictions are not sealed for; nil: nobody
}

func (a *app) models(ctx context.Context, o modelOptions, home string) *models {
	m := &models{app: a, o: o, home: home}
	m.ctx, m.stop = context.WithCancel(ctx)
	return m
}

// close ends the tasks beside the models and waits for them.
func (m *models) close() {
	m.stop()
	m.tasks.Wait()
	if m.file != nil {
		_ = m.file.Close()
	}
}

// embeddedParallel is how many texts an n-gram writes at the same time at least. Each waits for its reader most of the time, and a slot
// for every processor would make people wait for each other.
const embeddedParallel = 16

// text makes what a subnet of the mechanism text serves.
func (m *models) text(ctx context.Context, s text.Settings) (mechanism.Server, error) {
	if m.o.parallel < 0 || m.o.parallel > 4096 {
		return nil, usagef("--parallel is %d, want 1 to 4096, or 0 for what the servers can", m.o.parallel)
	}
	cfg := text.ServerConfig{Settings: s, Hotkey: m.self, AtOnce: m.atOnce, Parallel: m.o.parallel, Log: m.log()}
	var err error
	if cfg.Predictor, err = m.predictor(ctx, s); err != nil {
		return nil, err
	}
	if pool, ok := cfg.Predictor.(*openai.Pool); ok && cfg.Parallel == 0 {
		cfg.Parallel = pool.Parallel()
	} else if cfg.Parallel == 0 {
		cfg.Parallel = max(embeddedParallel, runtime.GOMAXPROCS(0))
	}
	if writer, ok := cfg.Predictor.(model.Generator); ok && !m.o.noGenerate {
		cfg.Generator = writer
	}
	if cfg.Parallel == 1 && cfg.Generator != nil {
		m.log().Warn("one request at a time: a text that is being written keeps validators waiting, and who does not answer them is not paid",
			"hint", "give the model server more slots (llama.cpp: --parallel 4), name more servers, or --no-generate")
	}
	if !m.o.noGenerate {
		if cfg.Embedder, err = m.embedder(ctx); err != nil {
			return nil, err
		}
	}
	if err := m.promptLog(&cfg); err != nil {
		return nil, err
	}
	return text.NewServer(cfg)
}

// promptLog writes callers' texts down if that is wanted.
func (m *models) promptLog(cfg *text.ServerConfig) error {
	if m.o.logPrompts == "" {
		return nil
	}
	file, err := os.OpenFile(m.o.logPrompts, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return usagef("--log-prompts: %v", err)
	}
	m.file = file
	m.log().Warn("the texts of callers are written down", "file", m.o.logPrompts)
	l := promptlog.New(file, m.log())
	cfg.Predictor = l.Predictor(cfg.Predictor)
	if cfg.Generator != nil {
		cfg.Generator = l.Generator(cfg.Generator)
	}
	if cfg.Embedder != nil {
		cfg.Embedder = l.Embedder(cfg.Embedder)
	}
	return nil
}

// predictor makes the model that was chosen.
func (m *models) predictor(ctx context.Context, s text.Settings) (model.Predictor, error) {
	name := m.o.model
	if len(m.o.urls) > 0 {
		name = "openai"
	}
	switch name {
	case "openai":
		pool, err := m.pool("--openai-url", m.o.urls, answerWithin(s))
		if err != nil {
			return nil, err
		}
		if err := pool.Probe(ctx, min(s.KMax, 64)); err != nil {
			return nil, err
		}
		m.tasks.Go(func() { pool.Run(m.ctx) })
		return pool, nil
	case "garbage":
		return garbage.New(garbage.Random, rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64())))
	case silent.Name:
		inner, err := m.ngram(ctx, 3)
		if err != nil {
			return nil, err
		}
		return silent.After(inner, time.Now().Add(m.o.silentAfter)), nil
	}
	var order int
	if n, err := fmt.Sscanf(name, "ngram-%d", &order); n != 1 || err != nil || name != fmt.Sprintf("ngram-%d", order) || order < 1 || order > ngram.MaxOrder {
		return nil, usagef("--model is %q, want ngram-1 to ngram-%d, openai, garbage or silent", name, ngram.MaxOrder)
	}
	return m.ngram(ctx, order)
}

// answerWithin is how long a prediction may take to count.
func answerWithin(s text.Settings) time.Duration {
	if s.Sealed {
		return s.Hold()
	}
	return s.Deadline()
}

// embedder makes the model for vectors: the servers that were named for it, else, beside an n-gram model, the one without a download.
// nil: there is none.
func (m *models) embedder(ctx context.Context) (model.Embedder, error) {
	if len(m.o.embeddingURLs) == 0 {
		if strings.HasPrefix(m.o.model, "ngram-") && len(m.o.urls) == 0 {
			return hash.Embedder{}, nil
		}
		return nil, nil //nolint:nilnil // a miner without one
	}
	pool, err := m.pool("--openai-embeddings-url", m.o.embeddingURLs, 0)
	if err != nil {
		return nil, err
	}
	if err := pool.ProbeEmbeddings(ctx); err != nil {
		return nil, fmt.Errorf("vectors: %w", err)
	}
	m.tasks.Go(func() { pool.Run(m.ctx) })
	return pool, nil
}

func (m *models) ngram(ctx context.Context, order int) (model.Predictor, error) {
	sources, err := dataset.Embedded()
	if err != nil {
		return nil, err
	}
	trained, err := ngram.Load(ctx, ngram.Config{
		Dir: filepath.Join(m.home, "models"), Order: order, Text: dataset.Text(dataset.Training, sources...), Progress: m.trainProgress(order),
	})
	if err != nil {
		return nil, err
	}
	return trained.AtWords(), nil
}

// pool makes the model behind servers that speak OpenAI's API.
func (m *models) pool(flag string, urls []string, timeout time.Duration) (*openai.Pool, error) {
	cfg := openai.Config{
		AtWords: true, Timeout: timeout, Tools: m.o.tools, FirstToken: m.o.firstToken, NextToken: m.o.nextToken, Logger: m.log(),
	}
	for _, u := range urls {
		server := openai.Server{}
		if flag == "--openai-url" {
			server.Model = m.o.openAIModel
		}
		if err := parseServer(u, m.o.openAIKey, &server); err != nil {
			return nil, usagef("%s: %v", flag, err)
		}
		cfg.Servers = append(cfg.Servers, server)
	}
	if len(urls) == 0 {
		return nil, usagef("the model openai needs %s", flag)
	}
	pool, err := openai.New(cfg)
	if err != nil {
		return nil, usagef("%s: %v", flag, err)
	}
	return pool, nil
}

// parseServer reads URL,parallel=N,model=NAME,kind=KIND,key-file=FILE.
func parseServer(s, keyFile string, out *openai.Server) error {
	parts := strings.Split(s, ",")
	out.URL = parts[0]
	for _, p := range parts[1:] {
		name, value, _ := strings.Cut(p, "=")
		switch name {
		case "parallel":
			n, err := strconv.Atoi(value)
			if err != nil || n < 1 {
				return fmt.Errorf("parallel is %q, want a number from 1 to 256", value)
			}
			out.Parallel = n
		case "model":
			out.Model = value
		case "kind":
			out.Kind = openai.Kind(value)
		case "key-file":
			keyFile = value
		default:
			return fmt.Errorf("%q behind a URL, want parallel=N, model=NAME, kind=KIND or key-file=FILE", name)
		}
	}
	if keyFile == "" {
		return nil
	}
	key, err := os.ReadFile(keyFile)
	if err != nil {
		return err
	}
	if out.APIKey = strings.TrimSpace(string(key)); out.APIKey == "" {
		return errors.New("the file with the API key is empty")
	}
	return nil
}
