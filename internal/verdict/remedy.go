package verdict

import "strings"

// advice is what to do about a reason: what to mend, and what to do with the dead
// letters then, which is nothing where it is empty.
type advice struct{ mend, then string }

// What becomes of the letters. A redrive sends the original, byte for byte: it helps
// after a change on this side, and never after one in the source.
const (
	redriveEvent  = "Then redrive the event."
	redriveEvents = "Then redrive the events."
	publishAnew   = "Redrive does not help, as it sends what the source wrote: have the source publish the event anew."
	redriveOrAnew = "Then redrive the event; but after a change in the source have it publish the event anew, as redrive sends what it wrote."
	sameBytes     = "Redrive does not help, as it sends the same bytes: have the event published anew, if it is one."
)

// changedHere are the validation codes that a change of settings, of the mapping or
// of the clock mends; those that are true can be mended in the source as well.
var changedHere = map[string]bool{
	"event_name_unmapped": true, "event_name_invalid": true, "event_type_unknown": true, "profile_id_invalid": true,
	"action_source_missing": true, "action_source_unsupported": false, "conversion_type_unsupported": true, "consent_missing": true,
}

// letterOf is what to do with the letter of an event that a rule refuses.
func letterOf(code string) string {
	switch also, here := changedHere[code]; {
	case !here:
		return publishAnew
	case also:
		return redriveOrAnew
	}
	return redriveEvent
}

// Remedy says what an operator does next about dead letters with that reason, in a
// sentence or two. It follows the troubleshooting of the integration guide, and
// never tells to send an event again before its cause is gone.
func Remedy(r Reason) string {
	a := adviceOf(r)
	if a.then == "" {
		return a.mend
	}
	return a.mend + " " + a.then
}

// Mend is Remedy where there are no dead letters, as of an event that is tried out:
// it does not speak of redriving any.
func Mend(r Reason) string { return adviceOf(r).mend }

func adviceOf(r Reason) advice {
	switch r.Class {
	case Accepted:
		return advice{mend: "Nothing: Amazon has it."}
	case Filtered:
		return advice{mend: filteredMend(r)}
	case Decode:
		return decodeAdvice(r)
	case Validation:
		return validationAdvice(r)
	case Rejected:
		return rejectedAdvice(r)
	case Auth:
		return authAdvice(r)
	}
	return advice{mend: "No verdict yet: the event is still in flight."}
}

func filteredMend(r Reason) string {
	switch r.Code {
	case "consent":
		return "Nothing, if the person refused: their consent does not allow it. " +
			"To send such events without identifiers, use --consent-denied=strip; events-v1 takes none without."
	case "unmapped":
		return "Nothing, if only events that the mapping names are meant. Otherwise add the name to the mapping file, which says unmapped: filter."
	}
	return "Nothing, if the rule is meant: the mapping leaves this event out. Otherwise change it in the mapping file."
}

// decodeMends are by the code.
var decodeMends = map[string]string{
	"tombstone": "Find the producer of the record by its key and headers: it writes null values, which are no events. Have it write Avro, or nothing.",
	"empty":     "Find the producer of the record by its key and headers: it writes empty values, which are no events. Have it write Avro, or nothing.",
	"unknown_schema": "Look which registry the producer of the record registers its Avro schema with: it must be the one of --registry, or copied to it. " +
		"Records of the schema can be read as soon as it is there.",
	"not_avro":        "Find the producer of the record by its key and headers: it writes another format under a schema of its own. Have it write Avro.",
	"bad_schema":      "Have the producer of the record register a schema that other Avro tools can read, too, within the limits that the message names; amazon-capi check --schema tries it.",
	"not_tracklayer":  "Find the producer of the record: its Avro schema is not that of TrackLayer's events (amazon-capi schemas print). Have it use those fields' names, or aliases, or another topic.",
	"invalid_utf8":    "Have the producer of the record write texts as UTF-8 into its Avro.",
	"unexpected_type": "Have the producer of the record write into the Avro field that the message names what the field means, and not another branch of its union.",
	"bad_value":       "Have the producer of the record write times as ISO 8601 with an offset, and amounts as plain numbers, or use Avro's own types for them.",
}

