package amazon

import "strings"

// amazonFields are the contracts' names for the parts of an event, without those that
// are also common words.
var amazonFields = map[string]bool{
	"eventType": true, "eventActionSource": true, "timestamp": true, "clickId": true, "eventId": true,
	"userInfo": true, "hashedEmail": true, "hashedPhone": true, "madid": true, "countryCode": true, "postalCode": true,
	"amount": true, "currencyCode": true,
	"eventDescription": true, "conversionType": true, "eventSource": true, "eventIngestionMethod": true, "eventTime": true,
	"matchKeys": true, "unitsSold": true, "customData": true, "dataProcessingOptions": true, "deviceInfo": true,
	"arefMeasurementTokens": true, "amazonAdEventKey": true, "amazonConsent": true,
}

// fieldNamed returns the first field of an event that a message names; empty if it names
// none. A refusal of a whole request names the field only in its text, and operators
// count refusals by field.
func fieldNamed(message string) string {
	isPath := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '.' || r == '[' || r == ']' || r == '_'
	}
	for _, word := range strings.FieldsFunc(message, func(r rune) bool { return !isPath(r) }) {
		path := withoutPlace(strings.Trim(word, ".[]"))
		first, _, _ := strings.Cut(path, ".")
		first, _, _ = strings.Cut(first, "[")
		last := path[strings.LastIndexByte(path, '.')+1:]
		if amazonFields[first] || amazonFields[last] {
			return path
		}
	}
	return ""
}

// withoutPlace removes an event's position in a batch from a field's path. The position
// means nothing once the batch is gone, and would count equal faults separately.
func withoutPlace(path string) string {
	if rest, ok := strings.CutPrefix(path, "events["); ok {
		if _, path, ok := strings.Cut(rest, "]"); ok {
			return strings.TrimPrefix(path, ".")
		}
	}
	return path
}
