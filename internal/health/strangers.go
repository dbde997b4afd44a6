package health

import (
	"sync"
	"time"

	"github.com/rs/zerolog"

	"github.com/tracklayer/amazon-capi/internal/crash"
)

const (
	// strangersEvery is how long log lines about strangers are counted after the first.
	strangersEvery = time.Minute
	// maxStrangers bounds those lines within that time. Whoever may write to the topic can
	// invent any number of profiles, each with a condition that begins and ends.
	maxStrangers = 10
)

// strangers bounds the log lines about conditions of profiles that no account names.
type strangers struct {
	log zerolog.Logger

	mu      sync.Mutex
	lines   int // in this minute
	leftOut int
	timer   *time.Timer // that ends the minute; nil if none runs
	closed  bool
}

// admit reports whether another line may be logged, and counts it otherwise.
func (s *strangers) admit() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.timer == nil && !s.closed {
		s.lines = 0
		s.timer = time.AfterFunc(strangersEvery, s.minute)
	}
	if s.lines++; s.lines <= maxStrangers {
		return true
	}
	s.leftOut++
	return false
}

func (s *strangers) minute() {
	defer crash.Report()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.timer = nil
	s.tell()
}

// tell logs how many lines were left out. mu is held.
func (s *strangers) tell() {
	if s.leftOut > 0 {
		s.log.Warn().Int("left_out", s.leftOut).
			Msg("more conditions of unknown profiles began or ended in the last minute; /status lists those that fail")
		s.leftOut = 0
	}
}

func (s *strangers) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed = true; s.timer != nil {
		s.timer.Stop()
		s.timer = nil
	}
	s.tell()
}

// OfStranger is OfProfile for a profile that no account names and that may be invented.
// Only a few lines a minute are logged about such conditions.
func (c *Condition) OfStranger() *Condition {
	if c != nil {
		c.set.mu.Lock()
		c.profile, c.stranger = true, true
		c.set.mu.Unlock()
	}
	return c
}

// OfKnown is OfProfile for a profile that is known, and OfStranger for another.
func (c *Condition) OfKnown(known bool) *Condition {
	if known {
		return c.OfProfile()
	}
	return c.OfStranger()
}

// Close logs how many lines were left out, and stops counting.
func (cs *Conditions) Close() { cs.strangers.close() }
