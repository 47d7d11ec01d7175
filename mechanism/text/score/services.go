package score

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
)

const (
	// priorProbes is what nothing known yet weighs, in probes, and priorService what it says.
	priorProbes, priorService = 2, 0.5
	// fullVariety is the least part of its own entropy that a text may surprise with and count as drawn at temperature 1: servers
	// that cut off unlikely tokens stay above.
	fullVariety = 0.8
	// fullComparable is the least part of texts that can be compared with what was predicted, of those that ended well.
	fullComparable = 0.4
	// LeastTemperature is that from which on texts tell what model wrote them.
	LeastTemperature = 0.7
	// priorCare is the prior variance of the care of one text, nats squared, as V0 is that of a round's mean.
	priorCare = 4
	// doubt is how many standard errors are given to the neuron where its honesty is judged, times z.
	doubt = 1.25
	// leastLevel keeps the quotient of two gains finite where there is hardly any, nats.
	leastLevel = 0.1

	servicesVersion = 1
)

// Probe is one request for a text, as any user sends it, and what came of it.
type Probe struct {
	Unable bool    // the neuron said that it writes no texts: its service is 0 until it does
	OK     bool    // the text ended well before the deadline
	Speed  float64 // 0..1, see Pace; of a text that ended well
	// Temperature that was asked for. Texts are compared with predictions from LeastTemperature on; below, models write what is
	// likeliest, on which a weak model and the reference may agree, so that honest texts would not be what Agreement expects.
	Temperature float64
	// Text was OK and there is a valid prediction of the same context; only then does anything below count.
	Predicted  bool
	Comparable bool // Agreement says something
	Agreement  Agreement
	// Care is the gain (CareGain) of that prediction less that of others on the same item, less the same of items that the neuron was not asked
	// to write about; Level the neuron's mean gain on those.
	Care, Level float64
}

// Service is the moving evidence of how a neuron serves people: sums over probes that fade.
type Service struct {
	Unable   bool    `json:"unable,omitempty"`
	Probes   float64 `json:"probes"`
	OK       float64 `json:"ok"`
	Speed    float64 `json:"speed"`    // of those that ended well
	Texts    float64 `json:"texts"`    // with a prediction of the same context
	Drawn    float64 `json:"drawn"`    // of Texts, those of a temperature that tells
	Compared float64 `json:"compared"` // of Drawn
	Free     Fit     `json:"free"`     // at temperature 1 and above
	Sharp    Fit     `json:"sharp"`    // below
	Others   Fit     `json:"others"`   // of Compared, by the values that others' answers give
	Listed   Fit     `json:"listed"`   // of Compared, by whether others list the same
	Surprise float64 `json:"surprise"`
	Entropy  float64 `json:"entropy"`
	Nats     float64 `json:"nats"` // variance of Surprise
	Care     float64 `json:"care"`
	CareOf   float64 `json:"care_of"` // squared
	Level    float64 `json:"level"`
}

// Fit sums what Agreement says.
type Fit struct {
	N        float64 `json:"n"`
	Short    float64 `json:"short"`    // Claimed less Seen
	Distance float64 `json:"distance"` // Claimed less Reference
	Variance float64 `json:"variance"`
}

// ServiceStanding is what is known of a neuron's service. All but Probes are 0..1.
type ServiceStanding struct {
	Probes    float64 `json:"probes"`    // effective number behind the rest
	Success   float64 `json:"success"`   // share of texts that ended well in time
	Speed     float64 `json:"speed"`     // of those, 1 within the band
	Agreement float64 `json:"agreement"` // how far the texts are what the neuron's own predictions would give
	Care      float64 `json:"care"`      // how good predictions are where the neuron had to write before, against elsewhere
	Honesty   float64 `json:"honesty"`   // the square of both together, held back while there is little to go by
	Service   float64 `json:"service"`   // what is paid for: held back by a confidence bound
	Unable    bool    `json:"unable,omitempty"`
}

// Pace is 1 up to a time to the first piece and from a rate of bytes on, and falls to 0 at four times the time or a quarter of the
// rate: there is nothing to win by a race. Rest is the time from the first piece to the last.
func Pace(first, rest, fullFirst, fullRate float64, size int) float64 {
	wait := band(first / fullFirst)
	if rest <= 0 {
		return wait
	}
	return wait * band(fullRate*rest/float64(max(1, size)))
}

// CareGain is a gain as Care and Level take it: at most 3 nats either way, for few items that were known by heart would drown the rest.
// It is the same for items that were and were not asked about, so an honest miner's mean difference stays 0.
func CareGain(nats float64) float64 { return min(max(nats, -3), 3) }

// band falls from 1 at 1 to 0 at 4.
func band(x float64) float64 { return clamp((4 - x) / 3) }

func clamp(x float64) float64 {
	if !(x > 0) { // so that NaN is 0
		return 0
	}
	return min(x, 1)
}