func decodeAdvice(r Reason) advice {
	if r.Code == "not_retained" {
		return advice{mend: "The record is not in Kafka any more: have the source publish the event again, with its event id and time. " +
			"Then make the topic's retention longer than a profile may be held."}
	}
	a := advice{
		mend: "Find the producer of the record by its key and headers: it must write Avro with a schema that is registered " +
			"for this topic, in Confluent's wire format.",
		then: sameBytes,
	}
	if mend := decodeMends[r.Code]; mend != "" {
		a.mend = mend
		if r.Code == "unknown_schema" {
			a.then = redriveEvent
		}
	}
	return a
}

// validationMends are by the code, as far as the field does not say it all.
var validationMends = map[string]string{
	"event_name_missing":        "Have the source name the event: event_name is what the mapping goes by.",
	"event_name_invalid":        "Have the source shorten the event's name to 128 printable characters, or name the event in the mapping file, which then says what Amazon is sent.",
	"event_type_unknown":        "The event's own event_type wins over the mapping: have the source leave it out, or send one that the message names. A type of your own is declared in the mapping file, under types.",
	"event_id_missing":          "Have the source give each action an id of its own, once, and keep it: Amazon removes duplicates by it.",
	"event_id_invalid":          "Have the source make event ids of printable characters without spaces around them. They are not repaired here, since a changed id is another event.",
	"event_id_too_long":         "Have the source make event ids of 512 characters at most. They are not cut here, since a changed id is another event.",
	"profile_id_missing":        "Have the source name the Amazon Ads profile that the event belongs to, in profile_id.",
	"profile_id_invalid":        "Have the source send the profile's id in profile_id as Amazon gives it, in digits, and nothing else. If your ids are others, run with --profile-ids=any.",
	"action_source_missing":     "Have the source say where the action happened, in action_source, such as WEBSITE or APP; or say it in the mapping file, as the action_source of this event's name.",
	"action_source_unknown":     "Have the source send one of the action sources that the message names: an event's own wins over the mapping's, so that no change of the mapping mends it.",
	"action_source_unsupported": "off-amazon-2023-11-13 takes events of sites and apps alone: leave these out by action: filter in the mapping file, or send them with --contract events-v1.",
	"conversion_type_unsupported": "The contract has no such type. If the event brings an event_type of its own, have the source leave it out or send another; " +
		"otherwise give the name another type in the mapping file. --unmapped-type=other sends such events as OTHER.",
	"occurred_at_expired":  "Nothing: Amazon takes no event that old. Look why it came so late.",
	"country_missing":      "Have the source send the country as two letters of ISO 3166: events-v1 takes no event without.",
	"consent_missing":      "Have the source say what the person consented to, or leave such events out with --consent-missing=deny.",
	"platform_missing":     "Have the source send the app's platform: ANDROID, IOS or FIRE_TV.",
	"match_key_missing":    "Have the source send an identifier of the person or the device; a click id is none by this contract.",
	"value_not_finite":     "Have the source send the amount as a number: NaN and infinity are none.",
	"value_negative":       "Have the source send what was paid, which is zero or more: a refund is no purchase, and belongs under another name or nowhere.",
	"value_too_long":       "Have the source send the amount in 64 characters at most.",
	"value_decimals":       "Have the source send the amount with two decimals at most: how it is rounded is for whoever knows what was paid.",
	"currency_unsupported": "Have the source send the amount in a currency that Amazon takes, converted at the rate of the day.",
	"event_too_large":      "Have the source shorten the event: its names and ids are far longer than Amazon takes.",
}

