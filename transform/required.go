package transform

import (
	"fmt"

	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/schemas"
)

// maxEventID is in characters. Amazon publishes no limit; a longer id is a mistake of the
// source, and would become a header of every dead letter.
const maxEventID = 512

// checkEventID accepts an id unchanged or not at all. Trimming could merge two ids, or count
// one action twice beside a browser tag that did not trim; either way money is counted
// wrong.
func checkEventID(id string, out *Conversion) *verdict.Reason {
	switch trimmed := trim(id); {
	case trimmed == "":
		return verdict.CodeEventIDMissing.Because("event_id is absent or blank: want the id that the source gave the action, the same on every retry")
	case longerThan(id, maxEventID):
		return verdict.CodeEventIDTooLong.Because(fmt.Sprintf("event_id has %d bytes: want at most %d characters", len(id), maxEventID))
	case trimmed != id:
		return verdict.CodeEventIDInvalid.Because("event_id has blanks at its beginning or end: want it without")
	case !printable(id):
		return verdict.CodeEventIDInvalid.Because("event_id has control characters or is not valid UTF-8: want printable text")
	}
	out.EventID = id
	return nil
}

// checkProfileID accepts a profile id unchanged or not at all: one that is nearly right
// belongs to another advertiser.
func (t *Transformer) checkProfileID(id string, out *Conversion) *verdict.Reason {
	switch {
	case trim(id) == "":
		return verdict.CodeProfileIDMissing.Because("profile_id is absent or blank: want the id of the Amazon Ads profile")
	case !t.profiles.Valid(id):
		return verdict.CodeProfileIDInvalid.Because("profile_id has blanks, other characters or too many: want " + t.profiles.Want())
	}
	out.ProfileID = id
	return nil
}

// The action sources.
const (
	SourceWebsite = "WEBSITE"
	SourceApp     = "APP"
	SourceOffline = "OFFLINE"
	// SourcePartner is a service that measures apps for their makers and forwards their
	// events.
	SourcePartner = "MEASUREMENT_ATTRIBUTION_PARTNER"
)

// The platforms of apps.
const (
	PlatformAndroid = "ANDROID"
	PlatformIOS     = "IOS"
	PlatformFireTV  = "FIRE_TV"
)

// checkSource decides where the action happened. The event's own source takes precedence over
// the mapping's. An invalid one is refused rather than replaced by the mapping's, because
// attribution is split by source and nobody would notice the guess.
//
// The name of an app's platform also means APP: sources written for Amazon's newer contract
// put the platform there, and it takes precedence over the platform field. "mobile" is
// refused, since a phone's browser is mobile too.
func checkSource(ev *schemas.Event, e *entry, out *Conversion) *verdict.Reason {
	given := trim(ev.ActionSource)
	if given == SourceWebsite { // the usual case
		out.ActionSource = SourceWebsite
		return nil
	}
	var buf [maxFolded]byte
	switch string(appendFold(buf[:0], given)) {
	case "":
		if e.actionSource == "" {
			return verdict.CodeActionSourceMissing.Because("action_source is absent and the mapping has none for this event: want WEBSITE or APP")
		}
		out.ActionSource = e.actionSource
	case "website", "web":
		out.ActionSource = SourceWebsite
	case "app", "mobileapp":
		out.ActionSource = SourceApp
	case "offline":
		out.ActionSource = SourceOffline
	case "measurementattributionpartner":
		out.ActionSource = SourcePartner
	default:
		if out.Platform = platform(given); out.Platform == "" {
			return verdict.CodeActionSourceUnknown.Because("action_source is " + quote(given) + ": want WEBSITE or APP")
		}
		out.ActionSource = SourceApp
	}
	if beside := trim(ev.Platform); beside != "" && out.ActionSource == SourceApp && out.Platform == "" {
		if out.Platform = platform(beside); out.Platform == "" {
			out.Warnings.Add(PlatformUnknown)
		}
	}
	return nil
}

// platform returns the platform that a source means, "" for none.
func platform(s string) string {
	var buf [maxFolded]byte
	switch string(appendFold(buf[:0], s)) {
	case "android":
		return PlatformAndroid
	case "ios", "iphone", "ipad":
		return PlatformIOS
	case "firetv":
		return PlatformFireTV
	}
	return ""
}
