package reconcile

import (
	"github.com/tracklayer/amazon-capi/internal/operate/eventsmanager"
	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/transform"
)

// Tenant returns the receiver that Amazon is given for a profile's events, and whether it
// is given the person's consent.
type Tenant func(profile string) (account string, consent bool)

// Predict returns a callback for a Reconciler that collects a prediction of what Amazon's
// Events Manager shows.
func Predict(p *eventsmanager.Prediction, tenant Tenant) func(*Sent) {
	return func(s *Sent) {
		account, consent := tenant(s.Profile)
		at := s.Time
		if at.IsZero() {
			at = s.Record // it was never sent, and must be counted somewhere
		}
		out := eventsmanager.Sent{
			Account: account, Profile: s.Profile, Name: s.Name, Source: s.Source, Time: at,
			Takes: s.Takes, Repeats: s.Repeats, Recent: s.Recent, Retried: s.Retried, Copy: s.Copy,
			Rejected: s.Class == verdict.Rejected, Filtered: s.Class == verdict.Filtered, InFlight: s.Class == 0,
		}
		out.Refused = s.Class.DeadLetter() && !out.Rejected
		if c := &s.Consent; consent {
			out.Strings = c.TCF != "" || c.GPP != ""
			out.Denied = c.TCF == "" && (c.UserData == transform.ConsentDenied || c.Storage == transform.ConsentDenied && c.UserData != "")
			// A denial excludes the event, whatever a consent string of another kind says.
			out.Strings = out.Strings && !out.Denied
		}
		p.Add(&out)
	}
}
