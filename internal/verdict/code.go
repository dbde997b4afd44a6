package verdict

import "fmt"

// Code names why this program gives an event a class other than accepted. Metrics,
// dead-letter headers, receipts, tables and documents use its name. The registry has an
// Entry for each; Amazon's own codes are in capitals and are not among these. It is not a
// byte: string(code) would be a character then, and vet would not complain.
type Code uint16

// The codes, in the order of the documents.
const (
	// Of schemas: the record's value cannot be read.
	CodeTombstone       Code = iota + 1 // a null value
	CodeEmpty                           // a value of no bytes
	CodeNoMagic                         // nothing names its schema
	CodeShort                           // ends within what names its schema
	CodeBadHeader                       // the header for the schema's id does not hold one
	CodeBadZlib                         // what is compressed cannot be inflated
	CodeSchemaConflict                  // header and prefix name two schemas
	CodeUnknownSchema                   // the registry has no such schema
	CodeNotAvro                         // its schema or its encoding is JSON or Protobuf
	CodeBadSchema                       // the schema itself cannot be read
	CodeSchemasTooLarge                 // it does not fit in memory with the large ones that are in use
	CodeNotTrackLayer                   // the schema is not one of TrackLayer's events
	CodeBadAlias                        // an alias of the mapping does not fit the schema
	CodeTruncated                       // ends within the record
	CodeCorrupt                         // bytes that the schema does not allow, or that no event has
	CodeTrailingBytes                   // goes on after the record
	CodeInvalidUTF8                     // a text that is not UTF-8
	CodeUnexpectedType                  // a union holds what its field cannot mean
	CodeBadValue                        // a text that is not an instant or amount

	// Of transform: the event breaks a rule, or is filtered.
	CodeEventNameMissing
	CodeEventNameInvalid
	CodeEventNameUnmapped
	CodeEventTypeUnknown
	CodeEventIDMissing
	CodeEventIDInvalid
	CodeEventIDTooLong
	CodeProfileIDMissing
	CodeProfileIDInvalid
	CodeActionSourceMissing
	CodeActionSourceUnknown
	CodeOccurredAtMissing
	CodeOccurredAtTooOld
	CodeOccurredAtAhead
	CodeCountryUnknown
	CodePostalCodeWithoutCountry
	CodeValueMissing
	CodeValueNotFinite
	CodeValueNegative
	CodeValueTooLong
	CodeCurrencyMissing
	CodeCurrencyUnknown
	CodeFilteredByRule
	CodeFilteredUnmapped
	CodeFilteredByConsent

	// Of the consumer: the record was put off and is gone.
	CodeNotRetained

	// Of internal/pipeline/handler: the event is on the list of what must not be sent again.
	CodeErased

	// Of sink/amazon: the contract does not take what the transform lets through.
	CodeOccurredAtExpired
	CodeActionSourceUnsupported
	CodeAnyValueNegative
	CodeAnyCurrencyMissing
	CodeConversionTypeUnsupported
	CodeEventNameForbidden
	CodePlatformMissing
	CodeCountryMissing
	CodeMatchKeyMissing
	CodeValueDecimals
	CodeCurrencyUnsupported
	CodeConsentMissing
	CodeConsentDenied
	CodeEventTooLarge

	// Of sink: the event's attempts are used up.
	CodeExhausted

	// Of accounts: no account has the profile.
	CodeProfileUnknown

	// Of sink/exchange: the event waited while its account's route changed.
	CodeDataSetChanged

	codeCount
)

// Entry is the description of a code.
type Entry struct {
	Code Code
	// By is the package that raises the code, by its path in the module.
	By    string
	Class Class
	Name  string // in lower case; never changed and never reused
	Field string // path of the faulty field in the source event; empty if it is the whole record
	Rule  string // the requirement on the event, in one line
	Advice
	// As is set if another stage requires more of the same field under the same name: the
	// entry has its own Rule and shares the rest of that code.
	As Code
}

// Codes returns the entry of every code, in the order of the documents.
func Codes() []Entry { return append([]Entry(nil), registry[1:]...) }

// CodesBy returns the entries of the codes that a package raises.
func CodesBy(pkg string) (entries []Entry) {
	for _, e := range registry[1:] {
		if e.By == pkg {
			entries = append(entries, e)
		}
	}
	return entries
}

// Entry returns the description of the code.
func (c Code) Entry() Entry {
	if c >= codeCount {
		return Entry{}
	}
	return registry[c]
}

// String returns the code's name, which is used everywhere.
func (c Code) String() string {
	if c == 0 || c >= codeCount {
		return fmt.Sprintf("code(%d)", uint16(c))
	}
	return registry[c].Name
}

// Because returns the reason that the code gives for an event. The message is a sentence
// for whoever fixes the source. It ends up in logs and headers: it must never contain an
// identifier, and values only if they are safe to show.
func (c Code) Because(message string) *Reason {
	e := &registry[c]
	return &Reason{Class: e.Class, Code: e.Name, Field: e.Field, Message: message}
}

// registry has every code's entry at its index.
var registry = register(
	raised{"schemas", decodeCodes},
	raised{"transform", eventCodes},
	raised{"consumer/pump", retentionCodes},
	raised{"sink/amazon", contractCodes},
	raised{"sink", attemptCodes},
	raised{"sink", erasureCodes},
	raised{"internal/accounts", accountCodes},
	raised{"sink/exchange", routeCodes},
)

// raised is a table of what a package raises.
type raised struct {
	by      string
	entries []Entry
}

func register(tables ...raised) (all [codeCount]Entry) {
	for _, t := range tables {
		for _, e := range t.entries {
			if e.As != 0 {
				rule, code, as := e.Rule, e.Code, e.As
				e = all[e.As]
				e.Rule, e.Code, e.As = rule, code, as
			}
			e.By = t.by
			all[e.Code] = e
		}
	}
	return all
}

// byName returns the entry of a reason, which has only the name of its code. Entries of
// one class and name have the same advice, so any of them serves.
var byName = func() map[classAndName]*Entry {
	names := make(map[classAndName]*Entry, codeCount)
	for c := Code(1); c < codeCount; c++ {
		e := &registry[c]
		names[classAndName{e.Class, e.Name}] = e
	}
	return names
}()

type classAndName struct {
	class Class
	name  string
}
