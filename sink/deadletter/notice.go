package deadletter

import (
	"cmp"
	"slices"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"github.com/tracklayer/amazon-capi/internal/crash"
	"github.com/tracklayer/amazon-capi/internal/redact"
	"github.com/tracklayer/amazon-capi/internal/verdict"
)

const (
	// noticeEvery is how long the letters of one kind are counted after one of them was
	// logged.
	noticeEvery = time.Minute
	// maxNotices bounds the kinds that are logged separately within that time, because
	// anybody who may write to the topic can name any number of profiles. The same number
	// again may be logged of kinds with a class and code of their own.
	maxNotices = 20
)

// kind is what letters have in common that one line of the log stands for.
type kind struct {
	class   verdict.Class
	code    string
	profile string // as it is shown
}

// notices logs dead letters: the first of a kind at once, and how many more there were
// each minute. A storm of a million letters is some lines, and the first of each kind of
// fault is not lost in it.
type notices struct {
	log zerolog.Logger

	mu      sync.Mutex
	counted map[kind]int // that were left out, of the kinds of this minute
	others  int          // of all further kinds
	timer   *time.Timer  // that ends the minute; nil if none runs
	closed  bool
}

// letter logs a letter or counts it, and reports whether it was logged.
func (n *notices) letter(l *Draft, profile string) bool {
	k := kind{l.Reason.Class, redact.Line(redact.Text(l.Reason.Code), redact.WordLimit), profile}
	if !n.first(k) {
		return false
	}
	line := n.log.Warn().Stringer("class", k.class).Str("code", k.code)
	if l.Reason.Status != 0 {
		line = line.Int("status", l.Reason.Status)
	}
	if l.Reason.Field != "" {
		line = line.Str("field", redact.Line(redact.Text(l.Reason.Field), redact.WordLimit))
	}
	line.Str("profile", profile).Str("event_id", redact.EventID(l.EventID)).
		Str("topic", l.From.Topic).Int32("partition", l.From.Partition).Int64("offset", l.Offset).
		Str("reason", redact.Line(redact.Own(l.Reason.Message), redact.MessageLimit)).
		Msg("dead letter written; more like it are counted for a minute")
	return true
}

// first reports whether a letter is the first of its kind, and counts it otherwise.
func (n *notices) first(k kind) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closed {
		return false
	}
	if n.timer == nil {
		n.timer = time.AfterFunc(noticeEvery, n.minute)
	}
	if left, known := n.counted[k]; known {
		n.counted[k] = left + 1
		return false
	}
	if len(n.counted) >= maxNotices && (len(n.counted) >= 2*maxNotices || n.knows(k)) {
		n.others++
		return false
	}
	if n.counted == nil {
		n.counted = make(map[kind]int)
	}
	n.counted[k] = 0
	return true
}

// knows reports whether letters of that class and code are counted under another profile.
// Those of a new code are logged also when many profiles fill the list all day: a deploy
// that breaks every event must not hide behind them. mu is held.
func (n *notices) knows(k kind) bool {
	for other := range n.counted {
		if other.class == k.class && other.code == k.code {
			return true
		}
	}
	return false
}

// minute tells the counts of the minute. Kinds that go on are counted and not told
// apart anew, so that each is one line a minute.
func (n *notices) minute() {
	defer crash.Report()
	n.mu.Lock()
	defer n.mu.Unlock()
	n.timer = nil
	if n.closed {
		return
	}
	if n.tell() {
		n.timer = time.AfterFunc(noticeEvery, n.minute)
	}
}

// close tells what is counted, and that nothing more is.
func (n *notices) close() {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closed {
		return
	}
	n.closed = true
	if n.timer != nil {
		n.timer.Stop()
	}
	n.tell()
}

// tell logs the counts and forgets the kinds that had none; it reports whether any had.
// mu is held.
func (n *notices) tell() (any bool) {
	kinds := make([]kind, 0, len(n.counted))
	for k, left := range n.counted {
		if left == 0 {
			delete(n.counted, k)
			continue
		}
		kinds = append(kinds, k)
	}
	slices.SortFunc(kinds, func(a, b kind) int {
		return cmp.Or(cmp.Compare(a.class, b.class), cmp.Compare(a.code, b.code), cmp.Compare(a.profile, b.profile))
	})
	for _, k := range kinds {
		n.log.Warn().Stringer("class", k.class).Str("code", k.code).Str("profile", k.profile).
			Int("left_out", n.counted[k]).Msg("more dead letters of this kind in the last minute")
		n.counted[k] = 0
	}
	if n.others > 0 {
		n.log.Warn().Int("left_out", n.others).Msg("more dead letters of other kinds in the last minute")
	}
	any = len(kinds) > 0 || n.others > 0
	n.others = 0
	return any
}
