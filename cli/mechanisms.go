package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"slices"
	"strings"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/chain"
	"github.com/gotensor/gotensor/dataset"
	"github.com/gotensor/gotensor/keys"
	"github.com/gotensor/gotensor/mechanism"
	"github.com/gotensor/gotensor/mechanism/custom"
	"github.com/gotensor/gotensor/mechanism/text"
	"github.com/gotensor/gotensor/mechanism/text/front"
	"github.com/gotensor/gotensor/mechanism/text/mixture"
	"github.com/gotensor/gotensor/model/ngram"
	"github.com/gotensor/gotensor/validator"
)

// mechanisms are all that there are, by the name that a subnet gives. Running, judging and offering a subnet go through this table and
// nowhere else; a new mechanism is a line here.
func mechanisms() map[string]mechanismParts {
	return map[string]mechanismParts{
		text.Name:   {server: serveText, judge: judgeText, front: frontText},
		custom.Name: {server: serveCustom, judge: judgeCustom, front: frontCustom},
	}
}

// mechanismParts says how the three parts of a mechanism come to be, each from the subnet's settings.
type mechanismParts struct {
	server func(ctx context.Context, m *models, settings string) (mechanism.Server, error)
	judge  func(ctx context.Context, b judging) (mechanism.Judge, error)
	front  func(b offering) (mechanism.Front, error)
}

// judging is what a judge is made of.
type judging struct {
	settings string
	options  validatorOptions
	state    []byte // of an earlier run; nil: none
	log      *slog.Logger
}

// offering is what a front is made of.
type offering struct {
	netuid   gotensor.NetUID
	hotkey   gotensor.Address // with which neurons are asked
	settings string
	network  mechanism.Network
	log      *slog.Logger
}

// mechanismOf finds what runs a subnet; it fails with ErrUsage for a mechanism that this version does not know.
func mechanismOf(netuid gotensor.NetUID, name string) (mechanismParts, error) {
	all := mechanisms()
	found, ok := all[name]
	if !ok {
		var known []string
		for k := range all {
			known = append(known, k)
		}
		slices.Sort(known)
		return mechanismParts{}, usagef("subnet %d has the mechanism %q; this version knows %s", netuid, name, strings.Join(known, ", "))
	}
	return found, nil
}

// subnetParts finds what runs a subnet of the chain, and the subnet's own settings for it.
func subnetParts(ctx context.Context, client *chain.Client, netuid gotensor.NetUID) (parts mechanismParts, settings string, err error) {
	v, err := client.Subnet(ctx, netuid)
	if err != nil {
		return mechanismParts{}, "", err
	}
	parts, err = mechanismOf(netuid, v.Subnet.Mechanism)
	return parts, v.Subnet.Settings, err
}

// server makes what the subnet's mechanism serves.
func (m *models) server(ctx context.Context, client *chain.Client, netuid gotensor.NetUID) (mechanism.Server, error) {
	found, settings, err := subnetParts(ctx, client, netuid)
	if err != nil {
		return nil, err
	}
	return found.server(ctx, m, settings)
}

func serveText(ctx context.Context, m *models, settings string) (mechanism.Server, error) {
	s, err := text.ParseSettings(settings)
	if err != nil {
		return nil, err
	}
	return m.text(ctx, s)
}

// judge makes what the subnet's mechanism asks for, or takes up what an earlier run has learnt.
func (a *app) judge(ctx context.Context, client *chain.Client, netuid gotensor.NetUID, o validatorOptions, home string) (mechanism.Judge, error) {
	found, settings, err := subnetParts(ctx, client, netuid)
	if err != nil {
		return nil, err
	}
	state, err := os.ReadFile(validator.JudgeFile(home))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("what this validator has learnt: %w", err)
	}
	judge, err := found.judge(ctx, judging{settings: settings, options: o, state: state, log: a.log()})
	if errors.Is(err, text.ErrState) || errors.Is(err, custom.ErrState) {
		return nil, fmt.Errorf("%w: move %s away to start anew", err, validator.JudgeFile(home))
	}
	return judge, err
}

