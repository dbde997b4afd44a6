package flow

import (
	"context"
	"time"
)

// Pace spreads what is taken over time.
type Pace struct {
	PerSecond float64 // 0 for no bound
	next      time.Time
}

// MaxPoll bounds one poll. It is more than one fetch, except for tiny records: the client
// asks a broker for more once everything it sent has been taken, so a rest left behind
// would keep the pumps waiting.
const MaxPoll = 8192

// Most bounds one poll, so that a rate is kept within a second and not only over many.
func (p *Pace) Most() int {
	if p.PerSecond <= 0 {
		return MaxPoll
	}
	return min(MaxPoll, max(1, int(p.PerSecond/10)))
}

// Wait returns when more may be taken, or ctx ends.
func (p *Pace) Wait(ctx context.Context, now time.Time) error {
	if p.PerSecond <= 0 || !now.Before(p.next) {
		return ctx.Err()
	}
	timer := time.NewTimer(p.next.Sub(now))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Took notes that so many were taken.
func (p *Pace) Took(n int, now time.Time) {
	if p.PerSecond <= 0 || n == 0 {
		return
	}
	if p.next.Before(now) {
		p.next = now
	}
	p.next = p.next.Add(time.Duration(float64(n) / p.PerSecond * float64(time.Second)))
}
