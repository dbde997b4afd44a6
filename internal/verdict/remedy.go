package verdict

import "strings"

// Remedy says what an operator does next about events with that reason, in a
// sentence or two. It follows the troubleshooting of the integration guide, and
// never tells to send an event again before its cause is gone.
func Remedy(r Reason) string {
	switch r.Class {
	case Accepted:
		return "Nothing: Amazon has it."
	case Filtered:
		return filteredRemedy(r)
	case Decode:
		if r.Code == "not_retained" {
			return "The record is not in Kafka any more: have the source publish the event again, with its event id and time. " +
				"Then make the topic's retention longer than a profile may be held."
		}
		return "Find the producer of the record by its key and headers: it must write Avro with a schema that is registered " +
			"for this topic, in Confluent's wire format. Redrive does not help before the bytes are right."
	case Validation:
		return validationRemedy(r)
	case Rejected:
		return rejectedRemedy(r)
	case Auth:
		return authRemedy(r)
	}
	return "No verdict yet: the event is still in flight."
}

func filteredRemedy(r Reason) string {
	if r.Code == "consent" {
		return "Nothing, if the person refused: their consent does not allow it. " +
			"To send such events without identifiers, use --consent-denied=strip; events-v1 takes none without."
	}
	return "Nothing, if the rule is meant: the mapping leaves this event out. Otherwise change it in the mapping file."
}

func validationRemedy(r Reason) string {
	switch {
	case r.Code == "occurred_at_expired":
		return "Nothing: Amazon takes no event that old. Look why it came so late."
	case r.Code == "consent_missing":
		return "Have the source say what the person consented to, or leave such events out with --consent-missing=deny. Then redrive the event."
	case r.Code == "platform_missing":
		return "Have the source send the app's platform: ANDROID, IOS or FIRE_TV. Then redrive the event."
	case r.Code == "match_key_missing":
		return "Have the source send an identifier of the person or the device; a click id is none by this contract. Then redrive the event."
	case r.Code == "value_decimals":
		return "Have the source send the amount with two decimals at most: how it is rounded is for whoever knows what was paid. Then redrive the event."
	case r.Code == "currency_unsupported":
		return "Have the source send the amount in a currency that Amazon takes, converted at the rate of the day. Then redrive the event."
	case r.Code == "event_too_large":
		return "Have the source shorten the event: its names and ids are far longer than Amazon takes. Then redrive it."
	case strings.HasPrefix(r.Field, "custom_data."):
		return "Have the source send the amount with its ISO 4217 currency; a purchase needs both. Then redrive the event."
	case strings.HasPrefix(r.Field, "user_data."):
		return "Have the source send the country as two letters of ISO 3166, always together with a postal code, " +
			"and leave out what it does not know instead of sending it blank. Then redrive the event."
	case r.Field == "event_name", r.Field == "event_type", r.Field == "action_source":
		return "Name the event in the mapping file, or have the source use a name that is in it. Then redrive the event."
	case r.Field == "occurred_at":
		return "Have the source write the moment of the user's action, in milliseconds; " +
			"check its unit and its clock. Then redrive the event."
	}
	return "Have the source fill in what the message names. Redrive the event once it is right."
}

func rejectedRemedy(r Reason) string {
	switch {
	case r.Code == "exhausted":
		return "Nothing is known to be wrong with the event: Amazon failed, throttled or did not answer until its attempts were used up, " +
			"and --on-exhausted=dead-letter gave it up. Once the fault that the message names is over, redrive it; " +
			"should Amazon have taken it all the same, it removes the duplicate by the event id."
	case r.Status == 413, r.Code == "CONTENT_TOO_LARGE":
		return "The event alone is too large for Amazon. Have the source shorten it, then redrive it."
	case r.Status == 404:
		return "Check that the profile exists in this region and that --contract and --amazon-url belong together. Then redrive the event."
	case r.Status == 409:
		return "Amazon has something else under this event id. Look whether the source gave one id to two actions; each needs its own."
	}
	field := strings.ToLower(r.Field)
	switch {
	case strings.Contains(field, "userinfo"), strings.Contains(strings.ToUpper(r.Code), "USER_INFO"):
		return "Check how identifiers are made: email and phone are normalised first and hashed then, a postal code goes with its " +
			"country, and nothing is sent blank. Correct the source or the rule set for identifiers, then redrive the event."
	case strings.HasPrefix(field, "value"):
		return "Check the amount and its currency in the source: a plain number, and a code of ISO 4217. Then redrive the event."
	case strings.HasPrefix(field, "timestamp"):
		return "Check the source's clock and the unit of occurred_at. Then redrive the event."
	case strings.HasPrefix(field, "name"), strings.HasPrefix(field, "eventtype"), strings.HasPrefix(field, "eventactionsource"):
		return "Check the mapping file for this event name: Amazon does not take the name, type or source it gives. Then redrive the event."
	case strings.HasPrefix(field, "clickid"):
		return "Check how the click id is captured: it must be kept as it came with the landing page. Then redrive the event."
	case r.Status == 422:
		return "Amazon does not take the event's contents. The usual causes are identifiers hashed before they were normalised, a postal code " +
			"without its country, and blank fields. Correct the source, then redrive the event."
	case r.Status == 400:
		return "Amazon cannot read the request: check that --contract is the one your account has access to. Then redrive the event."
	}
	return "Amazon refuses the event for good: correct what the message names, in the source or the mapping. Redrive it afterwards, not before."
}

func authRemedy(r Reason) string {
	if r.Code == "profile_unknown" {
		return "Put the profile into an account of the accounts file, or name a default account there; it is read without a restart. " +
			"If the profile id is wrong, mend the source. Then redrive the events."
	}
	switch r.Status {
	case 401:
		return "Amazon does not take the access token even after a refresh. Check that --client-id, --client-secret and --refresh-token " +
			"belong to one Login with Amazon client, authorise it again if need be, then redrive the events."
	case 403:
		return "The account behind the refresh token may not send for this profile. Check that the profile id is one it can reach, and that " +
			"the app is approved for production use of the Ads API. Then redrive the events."
	}
	return "Check the credentials and that their account has access to this profile. Then redrive the events."
}