// Observe takes in what came of a round's probes of a neuron: none if all fell to others. Then what is known of it fades.
func (s *Service) Observe(alpha float64, probes []Probe) {
	keep := 1 - alpha
	for _, x := range []*float64{
		&s.Probes, &s.OK, &s.Speed, &s.Drawn, &s.Compared, &s.Texts, &s.Surprise, &s.Entropy, &s.Nats, &s.Care, &s.CareOf, &s.Level,
		&s.Free.N, &s.Free.Short, &s.Free.Distance, &s.Free.Variance, &s.Sharp.N, &s.Sharp.Short, &s.Sharp.Distance, &s.Sharp.Variance,
		&s.Others.N, &s.Others.Short, &s.Others.Distance, &s.Others.Variance,
		&s.Listed.N, &s.Listed.Short, &s.Listed.Distance, &s.Listed.Variance,
	} {
		*x *= keep
	}
	for i := range probes {
		s.add(&probes[i])
	}
}

func (s *Service) add(p *Probe) {
	s.Unable = p.Unable
	s.Probes++
	if !p.OK || p.Unable {
		return
	}
	s.OK++
	s.Speed += clamp(p.Speed)
	if !p.Predicted {
		return
	}
	s.Texts++
	s.Care += p.Care
	s.CareOf += p.Care * p.Care
	s.Level += p.Level
	if p.Temperature < LeastTemperature {
		return
	}
	s.Drawn++
	if !p.Comparable {
		return
	}
	s.Compared++
	a := &p.Agreement
	fit := &s.Sharp
	if p.Temperature >= 1 {
		fit = &s.Free
		s.Surprise += a.Surprise
		s.Entropy += a.Entropy
		s.Nats += a.SurpriseVariance
	}
	fit.add(a)
	if a.Others != nil && a.Listed != nil {
		s.Others.add(a.Others)
		s.Listed.add(a.Listed)
	}
}

func (f *Fit) add(a *Agreement) {
	f.N++
	f.Short += a.Claimed - a.Seen
	f.Distance += max(0, a.Claimed-a.Reference)
	f.Variance += a.Variance
}

// agreement is 1 where texts are what the neuron predicts and 0 where they could as well be the reference's, with z standard errors'
// benefit of the doubt. It counts as far as it can tell the two apart: not at all up to a distance of one standard error, fully from two
// on. Without that, values that say nothing of the texts, as of others who know little, would find any miner guilty one time in ten.
func (f *Fit) agreement(z float64) float64 {
	if f.Distance <= 0 {
		return 1
	}
	spread := math.Sqrt(f.Variance)
	found := clamp(1 - (f.Short-z*spread)/f.Distance)
	return 1 - (1-found)*clamp(f.Distance/spread-1)
}

// Standing sums up. z is how many standard errors are held back, or given in doubt.
func (s *Service) Standing(z float64) ServiceStanding {
	out := ServiceStanding{Probes: s.Probes, Unable: s.Unable, Agreement: 1, Care: 1}
	if s.Probes > 0 {
		out.Success = clamp(s.OK / s.Probes)
	}
	if s.OK > 0 {
		out.Speed = clamp(s.Speed / s.OK)
	}
	if n := s.Free.N + s.Sharp.N; n > 0 {
		free := s.Free.agreement(doubt * z)
		if s.Entropy > 0 {
			free *= clamp((s.Surprise + doubt*z*math.Sqrt(s.Nats)) / s.Entropy / fullVariety)
		}
		out.Agreement = (s.Free.N*free + s.Sharp.N*s.Sharp.agreement(doubt*z)) / n
		out.Agreement = min(out.Agreement, s.Others.agreement(doubt*z), s.Listed.agreement(doubt*z))
	}
	if s.Drawn > 0 {
		out.Agreement *= clamp((s.Compared + z*math.Sqrt(s.Drawn)/2) / (fullComparable * s.Drawn))
	}
	if s.Texts > 0 {
		mean := s.Care / s.Texts
		spread := math.Sqrt((max(0, s.CareOf/s.Texts-mean*mean) + priorCare/s.Texts) / s.Texts)
		out.Care = clamp(1 + (mean+doubt*z*spread)/max(leastLevel, s.Level/s.Texts))
	}
	// Squared, as gains are where they are paid: a text that is worth half of what was claimed earns a quarter.
	// Once more by care, since what texts were asked about does not count for the gain: to predict badly there costs nothing else.
	fair := out.Agreement * out.Care
	out.Honesty = (s.Texts*fair*fair*out.Care + priorProbes*priorService) / (s.Texts + priorProbes)
	n := s.Probes + priorProbes
	worth := (s.Speed + priorProbes*priorService) / n
	worth = max(0, worth-z*math.Sqrt(max(0, worth*(1-worth))/n))
	if !s.Unable {
		out.Service = clamp(worth * out.Honesty)
	}
	return out
}

