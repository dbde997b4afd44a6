package reconcile

import (
	"cmp"
	"encoding/json"
	"math/big"
	"slices"
	"strings"
	"time"

	"github.com/tracklayer/amazon-capi/internal/verdict"
)

// Fates are the words for the fate of a record: a class's, or one of these.
const (
	// InFlight records have no verdict, and the group has not passed them.
	InFlight = "in flight"
	// Missing records have none although the group has passed them, or were accepted and
	// Amazon does not have them.
	Missing = "missing"
)

// RowKey is what the records of a row have in common.
type RowKey struct {
	Profile   string    `json:"profile"` // "-" for records without one
	EventType string    `json:"event_type"`
	Hour      time.Time `json:"hour,omitzero"` // of the record's timestamp, in UTC
}

// Counts are the fates of a number of records. Source = Accepted + Decode + Validation +
// Rejected + Auth + Filtered + InFlight + Missing.
type Counts struct {
	Source     int `json:"source"`
	Accepted   int `json:"accepted"`
	Decode     int `json:"decode"`
	Validation int `json:"validation"`
	Rejected   int `json:"rejected"`
	Auth       int `json:"auth"`
	Filtered   int `json:"filtered"`
	InFlight   int `json:"in_flight"`
	Missing    int `json:"missing"`

	// Of these:
	Retried    int `json:"retried"`    // took more than one request
	Redriven   int `json:"redriven"`   // came back from the dead-letter topic
	Duplicates int `json:"duplicates"` // have an event id that occurred before
	// Value is the amount of accepted events by currency, each event id counted once.
	Value Amounts `json:"value"`
}

// DeadLettered returns the sum over the classes of dead letters.
func (c *Counts) DeadLettered() int { return c.Decode + c.Validation + c.Rejected + c.Auth }

// Sum returns what Source must be.
func (c *Counts) Sum() int {
	return c.Accepted + c.DeadLettered() + c.Filtered + c.InFlight + c.Missing
}

func (c *Counts) count(fate string) {
	c.Source++
	switch fate {
	case verdict.Accepted.String():
		c.Accepted++
	case verdict.Decode.String():
		c.Decode++
	case verdict.Validation.String():
		c.Validation++
	case verdict.Rejected.String():
		c.Rejected++
	case verdict.Auth.String():
		c.Auth++
	case verdict.Filtered.String():
		c.Filtered++
	case InFlight:
		c.InFlight++
	default:
		c.Missing++
	}
}

func (c *Counts) add(o *Counts) {
	c.Source += o.Source
	c.Accepted += o.Accepted
	c.Decode += o.Decode
	c.Validation += o.Validation
	c.Rejected += o.Rejected
	c.Auth += o.Auth
	c.Filtered += o.Filtered
	c.InFlight += o.InFlight
	c.Missing += o.Missing
	c.Retried += o.Retried
	c.Redriven += o.Redriven
	c.Duplicates += o.Duplicates
	for currency, amount := range o.Value {
		c.Value = c.Value.plus(currency, amount)
	}
}

// Amounts are exact sums of money by currency.
type Amounts map[string]*big.Rat

func (a Amounts) plus(currency string, amount *big.Rat) Amounts {
	if a == nil {
		a = make(Amounts)
	}
	if a[currency] == nil {
		a[currency] = new(big.Rat)
	}
	a[currency].Add(a[currency], amount)
	return a
}

// Currencies returns the currencies with an amount, in order.
func (a Amounts) Currencies() []string {
	all := make([]string, 0, len(a))
	for currency := range a {
		all = append(all, currency)
	}
	slices.Sort(all)
	return all
}

// Text returns an amount in digits, with at least two decimals.
func (a Amounts) Text(currency string) string {
	r := a[currency]
	if r == nil {
		return "0.00"
	}
	// Sums of decimals have finite expansions, so a power of ten is enough.
	n, exact := r.FloatPrec()
	if !exact {
		n = 20
	}
	return r.FloatString(max(n, 2))
}

// String lists the amounts.
func (a Amounts) String() string {
	var parts []string
	for _, currency := range a.Currencies() {
		parts = append(parts, a.Text(currency)+" "+currency)
	}
	return strings.Join(parts, ", ")
}

// MarshalJSON writes amounts as texts, which keep their digits everywhere.
func (a Amounts) MarshalJSON() ([]byte, error) {
	texts := make(map[string]string, len(a))
	for currency := range a {
		texts[currency] = a.Text(currency)
	}
	return json.Marshal(texts)
}

// UnmarshalJSON is the inverse of MarshalJSON.
func (a *Amounts) UnmarshalJSON(b []byte) error {
	var texts map[string]string
	if err := json.Unmarshal(b, &texts); err != nil {
		return err
	}
	*a = make(Amounts)
	for currency, text := range texts {
		if r, ok := new(big.Rat).SetString(text); ok {
			(*a)[currency] = r
		}
	}
	return nil
}

// Row is the fates of the records of one profile, type and hour.
type Row struct {
	RowKey
	Counts
}

// Lost is a record that is missing.
type Lost struct {
	Profile   string    `json:"profile"`
	EventID   string    `json:"event_id"`
	EventType string    `json:"event_type"`
	Partition int32     `json:"partition"`
	Offset    int64     `json:"offset"`
	Time      time.Time `json:"time,omitzero"` // of the record
	Why       string    `json:"why"`
	Topic     string    `json:"topic"`
}

// Unread is what was deleted of a partition before the group had read it. It is in no
// row, because nothing is known about the records.
type Unread struct {
	Partition int32  `json:"partition"`
	Records   int64  `json:"records"`
	Before    int64  `json:"before"` // the partition's first record that is left
	Topic     string `json:"topic"`
}

// Report is the outcome.
type Report struct {
	Rows   []Row
	Sum    Counts
	Unread []Unread
	// Lost are the records that are missing, at most maxLost; Sum.Missing counts
	// them all.
	Lost []Lost
}

// maxLost bounds what is kept of missing records: if there are more, something is wrong
// that a longer list does not explain.
const maxLost = 10_000

// Add adds the report of a topic. Topics are compared one by one: an event id that two of them
// have is two events.
func (r *Report) Add(topic string, o *Report) {
	r.Rows = append(r.Rows, o.Rows...)
	r.Sum.add(&o.Sum)
	for _, l := range o.Lost[:min(len(o.Lost), maxLost-len(r.Lost))] {
		l.Topic = topic
		r.Lost = append(r.Lost, l)
	}
	for _, u := range o.Unread {
		u.Topic = topic
		r.Unread = append(r.Unread, u)
	}
}

// By merges rows that differ only in the omitted keys.
func (r *Report) By(profile, eventType, hour bool) []Row {
	merged := make(map[RowKey]*Row)
	for i := range r.Rows {
		key := r.Rows[i].RowKey
		if !profile {
			key.Profile = ""
		}
		if !eventType {
			key.EventType = ""
		}
		if !hour {
			key.Hour = time.Time{}
		}
		if merged[key] == nil {
			merged[key] = &Row{RowKey: key}
		}
		merged[key].add(&r.Rows[i].Counts)
	}
	rows := make([]Row, 0, len(merged))
	for _, row := range merged {
		rows = append(rows, *row)
	}
	slices.SortFunc(rows, compareRows)
	return rows
}

func compareRows(a, b Row) int {
	return cmp.Or(cmp.Compare(a.Profile, b.Profile), a.Hour.Compare(b.Hour), cmp.Compare(a.EventType, b.EventType))
}