func judgeText(ctx context.Context, b judging) (mechanism.Judge, error) {
	settings, err := text.ParseSettings(b.settings)
	if err != nil {
		return nil, err
	}
	sources, err := openSources(b.options.sources)
	if err != nil {
		return nil, err
	}
	own := dataset.Text(dataset.Reference, sources...)
	if b.options.referenceBytes > 0 {
		own = dataset.Excerpt(dataset.Reference, b.options.referenceBytes, sources...)
	}
	reference, err := ngram.NewReference(ctx, own)
	if err != nil {
		return nil, usagef("reference model: %v", err)
	}
	rng, err := secretRand()
	if err != nil {
		return nil, err
	}
	through, err := b.options.gateways()
	if err != nil {
		return nil, err
	}
	judge, err := text.NewJudge(text.JudgeConfig{
		Settings: settings, Sources: sources, Reference: reference.AtWords(), Rand: rng, State: b.state, Through: through, Log: b.log,
	})
	if errors.Is(err, text.ErrGateway) {
		return nil, fmt.Errorf("%w: --through: %w", ErrUsage, err)
	}
	return judge, err
}

// frontOf makes what stands before a subnet of a mechanism.
func frontOf(name string, c offering) (mechanism.Front, error) {
	found, err := mechanismOf(c.netuid, name)
	if err != nil {
		return nil, err
	}
	return found.front(c)
}

func frontText(c offering) (mechanism.Front, error) {
	s, err := text.ParseSettings(c.settings)
	if err != nil {
		return nil, err
	}
	mix, err := mixture.New(mixture.Config{Settings: s, Log: c.log})
	if err != nil {
		return nil, err
	}
	return front.New(front.Config{Network: c.network, Settings: s, Mixer: mix, Hotkey: keys.Account(c.hotkey), Log: c.log})
}

func serveCustom(ctx context.Context, m *models, settings string) (mechanism.Server, error) {
	s, err := custom.ParseSettings(settings)
	if err != nil {
		return nil, err
	}
	if m.o.plugin == "" {
		return nil, usagef("a miner of the mechanism custom serves a plug-in: name its URL with --plugin")
	}
	server, err := custom.NewServer(ctx, custom.ServerConfig{URL: m.o.plugin, Settings: s, Parallel: m.o.parallel, Log: m.log()})
	return server, pluginError(err)
}

// pluginError sorts an error about a plug-in among those of commands.
func pluginError(err error) error {
	switch {
	case errors.Is(err, custom.ErrConfig), errors.Is(err, custom.ErrSchema):
		return fmt.Errorf("%w: --plugin: %w", ErrUsage, err)
	case errors.Is(err, custom.ErrPlugin):
		return fmt.Errorf("%w: --plugin: %w", ErrLater, err)
	}
	return err
}

func judgeCustom(_ context.Context, b judging) (mechanism.Judge, error) {
	s, err := custom.ParseSettings(b.settings)
	if err != nil {
		return nil, err
	}
	if b.options.plugin == "" {
		return nil, usagef("a validator of the mechanism custom asks what a plug-in says: name its URL with --plugin")
	}
	if len(b.options.through)+len(b.options.throughKeys) > 0 {
		return nil, usagef("--through is for subnets of the mechanism text; this one asks what its plug-in says")
	}
	rng, err := secretRand()
	if err != nil {
		return nil, err
	}
	judge, err := custom.NewJudge(custom.JudgeConfig{URL: b.options.plugin, Settings: s, Rand: rng, State: b.state, Log: b.log})
	return judge, pluginError(err)
}

func frontCustom(c offering) (mechanism.Front, error) {
	s, err := custom.ParseSettings(c.settings)
	if err != nil {
		return nil, err
	}
	return custom.NewFront(custom.FrontConfig{Network: c.network, NetUID: c.netuid, Settings: s, Log: c.log})
}
