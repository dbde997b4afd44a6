package guard

import "time"

// setBadApart sets the profiles apart that were always bad: they are no storm of the stream,
// however much they have to do now. mu is held.
func (g *Guard) setBadApart(now time.Time) {
	s := &g.opts.Settings
	for name, p := range g.profiles {
		if g.holds[name] != nil || p.apart || p.before.all < s.evidence() || p.before.bad*100 < p.before.all*float64(s.Before) {
			continue
		}
		if p.advance(now, s.Within); p.total().bad > 0 {
			g.setApart(p)
		}
	}
}

// setApart takes a profile out of the stream's counts, once: what is taken out again would be
// the events of others. mu is held.
func (g *Guard) setApart(p *profile) {
	if !p.apart {
		g.stream.leave(&p.share)
		p.apart = true
	}
}

// takeBack counts a profile for the stream that was set apart and is well now, with its
// latest events, so that it can be set apart again. The stream's slices are those of now. mu is
// held.
func (g *Guard) takeBack(p *profile, now time.Time) {
	if !p.apart || g.storm != nil {
		return
	}
	s := &g.opts.Settings
	p.advance(now, s.Within)
	total := p.total()
	if float64(total.all) < s.evidence() || int(total.bad)*100 >= int(total.all)*s.Before {
		return
	}
	g.stream.join(&p.share)
	p.apart = false
}
