package text

import "github.com/gotensor/gotensor/mechanism"

// share has questions come from the shard of a period, where the subnet has one.
func (j *Judge) share(period mechanism.Period) {
	if j.settings.Shard > 0 && period.Beacon == [32]byte{} {
		j.log.Warn("the period's beacon is not known: questions come from all of the text, not from the shard", "period", period.Number)
	}
	shared, _ := j.split()
	j.drawer.Shard(period.Beacon, j.settings.Shard, shared)
}

// split says how many questions of a round each source gives: of the shard, or of all of the text where there is none, and apart from
// it. Only a quarter is apart, and only where texts are to be asked for about it.
func (j *Judge) split() (shared, apart int) {
	n := j.settings.Items / len(j.drawer.Sources())
	if j.settings.Shard > 0 && j.settings.pays() {
		apart = (n + 3) / 4
	}
	return n - apart, apart
}
