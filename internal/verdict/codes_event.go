package verdict

import "github.com/tracklayer/amazon-capi/internal/setting"

// eventCodes are raised by the rules for events, whatever the contract.
var eventCodes = []Entry{{
	Code: CodeEventNameMissing, Class: Validation, Name: "event_name_missing", Field: "event_name",
	Rule:   "every event has a name",
	Advice: Advice{"Have the source name the event: event_name is what the mapping goes by.", publishAnew},
}, {
	Code: CodeEventNameInvalid, Class: Validation, Name: "event_name_invalid", Field: "event_name",
	Rule:   "a name that is sent as it came has at most 256 printable characters",
	Advice: Advice{"Have the source shorten the event's name to 256 printable characters, or name the event in the mapping file, which then says what Amazon is sent.", redriveOrAnew},
}, {
	Code: CodeEventNameUnmapped, Class: Validation, Name: "event_name_unmapped", Field: "event_name",
	Rule:   "the mapping knows the name, or the event brings an event_type that it knows",
	Advice: Advice{"Name the event in the mapping file, or have the source use a name that is in it.", redriveOrAnew},
}, {
	Code: CodeEventTypeUnknown, Class: Validation, Name: "event_type_unknown", Field: "event_type",
	Rule: "an event_type, where there is one, is a type of Amazon's or one that the mapping declares under types",
	Advice: Advice{"The event's own event_type wins over the mapping: have the source leave it out, or send one that the message names. " +
		"A type of your own is declared in the mapping file, under types.", redriveOrAnew},
}, {
	Code: CodeEventIDMissing, Class: Validation, Name: "event_id_missing", Field: "event_id",
	Rule:   "every event has an id, since Amazon removes duplicates by it",
	Advice: Advice{"Have the source give each action an id of its own, once, and keep it: Amazon removes duplicates by it.", publishAnew},
}, {
	Code: CodeEventIDInvalid, Class: Validation, Name: "event_id_invalid", Field: "event_id",
	Rule:   "an id is printable text without spaces around it; it is never repaired, since a changed id is another event",
	Advice: Advice{"Have the source make event ids of printable characters without spaces around them. They are not repaired here, since a changed id is another event.", publishAnew},
}, {
	Code: CodeEventIDTooLong, Class: Validation, Name: "event_id_too_long", Field: "event_id",
	Rule:   "an id has at most 512 characters",
	Advice: Advice{"Have the source make event ids of 512 characters at most. They are not cut here, since a changed id is another event.", publishAnew},
}, {
	Code: CodeProfileIDMissing, Class: Validation, Name: "profile_id_missing", Field: "profile_id",
	Rule:   "every event names the Amazon Ads profile it belongs to",
	Advice: Advice{"Have the source name the Amazon Ads profile that the event belongs to, in profile_id.", publishAnew},
}, {
	Code: CodeProfileIDInvalid, Class: Validation, Name: "profile_id_invalid", Field: "profile_id",
	Rule: "a profile id is digits, or with " + setting.ProfileIDs.With("any") + " 1 to 64 of A-Z a-z 0-9 . _ -",
	Advice: Advice{"Have the source send the profile's id in profile_id as Amazon gives it, in digits, and nothing else. " +
		"If your ids are others, run with " + setting.ProfileIDs.With("any") + ".", redriveOrAnew},
}, {
	Code: CodeActionSourceMissing, Class: Validation, Name: "action_source_missing", Field: "action_source",
	Rule: "every event says where it happened, such as WEBSITE or APP, or the mapping says it for its name",
	Advice: Advice{"Have the source say where the action happened, in action_source, such as WEBSITE or APP; " +
		"or say it in the mapping file, as the action_source of this event's name.", redriveOrAnew},
}, {
	Code: CodeActionSourceUnknown, Class: Validation, Name: "action_source_unknown", Field: "action_source",
	Rule: "an action source is WEBSITE, APP (or its platform), OFFLINE or MEASUREMENT_ATTRIBUTION_PARTNER",
	Advice: Advice{"Have the source send one of the action sources that the message names: an event's own wins over the mapping's, " +
		"so that no change of the mapping fixes it.", publishAnew},
}, {
	Code: CodeOccurredAtMissing, Class: Validation, Name: "occurred_at_missing", Field: "occurred_at",
	Rule:   "every event has the time of the user's action, in milliseconds since 1970",
	Advice: Advice{"Have the source write the moment of the user's action into occurred_at, in milliseconds since 1970.", publishAnew},
}, {
	Code: CodeOccurredAtTooOld, Class: Validation, Name: "occurred_at_too_old", Field: "occurred_at",
	Rule:   "no event is from before the year 2000; one from 1970 was written in seconds",
	Advice: Advice{"Have the source write the moment of the user's action in milliseconds: the message says if it looks like another unit. Otherwise check the source's clock.", publishAnew},
}, {
	Code: CodeOccurredAtAhead, Class: Validation, Name: "occurred_at_ahead", Field: "occurred_at",
	Rule:   "an event is at most ten minutes ahead of the clock, or as much as is set",
	Advice: Advice{"Check this host's clock first, as every event is measured by it. If it is right, check the source's clock, and that it writes the moment of the user's action in milliseconds.", redriveOrAnew},
}, {
	Code: CodeCountryUnknown, Class: Validation, Name: "country_unknown", Field: "user_data.country_code",
	Rule: "a country is two letters of ISO 3166-1",
	Advice: Advice{"Have the source send the country as two letters of ISO 3166-1, such as GB for the United Kingdom, " +
		"and leave it out together with the postal code where it does not know it.", publishAnew},
}, {
	Code: CodePostalCodeWithoutCountry, Class: Validation, Name: "postal_code_without_country", Field: "user_data.country_code",
	Rule:   "a postal code comes with its country",
	Advice: Advice{"Have the source send the country, as two letters of ISO 3166-1, wherever it sends a postal code, or leave out both.", publishAnew},
}, {
	Code: CodeValueMissing, Class: Validation, Name: "value_missing", Field: "custom_data.value",
	Rule:   "a purchase has a value, and so has any event for which the mapping asks one",
	Advice: Advice{"Have the source send the amount with its ISO 4217 currency; a purchase needs both.", publishAnew},
}, {
	Code: CodeValueNotFinite, Class: Validation, Name: "value_not_finite", Field: "custom_data.value",
	Rule:   "a value is a number, not NaN and not infinite",
	Advice: Advice{"Have the source send the amount as a number: NaN and infinity are not numbers.", publishAnew},
}, {
	Code: CodeValueNegative, Class: Validation, Name: "value_negative", Field: "custom_data.value",
	Rule:   "a purchase's value is zero or more",
	Advice: Advice{"Have the source send what was paid, which is zero or more: a refund is not a purchase, and belongs under another name or nowhere.", publishAnew},
}, {
	Code: CodeValueTooLong, Class: Validation, Name: "value_too_long", Field: "custom_data.value",
	Rule:   "a value is written in at most 64 characters",
	Advice: Advice{"Have the source send the amount in 64 characters at most.", publishAnew},
}, {
	Code: CodeCurrencyMissing, Class: Validation, Name: "currency_missing", Field: "custom_data.currency",
	Rule:   "a purchase's value comes with its currency",
	Advice: Advice{"Have the source send the currency of the amount, as three letters of ISO 4217: it is never guessed.", publishAnew},
}, {
	Code: CodeCurrencyUnknown, Class: Validation, Name: "currency_unknown", Field: "custom_data.currency",
	Rule:   "a currency is three letters of ISO 4217",
	Advice: Advice{"Have the source send a currency that is in use, as three letters of ISO 4217, such as EUR: neither a sign nor a historic code is one.", publishAnew},
}, {
	Code: CodeFilteredByRule, Class: Filtered, Name: "rule", Field: "event_name",
	Rule:   "the mapping says action: filter for this name",
	Advice: Advice{Mend: leftOut},
}, {
	Code: CodeFilteredUnmapped, Class: Filtered, Name: "unmapped", Field: "event_name",
	Rule:   "the mapping does not know the name and says unmapped: filter",
	Advice: Advice{Mend: "Nothing, if only events that the mapping names are meant. Otherwise add the name to the mapping file, which says unmapped: filter."},
}, {
	Code: CodeFilteredByConsent, Class: Filtered, Name: "consent", Field: "consent",
	Rule: "consent is denied and " + setting.ConsentDenied.String() + " is filter; the field is the consent at fault",
	Advice: Advice{Mend: "Nothing, if the person refused: their consent does not allow it. " +
		"To send such events without identifiers, use " + setting.ConsentDenied.With("strip") + "; events-v1 takes none without."},
}}

// erasureCodes are raised before an event is looked at, and again before it is sent.
var erasureCodes = []Entry{{
	Code: CodeErased, Class: Filtered, Name: "erased", Field: "event_id",
	Rule:   "the event is not on the list of erased events (" + setting.ErasureTopic.String() + ")",
	Advice: Advice{Mend: "Nothing: somebody had the event erased, and it is never sent again. What still holds it, and how to remove it, is said by erase."},
}}

const leftOut = "Nothing, if the rule is meant: the mapping leaves this event out. Otherwise change it in the mapping file."
