package chain

import (
	"context"
	"fmt"
	"time"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/internal/wait"
	"github.com/gotensor/gotensor/metagraph"
)

const (
	// leastPoll bounds how often a node is asked whether there is a new block.
	leastPoll = 20 * time.Millisecond
	// leastPause and mostPause are the time between two tries while a node does not answer; it doubles in between.
	leastPause, mostPause = 250 * time.Millisecond, 5 * time.Second
)

// outage is a time without answers: the log hears of its begin and of its end, and the tries grow rare.
type outage struct {
	client *Client
	what   string // that is waited for
	pause  wait.Pause
	since  time.Time
}

func (c *Client) outage(what string) outage {
	return outage{client: c, what: what, pause: wait.Pause{Least: leastPause, Most: mostPause}}
}

// failed notes one more try without an answer and waits until the next.
func (o *outage) failed(ctx context.Context, err error) error {
	if o.since.IsZero() {
		o.since = time.Now()
		o.client.log.Warn("waiting for "+o.what, "err", err)
	}
	return o.pause.Sleep(ctx)
}

// over notes an answer.
func (o *outage) over() {
	if !o.since.IsZero() {
		o.client.log.Info("the node answers again", "after", time.Since(o.since).Round(time.Millisecond))
		o.since = time.Time{}
		o.pause.Reset()
	}
}

// WaitReady waits until the node answers and returns where its chain stands, or the context's error.
func (c *Client) WaitReady(ctx context.Context) (Status, error) {
	out := c.outage("the node")
	for {
		s, err := c.Status(ctx)
		if err == nil {
			out.over()
			return s, nil
		}
		if err := out.failed(ctx, err); err != nil {
			return Status{}, err
		}
	}
}

// WaitHeight returns once the node's chain has reached a height. If ctx ends before, the error holds the context's, how far the
// chain had got, and why the node did not answer if that was so.
func (c *Client) WaitHeight(ctx context.Context, height gotensor.Block) (Status, error) {
	retry := wait.Pause{Least: leastPause, Most: mostPause}
	var last Status
	var silent error
	for ctx.Err() == nil {
		s, err := c.Status(ctx)
		switch {
		case over(ctx):
		case err != nil:
			silent = err
			_ = retry.Sleep(ctx) // the loop looks at the context
		case s.Height >= height:
			return s, nil
		default:
			last, silent = s, nil
			retry.Reset()
			_ = wait.Sleep(ctx, pollEvery(s))
		}
	}
	if silent != nil {
		return last, fmt.Errorf("wait for block %d, the chain was at %d: %w: %w", height, last.Height, ctx.Err(), silent)
	}
	return last, fmt.Errorf("wait for block %d, the chain is at %d: %w", height, last.Height, ctx.Err())
}

// over tells whether ctx has ended, or is about to: the context of a call under it may end at the same moment and be heard of first.
func over(ctx context.Context) bool {
	at, ok := ctx.Deadline()
	return ctx.Err() != nil || ok && !time.Now().Before(at)
}

// Follow calls fn with a fresh snapshot, first at once and then whenever the chain has made a block, until ctx ends or fn
// returns an error, which it returns. Heights only grow; blocks that pass while fn runs are left out. A node that does not answer
// is asked again and again, ever less often; fn is not called meanwhile, and the log hears of it once. Use one Follow a process
// and share its snapshots through a Latest.
func (c *Client) Follow(ctx context.Context, netuid gotensor.NetUID, fn func(*metagraph.Metagraph) error) error {
	var last *metagraph.Metagraph
	out := c.outage(fmt.Sprintf("the metagraph of subnet %d", netuid))
	for {
		m, every, err := c.newer(ctx, netuid, last)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			if err := out.failed(ctx, err); err != nil {
				return err
			}
			continue
		}
		out.over()
		if m != last {
			last = m
			if err := fn(m); err != nil {
				return err
			}
		}
		if err := wait.Sleep(ctx, every); err != nil {
			return err
		}
	}
}

// newer reads the metagraph if the chain has made a block since the snapshot seen, else it returns that one; and when to ask
// again. A whole metagraph is large, so that the height is asked for first.
func (c *Client) newer(ctx context.Context, netuid gotensor.NetUID, seen *metagraph.Metagraph) (*metagraph.Metagraph, time.Duration, error) {
	s, err := c.Status(ctx)
	if err != nil {
		return nil, 0, err
	}
	if seen != nil && s.Height <= seen.Height {
		return seen, pollEvery(s), nil
	}
	m, err := c.Metagraph(ctx, netuid)
	if err != nil {
		return nil, 0, err
	}
	if seen != nil && m.Height <= seen.Height {
		m = seen // one of several nodes behind the address lags
	}
	return m, pollEvery(s), nil
}

// pollEvery is how often to look for a new block: a quarter of the time that one is meant to take.
func pollEvery(s Status) time.Duration { return max(s.TargetBlock/4, leastPoll) }