// Services keeps the service of every neuron that was probed. It is not safe for concurrent use.
type Services struct {
	settings Settings
	all      map[Key]*Service
}

// NewServices keeps nothing yet. Alpha and Z of the settings are used.
func NewServices(s Settings) *Services { return &Services{settings: s, all: map[Key]*Service{}} }

// Observe takes in a round's probes of one neuron.
func (s *Services) Observe(key Key, probes []Probe) {
	one := s.all[key]
	if one == nil {
		if len(s.all) >= maxNeurons || len(key) == 0 || len(key) > maxKey {
			return
		}
		one = new(Service)
		s.all[key] = one
	}
	one.Observe(s.settings.Alpha, probes)
}

// Standing of a neuron; that of a newcomer if nothing is known.
func (s *Services) Standing(key Key) ServiceStanding {
	one := s.all[key]
	if one == nil {
		one = new(Service)
	}
	return one.Standing(s.settings.Z)
}

// Use is what a neuron's pay for predictions is multiplied with: the share that does not depend on service, and of the rest as
// much as service says.
func (s *Services) Use(key Key, share float64) float64 {
	return 1 - share + share*s.Standing(key).Service
}

// Keep forgets all but the given neurons.
func (s *Services) Keep(keys []Key) {
	kept := make(map[Key]*Service, len(keys))
	for _, k := range keys {
		if one, ok := s.all[k]; ok {
			kept[k] = one
		}
	}
	s.all = kept
}

type servicesState struct {
	Version int            `json:"version"`
	Neurons []serviceOfOne `json:"neurons"` // ascending by key
}

type serviceOfOne struct {
	Key []byte `json:"key"`
	Service
}

// Encode returns all as JSON, the same bytes for the same services.
func (s *Services) Encode() ([]byte, error) {
	state := servicesState{Version: servicesVersion, Neurons: []serviceOfOne{}}
	for k, one := range s.all {
		state.Neurons = append(state.Neurons, serviceOfOne{[]byte(k), *one})
	}
	slices.SortFunc(state.Neurons, func(a, b serviceOfOne) int { return slices.Compare(a.Key, b.Key) })
	return json.Marshal(state)
}

// LoadServices reads what Encode wrote, and fails with ErrState on anything it could not have written. No bytes: nothing is known
// of any neuron.
func LoadServices(s Settings, data []byte) (*Services, error) {
	out := NewServices(s)
	if len(data) == 0 {
		return out, nil
	}
	if len(data) > maxState {
		return nil, fmt.Errorf("%w: services of %d bytes, want %d at most", ErrState, len(data), maxState)
	}
	var state servicesState
	if err := json.Unmarshal(data, &state); err != nil {
		return nil, fmt.Errorf("%w: services: %w", ErrState, err)
	}
	if state.Version != servicesVersion || len(state.Neurons) > maxNeurons {
		return nil, fmt.Errorf("%w: services of version %d with %d neurons, want version %d and %d at most",
			ErrState, state.Version, len(state.Neurons), servicesVersion, maxNeurons)
	}
	for i := range state.Neurons {
		n := &state.Neurons[i]
		_, twice := out.all[Key(n.Key)]
		if len(n.Key) == 0 || len(n.Key) > maxKey || twice || !n.check() {
			return nil, fmt.Errorf("%w: service of neuron %q: no name, there twice, or numbers that no probes give", ErrState, n.Key)
		}
		out.all[Key(n.Key)] = &n.Service
	}
	return out, nil
}

// check tells whether probes could have given these numbers, with room for rounding.
func (s *Service) check() bool {
	const slack, most = 1e-6, 1e9
	for _, x := range []float64{s.Care, s.Level, s.Surprise, s.Free.Short, s.Sharp.Short, s.Others.Short, s.Listed.Short} {
		if !(math.Abs(x) <= most) {
			return false
		}
	}
	for _, x := range []float64{
		s.Entropy, s.Nats, s.CareOf, s.Free.Distance, s.Free.Variance, s.Sharp.Distance, s.Sharp.Variance, s.Others.Distance, s.Others.Variance, s.Listed.Distance, s.Listed.Variance,
	} {
		if !(x >= -slack && x <= most) {
			return false
		}
	}
	for _, pair := range [][2]float64{{s.Probes, most}, {s.OK, s.Probes}, {s.Speed, s.OK}, {s.Texts, s.OK}, {s.Drawn, s.Texts}, {s.Compared, s.Drawn}, {s.Free.N + s.Sharp.N, s.Compared}, {s.Others.N, s.Compared}, {s.Listed.N, s.Compared}} {
		if !(pair[0] >= 0 && pair[0] <= pair[1]+slack) {
			return false
		}
	}
	return s.Free.N >= 0 && s.Sharp.N >= 0
}
