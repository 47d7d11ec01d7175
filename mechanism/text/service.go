package text

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/gotensor/gotensor/dataset"
	"github.com/gotensor/gotensor/mechanism"
	"github.com/gotensor/gotensor/mechanism/text/score"
)

// judged is what a group's probes showed, by neuron.
type judged map[score.Key][]score.Probe

// judgeProbes compares the texts of a group with the answers of the same neurons about the same contexts.
func (j *Judge) judgeProbes(q roundItems, replies []score.Reply, scores score.Scores) (judged, error) {
	served, items := q.texts.served(), q.items
	out := judged{}
	asked := make([]map[int]bool, len(replies)) // items that a neuron had to write about
	for r := range replies {
		asked[r] = map[int]bool{}
		for _, p := range served[replies[r].Key] {
			if p.end != uncounted || p.text != nil {
				asked[r][p.item] = true
			}
		}
	}
	views := othersOf(j.scorer, q, replies, scores, asked)
	for r := range replies {
		key := replies[r].Key
		var edge func(item int) float64
		level := 0.0
		for _, p := range served[key] {
			if p.end == uncounted {
				continue
			}
			one := score.Probe{Unable: p.end == unable, OK: p.end == wrote, Temperature: p.temperature}
			if one.OK {
				one.Speed = j.settings.pace(p.first, p.rest, p.size())
				if scores.Replies[r].Answered && len(replies[r].Answers) == len(items) {
					if edge == nil {
						edge, level = care(scores, asked, q.paid, r)
					}
					one.Predicted, one.Care, one.Level = true, edge(p.item), level
					others, err := views(r, p.item)
					if err != nil {
						return nil, err
					}
					one.Agreement, one.Comparable, err = j.scorer.Agree(items[p.item].Context, replies[r].Answers[p.item], p.text, others...)
					if err != nil {
						return nil, err
					}
				}
			}
			out[key] = append(out[key], one)
		}
		if len(served[key]) > 0 && out[key] == nil {
			out[key] = []score.Probe{} // was to be probed, and nothing came of it: what is known fades
		}
	}
	return out, nil
}

// othersOf gives what others predict of an item: of those of the group that gain most, and did not have to write about it themselves.
func othersOf(scorer *score.Scorer, q roundItems, replies []score.Reply, scores score.Scores, asked []map[int]bool) func(r, item int) ([]*score.View, error) {
	items, paid := q.items, firstOf(scores, q.paid)
	var best []int
	gain := make([]float64, len(replies))
	for o := range replies {
		if scores.Replies[o].Answered && len(replies[o].Answers) == len(items) {
			best = append(best, o)
			gain[o] = paid.Replies[o].Mean()
		}
	}
	slices.SortStableFunc(best, func(a, b int) int { return cmp.Compare(gain[b], gain[a]) })
	type place struct{ of, item int }
	known := map[place]*score.View{} // nil: it says nothing
	return func(r, item int) ([]*score.View, error) {
		var out []*score.View
		for _, o := range best {
			if o == r || asked[o][item] {
				continue
			}
			v, ok := known[place{o, item}]
			if !ok {
				var err error
				if v, _, err = scorer.View(items[item].Context, replies[o].Answers[item]); err != nil {
					return nil, err
				}
				known[place{o, item}] = v
			}
			if v != nil {
				out = append(out, v)
			}
			if len(out) == score.MostOthers {
				break
			}
		}
		return out, nil
	}
}

// care measures what reply r gains on an item that it had to write about, against others' and against the items that pay, the first so many:
// whoever predicts badly where it has written badly shows here. Level is its mean gain on those. The other items that texts were
// about tell nothing: uids of one owner know from each other what these are, and could predict as badly there.
func care(scores score.Scores, asked []map[int]bool, paid, r int) (edge func(item int) float64, level float64) {
	over := func(item int) float64 {
		sum, n := 0.0, 0
		for o := range scores.Replies {
			if o != r && scores.Replies[o].Answered && !asked[o][item] {
				sum += score.CareGain(scores.Replies[o].Gains[item].Nats)
				n++
			}
		}
		return score.CareGain(scores.Replies[r].Gains[item].Nats) - sum/float64(max(1, n))
	}
	usual, n := 0.0, float64(max(1, paid))
	for item := range paid {
		usual += over(item) / n
		level += score.CareGain(scores.Replies[r].Gains[item].Nats) / n
	}
	return func(item int) float64 { return over(item) - usual }, level
}

// pace is how quickly a text came.
func (s *Settings) pace(first, rest time.Duration, size int) float64 {
	return score.Pace(first.Seconds(), rest.Seconds(), float64(s.FirstPieceMs)/1000, float64(s.BytesPerSecond), size)
}

// pays tells whether service counts on this subnet.
func (s *Settings) pays() bool { return s.Probes > 0 && s.ServiceShare > 0 }

// draw draws questions that pay, of the shard where there is one.
func (j *Judge) draw() ([]score.Item, error) {
	paid, _ := j.split()
	drawn, err := j.drawer.Draw(paid)
	return itemsOf(drawn), err
}

// drawApart draws the questions of a round that texts are asked for, none where there are to be none.
func (j *Judge) drawApart() ([]score.Item, error) {
	_, apart := j.split()
	if apart == 0 {
		return nil, nil
	}
	drawn, err := j.drawer.DrawApart(apart)
	return itemsOf(drawn), err
}

func itemsOf(drawn []dataset.Item) []score.Item {
	out := make([]score.Item, len(drawn))
	for i, d := range drawn {
		out[i] = score.Item{Stratum: d.Source, Context: d.Context, Truth: d.Continuation}
	}
	return out
}

// observeService takes in what a group's probes showed, in an order that does not depend on chance.
func (j *Judge) observeService(group judged) {
	for _, key := range slices.Sorted(maps.Keys(group)) {
		j.services.Observe(key, group[key])
	}
}

// service is what people are shown; nil where nothing is paid for it.
func (j *Judge) service(key score.Key) *mechanism.Service {
	if !j.settings.pays() {
		return nil
	}
	s := j.services.Standing(key)
	return &mechanism.Service{
		Service: s.Service, Probes: s.Probes, Success: s.Success, Speed: s.Speed, Honesty: s.Honesty, Agreement: s.Agreement, Care: s.Care,
		Unable: s.Unable, Factor: j.services.Use(key, j.settings.ServiceShare),
	}
}
