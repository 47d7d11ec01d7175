package text

import "github.com/gotensor/gotensor/mechanism"

// share has questions come from the shard of a period, where the subnet has one.
func (j *Judge) share(period mechanism.Period) {
	if j.settings.Shard > 0 && period.Beacon == [32]byte{} {
		j.log.Warn("the period's beacon is not known: questions come from all of the text, not from the shard", "period", period.Number)
	}
	paid, _ := j.split()
	j.drawer.Shard(period.Beacon, j.settings.Shard, paid)
}

// split says how many questions of a round each source gives: those that pay, of the shard where there is one, and those apart, which texts are
// asked for a round ahead. Whoever wrote about these knows them early and could ask others about them, or know them among a shard's, which
// come again and again: so they show how a neuron serves and nothing else. A quarter is apart, rounded up.
func (j *Judge) split() (paid, apart int) {
	n := j.settings.Items / len(j.drawer.Sources())
	if j.settings.pays() {
		apart = (n + 3) / 4
	}
	return n - apart, apart
}
