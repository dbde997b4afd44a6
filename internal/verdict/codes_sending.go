package verdict

import "github.com/tracklayer/amazon-capi/internal/setting"

// contractCodes are raised for what a contract refuses although the transform accepts it.
var contractCodes = []Entry{{
	Code: CodeOccurredAtExpired, Class: Validation, Name: "occurred_at_expired", Field: "occurred_at",
	Rule:   "an event is no older than its contract takes: 21 days by events-v1",
	Advice: Advice{Mend: "Nothing: Amazon takes no event that old. Look why it came so late."},
}, {
	Code: CodeActionSourceUnsupported, Class: Validation, Name: "action_source_unsupported", Field: "action_source",
	Rule: "off-amazon-2023-11-13 knows events of sites and apps alone",
	Advice: Advice{"off-amazon-2023-11-13 takes events of sites and apps alone: leave these out by action: filter in the mapping file, " +
		"or send them with " + setting.Contract.String() + " events-v1.", redriveEvent},
}, {
	Code: CodeAnyValueNegative, As: CodeValueNegative,
	Rule: "by off-amazon-2023-11-13 every value is zero or more",
}, {
	Code: CodeAnyCurrencyMissing, As: CodeCurrencyMissing,
	Rule: "by off-amazon-2023-11-13 every value comes with its currency",
}, {
	Code: CodeConversionTypeUnsupported, Class: Validation, Name: "conversion_type_unsupported", Field: "event_type",
	Rule: "events-v1 has a type for it, or " + setting.UnmappedType.With("other"),
	Advice: Advice{"The contract has no such type. If the event brings an event_type of its own, have the source leave it out or send another; " +
		"otherwise give the name another type in the mapping file. " + setting.UnmappedType.With("other") + " sends such events as OTHER.", redriveOrAnew},
}, {
	Code: CodeEventNameForbidden, Class: Validation, Name: "event_name_forbidden", Field: "event_name",
	Rule: "by events-v1 an event's name at Amazon has none of ! @ # $ % ^ & * + = ( ) { } [ ] < > ? \\ / ~ ; and no vertical bar",
	Advice: Advice{"Give the event another name in the mapping file, or have the mapping put another character there, with replace_forbidden; " +
		"or have the source name it otherwise.", redriveOrAnew},
}, {
	Code: CodePlatformMissing, Class: Validation, Name: "platform_missing", Field: "platform",
	Rule:   "by events-v1 an event of an app comes with its platform: ANDROID, IOS or FIRE_TV",
	Advice: Advice{"Have the source send the app's platform: ANDROID, IOS or FIRE_TV.", publishAnew},
}, {
	Code: CodeCountryMissing, Class: Validation, Name: "country_missing", Field: "user_data.country_code",
	Rule:   "by events-v1 every event has a country",
	Advice: Advice{"Have the source send the country as two letters of ISO 3166: events-v1 takes no event without.", publishAnew},
}, {
	Code: CodeMatchKeyMissing, Class: Validation, Name: "match_key_missing", Field: "user_data",
	Rule:   "by events-v1 every event has an identifier of the person or device",
	Advice: Advice{"Have the source send an identifier of the person or the device; this contract does not count a click id as one.", publishAnew},
}, {
	Code: CodeValueDecimals, Class: Validation, Name: "value_decimals", Field: "custom_data.value",
	Rule:   "by events-v1 a value has two decimals at most; it is not rounded",
	Advice: Advice{"Have the source send the amount with two decimals at most: how it is rounded is for whoever knows what was paid.", publishAnew},
}, {
	Code: CodeCurrencyUnsupported, Class: Validation, Name: "currency_unsupported", Field: "custom_data.currency",
	Rule:   "events-v1 takes the currency of a purchase",
	Advice: Advice{"Have the source send the amount in a currency that Amazon takes, converted at the rate of the day.", publishAnew},
}, {
	Code: CodeConsentMissing, Class: Validation, Name: "consent_missing", Field: "consent",
	Rule: "by events-v1 an event from the EU, the EEA or the UK says what the person consented to, unless " + setting.ConsentMissing.With("deny"),
	Advice: Advice{"Have the source say what the person consented to, or leave such events out with " + setting.ConsentMissing.With("deny") + ".",
		redriveOrAnew},
}, {
	Code: CodeConsentDenied, As: CodeFilteredByConsent,
	Rule: "by events-v1, which takes no event without identifiers: consent to send them is denied, or missing with " + setting.ConsentMissing.With("deny"),
}, {
	Code: CodeEventTooLarge, Class: Validation, Name: "event_too_large",
	Rule:   "an event, as Amazon is sent it, is no larger than the contract allows",
	Advice: Advice{"Have the source shorten the event: its names and ids are far longer than Amazon takes.", publishAnew},
}}

// attemptCodes are raised for events whose attempts are used up.
var attemptCodes = []Entry{{
	// Its class is rejected: Amazon's side did not accept the event, and no other class
	// says that. The code distinguishes it from events that Amazon has examined.
	Code: CodeExhausted, Class: Rejected, Name: "exhausted",
	Rule: "only with " + setting.OnExhausted.With("dead-letter") + ": timeouts, 429 or 5xx used up the event's attempts; nothing is known to be wrong with it",
	Advice: Advice{"Nothing is known to be wrong with the event: Amazon failed, throttled or did not answer until its attempts were used up, " +
		"and " + setting.OnExhausted.With("dead-letter") + " gave it up.",
		"Once the fault that the message names is over, redrive it; should Amazon have taken it all the same, it removes the duplicate by the event id."},
}}

// accountCodes are raised where a profile's account is looked up.
var accountCodes = []Entry{{
	Code: CodeProfileUnknown, Class: Auth, Name: "profile_unknown", Field: "profile_id",
	Rule: "with " + setting.Accounts.String() + ", an account names the profile, or one is the default",
	Advice: Advice{"Put the profile into an account of the accounts file, or name a default account there; it is read without a restart. " +
		"If the profile id is wrong, fix the source.", redriveEvents},
}}

// routeCodes are raised for events whose route has changed since they were encoded.
var routeCodes = []Entry{{
	Code: CodeDataSetChanged, Class: Auth, Name: "data_set_changed", Field: "profile_id",
	Rule:   "an account that is sent to by an API token keeps its data set (data_set_id) while events wait",
	Advice: Advice{"Nothing: the account has another data set (data_set_id) than when the event was encoded.", redriveEvents},
}}
