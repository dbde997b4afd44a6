// Command demosums reads what `amazon-capi demo --json` prints and checks that
// its sums add up: nothing that was consumed may be without a verdict.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
)

// report is the part of the demo's object that is checked. What it must have is
// a pointer, to tell what is missing from what is zero.
type report struct {
	Consumed     *int64    `json:"consumed"`
	Accepted     *int64    `json:"accepted"`
	DeadLettered *int64    `json:"dead_lettered"`
	Filtered     *int64    `json:"filtered"`
	InFlight     *int64    `json:"in_flight"`
	Profiles     []profile `json:"profiles"`
	DeadLetters  []struct {
		Class string `json:"class"`
	} `json:"dead_letters"`
}

type profile struct {
	Profile      string           `json:"profile"`
	Consumed     int64            `json:"consumed"`
	Accepted     int64            `json:"accepted"`
	DeadLettered map[string]int64 `json:"dead_lettered"` // by class
	Filtered     int64            `json:"filtered"`
}

func (p profile) deadLettered() (n int64) {
	for _, c := range p.DeadLettered {
		n += c
	}
	return n
}

func main() {
	if err := check(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

func check(in io.Reader, out io.Writer) error {
	dec := json.NewDecoder(in)
	var r report
	if err := dec.Decode(&r); err != nil {
		return fmt.Errorf("no JSON object: %w", err)
	}
	if _, err := dec.Token(); err != io.EOF {
		return errors.New("prints something after its JSON object")
	}
	if r.Consumed == nil || r.Accepted == nil || r.DeadLettered == nil || r.Filtered == nil || r.InFlight == nil {
		return errors.New("lacks one of consumed, accepted, dead_lettered, filtered, in_flight")
	}
	var errs []error
	if got := *r.Accepted + *r.DeadLettered + *r.Filtered; *r.Consumed != got {
		errs = append(errs, fmt.Errorf("consumed %d, but accepted, dead-lettered and filtered are %d together", *r.Consumed, got))
	}
	if *r.InFlight != 0 {
		errs = append(errs, fmt.Errorf("ended with %d in flight", *r.InFlight))
	}
	if *r.Accepted == 0 || *r.DeadLettered == 0 {
		errs = append(errs, fmt.Errorf("shows no event of some kind: accepted %d, dead-lettered %d", *r.Accepted, *r.DeadLettered))
	}
	if n := int64(len(r.DeadLetters)); n != *r.DeadLettered {
		errs = append(errs, fmt.Errorf("lists %d dead letters of %d", n, *r.DeadLettered))
	}
	for i, d := range r.DeadLetters {
		if d.Class == "" {
			errs = append(errs, fmt.Errorf("dead letter %d has no class", i))
		}
	}
	errs = append(errs, checkProfiles(r)...)
	if err := errors.Join(errs...); err != nil {
		return err
	}
	fmt.Fprintf(out, "demo: consumed %d = accepted %d + dead-lettered %d + filtered %d, none in flight\n",
		*r.Consumed, *r.Accepted, *r.DeadLettered, *r.Filtered)
	return nil
}

// checkProfiles checks the row of each profile, and that the rows together are
// the totals.
func checkProfiles(r report) (errs []error) {
	var consumed, accepted, deadLettered, filtered int64
	for _, p := range r.Profiles {
		if got := p.Accepted + p.deadLettered() + p.Filtered; p.Consumed != got {
			errs = append(errs, fmt.Errorf("profile %s: consumed %d, but its verdicts are %d", p.Profile, p.Consumed, got))
		}
		consumed += p.Consumed
		accepted += p.Accepted
		deadLettered += p.deadLettered()
		filtered += p.Filtered
	}
	if len(r.Profiles) < 2 {
		errs = append(errs, fmt.Errorf("shows %d profiles, want several", len(r.Profiles)))
	}
	for _, total := range []struct {
		name      string
		all, rows int64
	}{
		{"consumed", *r.Consumed, consumed},
		{"accepted", *r.Accepted, accepted},
		{"dead_lettered", *r.DeadLettered, deadLettered},
		{"filtered", *r.Filtered, filtered},
	} {
		if total.all != total.rows {
			errs = append(errs, fmt.Errorf("%s is %d, but %d over the profiles", total.name, total.all, total.rows))
		}
	}
	return errs
}
