package verdict

import (
	"slices"
	"strings"

	"github.com/tracklayer/amazon-capi/internal/setting"
)

// answer is advice for reasons without a code of ours: Amazon's answer, or only a class.
// It applies to a reason that matches all its fields; one without fields applies to its
// whole class.
type answer struct {
	class  Class
	status int
	code   string   // a part of Amazon's code, in capitals
	fields []string // the beginning of the path of Amazon's field, in lower case
	Advice
}

// answers has the more specific advice first: the first that fits applies.
var answers = []answer{{
	class: Rejected, status: 413, code: "CONTENT_TOO_LARGE",
	Advice: Advice{"The event alone is too large for Amazon. Have the source shorten it.", publishAnew},
}, {
	class: Rejected, status: 404,
	Advice: Advice{"Check that the profile exists in this region and that " + setting.Contract.String() + " and " + setting.AmazonURL.String() + " belong together.", redriveEvent},
}, {
	class: Rejected, status: 409,
	Advice: Advice{Mend: "Amazon has something else under this event id. Look whether the source gave one id to two actions; each needs its own."},
}, {
	class: Rejected, code: "USER_INFO", fields: []string{"userinfo", "matchkeys"},
	Advice: Advice{"Check how identifiers are made: email and phone are normalised first and hashed then, a postal code goes with its " +
		"country, and nothing is sent blank. Correct the source or the rule set for identifiers.", redriveOrAnew},
}, {
	class: Rejected, fields: []string{"value", "currencycode"},
	Advice: Advice{"Check the amount and its currency in the source: a plain number, and a code of ISO 4217.", publishAnew},
}, {
	class: Rejected, fields: []string{"timestamp", "eventtime"},
	Advice: Advice{"Check the source's clock and the unit of occurred_at.", publishAnew},
}, {
	class: Rejected, fields: []string{"eventtype", "conversiontype"},
	Advice: Advice{"Amazon does not take the event's type. Where the event brings an event_type, that one wins: correct the source. " +
		"Otherwise correct the type that the mapping file gives its name.", redriveOrAnew},
}, {
	class: Rejected, fields: []string{"eventactionsource", "eventsource"},
	Advice: Advice{"Amazon does not take where the event happened. Where the event brings an action_source, that one wins: correct the source. " +
		"Otherwise correct the one that the mapping file gives its name.", redriveOrAnew},
}, {
	class: Rejected, fields: []string{"name"},
	Advice: Advice{"Check the mapping file for this event name: Amazon does not take the name that it gives.", redriveEvent},
}, {
	class: Rejected, fields: []string{"clickid"},
	Advice: Advice{"Check how the click id is captured: it must be kept as it came with the landing page.", publishAnew},
}, {
	class: Rejected, status: 422,
	Advice: Advice{"Amazon does not take the event's contents. The usual causes are identifiers hashed before they were normalised, a postal code " +
		"without its country, and blank fields. Correct the source.", publishAnew},
}, {
	class: Rejected, status: 400,
	Advice: Advice{"Amazon cannot read the request: check that " + setting.Contract.String() + " is the one your account has access to.", redriveEvent},
}, {
	class: Auth, status: 401,
	Advice: Advice{"Amazon does not take the access token even after a refresh. Check that " + setting.ClientID.String() + ", " + setting.ClientSecret.String() +
		" and " + setting.RefreshToken.String() + " belong to one Login with Amazon client, and authorise it again if need be.", redriveEvents},
}, {
	class: Auth, status: 403,
	Advice: Advice{"The account behind the refresh token may not send for this profile. Check that the profile id is one it can reach, and that " +
		"the app is approved for production use of the Ads API.", redriveEvents},
}, {
	class:  Accepted,
	Advice: Advice{Mend: "Nothing: Amazon has it."},
}, {
	class:  Filtered,
	Advice: Advice{Mend: leftOut},
}, {
	class:  Decode,
	Advice: Advice{writeAvro, sameBytes},
}, {
	class:  Validation,
	Advice: Advice{"Have the source fill in what the message names.", publishAnew},
}, {
	class:  Rejected,
	Advice: Advice{"Amazon refuses the event for good: correct what the message names, in the source or the mapping.", redriveOrAnew},
}, {
	class:  Auth,
	Advice: Advice{"Check the credentials and that their account has access to this profile.", redriveEvents},
}}

var inFlight = Advice{Mend: "No verdict yet: the event is still in flight."}

// fits reports whether the advice applies to the reason. Amazon's field and code come
// from its answer, so their case and their ends are not reliable.
func (a *answer) fits(r *Reason) bool {
	if a.class != r.Class {
		return false
	}
	if a.status == 0 && a.code == "" && a.fields == nil {
		return true
	}
	if a.status != 0 && a.status == r.Status || a.code != "" && strings.Contains(strings.ToUpper(r.Code), a.code) {
		return true
	}
	path := fieldOfEvent(r.Field)
	return slices.ContainsFunc(a.fields, func(f string) bool { return strings.HasPrefix(path, f) })
}

// fieldOfEvent returns the path of an event's field in lower case, without the event's
// position in a request and without the wrappers that events-v1 has around some fields.
func fieldOfEvent(path string) string {
	path = strings.ToLower(path)
	if strings.HasPrefix(path, "events[") {
		_, path, _ = strings.Cut(path, "].")
	}
	return strings.TrimPrefix(path, "eventdescription.")
}