func validationAdvice(r Reason) advice {
	if mend := validationMends[r.Code]; mend != "" {
		if r.Code == "occurred_at_expired" {
			return advice{mend: mend}
		}
		return advice{mend, letterOf(r.Code)}
	}
	switch {
	case strings.HasPrefix(r.Field, "custom_data."):
		return advice{"Have the source send the amount with its ISO 4217 currency; a purchase needs both.", publishAnew}
	case strings.HasPrefix(r.Field, "user_data."):
		return advice{"Have the source send the country as two letters of ISO 3166, always together with a postal code, " +
			"and leave out what it does not know instead of sending it blank.", publishAnew}
	case r.Field == "event_name", r.Field == "event_type", r.Field == "action_source":
		return advice{"Name the event in the mapping file, or have the source use a name that is in it.", redriveOrAnew}
	case r.Field == "occurred_at":
		return advice{"Have the source write the moment of the user's action, in milliseconds; check its unit and its clock.", publishAnew}
	}
	return advice{"Have the source fill in what the message names.", publishAnew}
}

func rejectedAdvice(r Reason) advice {
	switch {
	case r.Code == "exhausted":
		return advice{"Nothing is known to be wrong with the event: Amazon failed, throttled or did not answer until its attempts were used up, " +
			"and --on-exhausted=dead-letter gave it up.",
			"Once the fault that the message names is over, redrive it; " +
				"should Amazon have taken it all the same, it removes the duplicate by the event id."}
	case r.Status == 413, r.Code == "CONTENT_TOO_LARGE":
		return advice{"The event alone is too large for Amazon. Have the source shorten it.", publishAnew}
	case r.Status == 404:
		return advice{"Check that the profile exists in this region and that --contract and --amazon-url belong together.", redriveEvent}
	case r.Status == 409:
		return advice{mend: "Amazon has something else under this event id. Look whether the source gave one id to two actions; each needs its own."}
	}
	field := strings.ToLower(r.Field)
	switch {
	case strings.Contains(field, "userinfo"), strings.Contains(strings.ToUpper(r.Code), "USER_INFO"):
		return advice{"Check how identifiers are made: email and phone are normalised first and hashed then, a postal code goes with its " +
			"country, and nothing is sent blank. Correct the source or the rule set for identifiers.", redriveOrAnew}
	case strings.HasPrefix(field, "value"):
		return advice{"Check the amount and its currency in the source: a plain number, and a code of ISO 4217.", publishAnew}
	case strings.HasPrefix(field, "timestamp"):
		return advice{"Check the source's clock and the unit of occurred_at.", publishAnew}
	case strings.HasPrefix(field, "eventtype"):
		return advice{"Amazon does not take the event's type. Where the event brings an event_type, that one wins: correct the source. " +
			"Otherwise correct the type that the mapping file gives its name.", redriveOrAnew}
	case strings.HasPrefix(field, "eventactionsource"):
		return advice{"Amazon does not take where the event happened. Where the event brings an action_source, that one wins: correct the source. " +
			"Otherwise correct the one that the mapping file gives its name.", redriveOrAnew}
	case strings.HasPrefix(field, "name"):
		return advice{"Check the mapping file for this event name: Amazon does not take the name that it gives.", redriveEvent}
	case strings.HasPrefix(field, "clickid"):
		return advice{"Check how the click id is captured: it must be kept as it came with the landing page.", publishAnew}
	case r.Status == 422:
		return advice{"Amazon does not take the event's contents. The usual causes are identifiers hashed before they were normalised, a postal code " +
			"without its country, and blank fields. Correct the source.", publishAnew}
	case r.Status == 400:
		return advice{"Amazon cannot read the request: check that --contract is the one your account has access to.", redriveEvent}
	}
	return advice{"Amazon refuses the event for good: correct what the message names, in the source or the mapping.", redriveOrAnew}
}

func authAdvice(r Reason) advice {
	if r.Code == "profile_unknown" {
		return advice{"Put the profile into an account of the accounts file, or name a default account there; it is read without a restart. " +
			"If the profile id is wrong, mend the source.", redriveEvents}
	}
	switch r.Status {
	case 401:
		return advice{"Amazon does not take the access token even after a refresh. Check that --client-id, --client-secret and --refresh-token " +
			"belong to one Login with Amazon client, and authorise it again if need be.", redriveEvents}
	case 403:
		return advice{"The account behind the refresh token may not send for this profile. Check that the profile id is one it can reach, and that " +
			"the app is approved for production use of the Ads API.", redriveEvents}
	}
	return advice{"Check the credentials and that their account has access to this profile.", redriveEvents}
}
