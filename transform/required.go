package transform

import (
	"fmt"

	"github.com/tracklayer/amazon-capi/internal/verdict"
)

// maxEventID is in characters. Amazon publishes no limit; what is longer is a bug
// of the source, and it would be a header of every dead letter.
const maxEventID = 512

// checkEventID takes an id as it is or not at all. Trimming it would make two ids
// one, or one action two beside a browser tag that did not trim, and both end in
// money counted wrong.
func checkEventID(id string, out *Conversion) *verdict.Reason {
	switch trimmed := trim(id); {
	case trimmed == "":
		return eventIDMissing.because("event_id is absent or blank: want the id that the source gave the action, the same on every retry")
	case longerThan(id, maxEventID):
		return eventIDTooLong.because(fmt.Sprintf("event_id has %d bytes: want at most %d characters", len(id), maxEventID))
	case trimmed != id:
		return eventIDInvalid.because("event_id has blanks at its beginning or end: want it without")
	case !printable(id):
		return eventIDInvalid.because("event_id has control characters or is no valid UTF-8: want printable text")
	}
	out.EventID = id
	return nil
}

// checkProfileID takes a profile id as it is or not at all, too: a profile nearly
// right is another advertiser's.
func checkProfileID(id string, out *Conversion) *verdict.Reason {
	switch {
	case trim(id) == "":
		return profileIDMissing.because("profile_id is absent or blank: want the id of the Amazon Ads profile")
	case !ValidProfileID(id):
		return profileIDInvalid.because("profile_id has blanks, other characters or too many: want 1 to 64 of A-Z a-z 0-9 . _ -")
	}
	out.ProfileID = id
	return nil
}

// The two action sources of the contract.
const (
	sourceWebsite = "WEBSITE"
	sourceApp     = "APP"
)

// checkSource decides where the action happened. A source that the event names
// wins over the mapping's; one that it names wrongly is refused and not replaced
// by the mapping's, because attribution splits on it and a guess is not seen.
func checkSource(given string, e *entry, out *Conversion) *verdict.Reason {
	given = trim(given)
	if given == "" {
		if e.actionSource == "" {
			return actionSourceMissing.because("action_source is absent and the mapping has none for this event: want WEBSITE or APP")
		}
		out.ActionSource = e.actionSource
		return nil
	}
	var buf [maxFolded]byte
	switch string(appendFold(buf[:0], given)) {
	case "website", "web":
		out.ActionSource = sourceWebsite
	// A platform of an app is an app: sources that also speak Amazon's newer
	// contract write the platform here. "mobile" is not taken, since a phone's
	// browser is mobile too.
	case "app", "mobileapp", "ios", "android", "firetv":
		out.ActionSource = sourceApp
	default:
		return actionSourceUnknown.because("action_source is " + quote(given) + ": want WEBSITE or APP")
	}
	return nil
}
