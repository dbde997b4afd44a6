package guard

import "time"

// slices is how many parts the time of Settings.Within is counted in.
const slices = 10

// counts is a number of events and how many of them were refused.
type counts struct{ all, bad uint32 }

func (c counts) plus(o counts) counts { return counts{c.all + o.all, c.bad + o.bad} }

// minus returns what is left, and never less than nothing.
func (c counts) minus(o counts) counts {
	return counts{c.all - min(c.all, o.all), c.bad - min(c.bad, o.bad)}
}

// long is a count over a time without bounds, in which what is long past weighs less.
type long struct{ all, bad float64 }

func (l long) plus(c counts) long { return long{l.all + float64(c.all), l.bad + float64(c.bad)} }

// share counts the events of one profile or of the stream: those of Settings.Within in
// slices of time, and those before. It is kept for every profile that Amazon accepts events
// of, and so is small: 104 bytes.
type share struct {
	ring   [slices]counts
	slice  int64 // the number of the newest
	before long
}

// fading is what remains of the weight of earlier events with each slice that has any.
// Slices without events change nothing: a profile that is quiet at night is judged by the
// evening before.
const fading = 0.9

// advance begins the slice of that time, if it is a new one.
func (s *share) advance(now time.Time, within time.Duration) {
	slice := now.UnixNano() / int64(within/slices)
	steps := min(slice-s.slice, slices)
	if steps <= 0 {
		return // also if the clock has gone back
	}
	for i := range steps {
		oldest := &s.ring[(s.slice+1+i)%slices]
		if oldest.all > 0 {
			s.before = long{s.before.all * fading, s.before.bad * fading}.plus(*oldest)
		}
		*oldest = counts{}
	}
	s.slice = slice
}

// add counts events in the newest slice.
func (s *share) add(c counts) {
	newest := &s.ring[s.slice%slices]
	*newest = newest.plus(c)
}

func (s *share) total() (c counts) {
	for _, x := range s.ring {
		c = c.plus(x)
	}
	return c
}

// jump returns the latest events if too many of them were refused and few of those before
// them: the fewest that are enough, so that a storm in a busy stream is noticed within a
// tenth of the time. A burst that is small beside the events of the whole time is no storm.
func (s *share) jump(by *Settings) (latest counts, ok bool) {
	total := s.total()
	for i := range int64(slices) {
		latest = latest.plus(s.ring[(s.slice-i+slices)%slices])
		if int(latest.all) < by.Events || latest.all < total.all/slices || int(latest.bad)*100 <= int(latest.all)*by.Share {
			continue
		}
		before := s.before
		if before.all < by.evidence() {
			before = before.plus(total.minus(latest))
		}
		return latest, before.all >= by.evidence() && before.bad*100 < before.all*float64(by.Before)
	}
	return latest, false
}

// evidence is how many events show what was before. Without them nobody knows, and nothing
// has jumped.
func (s *Settings) evidence() float64 { return float64(s.Events) / 10 }

// leave takes out what another share has counted, in the same slices.
func (s *share) leave(o *share) {
	for i := range s.ring {
		s.ring[i] = s.ring[i].minus(o.ring[i])
	}
}

// join puts back what leave has taken out, in the same slices.
func (s *share) join(o *share) {
	for i := range s.ring {
		s.ring[i] = s.ring[i].plus(o.ring[i])
	}
}

// clear forgets the latest events.
func (s *share) clear() { s.ring = [slices]counts{} }

// accept makes the latest events what was before: they are known and wanted.
func (s *share) accept(c counts) {
	s.clear()
	s.before = long{}.plus(c)
}
