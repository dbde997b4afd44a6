package registry

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"github.com/tracklayer/amazon-capi/schemas/framing"
)

// A registry that is broken, or a cache in front of it, may answer with the schema of
// another id, or with a text that is no schema. Its events would become dead letters, or
// worse, be read wrong. Not every registry says what its answer is about: what it says is
// checked, and an answer that is about something else is none. But a registry may know a
// subject by several names, or spell it in another way, so that an answer that only differs
// in that is believed once it has been given for long.

// otherError says that an answer is about something else than the question.
type otherError struct{ what string }

func (e *otherError) Error() string { return "its answer is about " + e.what }

// errOtherSubject is the one otherError that is believed in the end.
var errOtherSubject = &otherError{"another subject"}

// optional is a part of an answer that few registries give. One of another type counts as
// absent.
type optional[T any] struct{ value T }

// UnmarshalJSON never fails.
func (o *optional[T]) UnmarshalJSON(b []byte) error {
	*o = optional[T]{}
	_ = json.Unmarshal(b, &o.value)
	return nil
}

// checkName compares what an answer says that it is with the name that was asked for.
func (a *schemaAnswer) checkName(ref framing.Ref) error {
	switch {
	case ref.Kind == framing.ID && a.ID.value != 0 && a.ID.value != int64(ref.Number()):
		return &otherError{fmt.Sprintf("schema id %d", a.ID.value)}
	case ref.Kind == framing.GUID && a.GUID.value != "" && !strings.EqualFold(a.GUID.value, ref.UUID()):
		return &otherError{"another GUID"}
	}
	return nil
}

// checkVersion is checkName for a version of a subject. Subjects are compared without
// their contexts, which not all answers have.
func (a *schemaAnswer) checkVersion(subject string, version int) error {
	if version > 0 && a.Version.value > 0 && a.Version.value != version {
		return &otherError{fmt.Sprintf("version %d", a.Version.value)}
	}
	if withoutContext(a.Subject) != "" && !a.isOf(subject) {
		return errOtherSubject
	}
	return nil
}

func (a *schemaAnswer) isOf(subject string) bool {
	return withoutContext(a.Subject) == withoutContext(subject)
}

// withoutContext returns a subject's name within its context.
func withoutContext(subject string) string { return strings.TrimPrefix(subject, contextOf(subject)) }

const (
	// doubtFor is how long an answer that no registry should give is held to be a fault that
	// passes.
	doubtFor = 5 * time.Minute
	// doubtAgain is how long there must be none before the next one is doubted again, once
	// one was believed. Records whose schema is such a text must not hold their partitions
	// again each time that it is asked for.
	doubtAgain = time.Hour
	// maxDoubts bounds how many questions' answers are remembered.
	maxDoubts = 1000
)

// doubts remembers the questions that had answers which no registry should give.
type doubts struct {
	log zerolog.Logger
	mu  sync.Mutex
	of  map[string]*doubt
}

// doubt is since when, and when last, a question had such answers, without a good one or
// a pause of doubtFor in between.
type doubt struct {
	first, last time.Time
	believed    bool
}

var errNotJSON = errors.New("its schema is not JSON, as every Avro schema is")

// checkText returns an error for a text that is no Avro schema of any kind, such as a part
// of one.
func (a *schemaAnswer) checkText() error {
	if a.SchemaType != "" && !strings.EqualFold(a.SchemaType, "AVRO") || json.Valid([]byte(a.Schema)) {
		return nil
	}
	return errNotJSON
}

// check returns an error unless such an answer is believed, because the registry has given
// such ones to the question for long. That it is, is logged once.
func (d *doubts) check(question string, wrong error, now time.Time) error {
	believed, first := d.believe(question, now)
	if !believed {
		return wrong
	}
	if first {
		d.log.Warn().Str("question", question).Err(wrong).Dur("after_ms", doubtFor).
			Msg("the schema registry's answer is believed, since it has not changed; check the registry if it is wrong")
	}
	return nil
}

// believe reports whether an answer is believed, and whether it is the first one.
func (d *doubts) believe(question string, now time.Time) (believed, first bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	e := d.of[question]
	if e != nil {
		if pause := now.Sub(e.last); pause >= doubtAgain || pause > doubtFor && !e.believed {
			e = nil
		}
	}
	if e == nil {
		e = &doubt{first: now}
		d.put(question, e)
	}
	e.last = now
	first = !e.believed && now.Sub(e.first) >= doubtFor
	e.believed = e.believed || first
	return e.believed, first
}

// put adds a question, and forgets the one that was asked least recently if there are too
// many.
func (d *doubts) put(question string, e *doubt) {
	if d.of == nil {
		d.of = make(map[string]*doubt)
	}
	if d.of[question] == nil && len(d.of) >= maxDoubts {
		var oldest string
		for q, e := range d.of {
			if oldest == "" || e.last.Before(d.of[oldest].last) {
				oldest = q
			}
		}
		delete(d.of, oldest)
	}
	d.of[question] = e
}

// end says that a question had a good answer.
func (d *doubts) end(question string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.of, question)
}
