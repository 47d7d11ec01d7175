package localnet

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"slices"
	"time"

	"github.com/gotensor/gotensor/internal/port"
)

// loadWithin bounds the time that a language model takes to load.
const loadWithin = 5 * time.Minute

// languageModel is the server behind the miner "openai", if there is one.
type languageModel struct {
	url  string
	crew *crew // nil: somebody else runs it
}

func (l languageModel) stop() {
	if l.crew != nil {
		l.crew.stop()
	}
}

// startLLM starts the server that Config.LLM names and waits until it has loaded, or takes the one that runs elsewhere.
func startLLM(ctx context.Context, c *Config, p *plan) (languageModel, error) {
	if !slices.ContainsFunc(p.Miners, func(m minerPlan) bool { return m.Model == "openai" }) {
		return languageModel{}, nil
	}
	if c.OpenAIURL != "" {
		return languageModel{url: c.OpenAIURL}, nil
	}
	if len(c.LLM) == 0 {
		return languageModel{}, fmt.Errorf("%w: the network in %s has a miner with a language model: name its server as before", ErrConfig, c.Home)
	}
	ports, err := port.Free(1)
	if err != nil {
		return languageModel{}, err
	}
	_, at, err := net.SplitHostPort(ports[0])
	if err != nil {
		return languageModel{}, err
	}
	server := &process{name: "llm", path: c.LLM[0], args: append(c.LLM[1:len(c.LLM):len(c.LLM)], "--port", at), home: c.Home, log: c.Log}
	l := languageModel{url: "http://" + ports[0], crew: start(server)}
	c.Log.Info("loading the language model")
	if err := waitHealthy(ctx, l.url); err != nil {
		l.stop()
		return languageModel{}, fmt.Errorf("the language model does not start, see %s: %w", server.logFile(), err)
	}
	return l, nil
}

// waitHealthy returns once a llama.cpp server says that its model is loaded.
func waitHealthy(ctx context.Context, url string) error {
	ctx, cancel := context.WithTimeout(ctx, loadWithin)
	defer cancel()
	tick := time.NewTicker(250 * time.Millisecond)
	defer tick.Stop()
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/health", http.NoBody)
		if err != nil {
			return err
		}
		if resp, err := http.DefaultClient.Do(req); err == nil {
			resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}
