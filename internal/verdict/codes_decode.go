package verdict

import "github.com/tracklayer/amazon-capi/internal/setting"

// decodeCodes are raised where a record's value is read.
var decodeCodes = []Entry{{
	Code: CodeTombstone, Class: Decode, Name: "tombstone",
	Rule:   "a record has a value; a null one (a tombstone) is no event",
	Advice: Advice{"Find the producer of the record by its key and headers: it writes null values, which are no events. Have it write Avro, or nothing.", sameBytes},
}, {
	Code: CodeEmpty, Class: Decode, Name: "empty",
	Rule:   "a value has bytes",
	Advice: Advice{"Find the producer of the record by its key and headers: it writes empty values, which are no events. Have it write Avro, or nothing.", sameBytes},
}, {
	Code: CodeNoMagic, Class: Decode, Name: "no_magic",
	Rule:   "a value begins with Confluent's header: a zero byte and the schema's id",
	Advice: Advice{writeAvro, sameBytes},
}, {
	Code: CodeShort, Class: Decode, Name: "short",
	Rule:   "the header is five bytes long",
	Advice: Advice{writeAvro, sameBytes},
}, {
	Code: CodeUnknownSchema, Class: Decode, Name: "unknown_schema",
	Rule: "the schema's id is known to the registry; register it and redrive",
	Advice: Advice{"Look which registry the producer of the record registers its Avro schema with: it must be the one of " + setting.Registry.String() + ", or copied to it. " +
		"Records of the schema can be read as soon as it is there.", redriveEvent},
}, {
	Code: CodeNotAvro, Class: Decode, Name: "not_avro",
	Rule:   "the id names an Avro schema, not JSON or Protobuf",
	Advice: Advice{"Find the producer of the record by its key and headers: it writes another format under a schema of its own. Have it write Avro.", sameBytes},
}, {
	Code: CodeBadSchema, Class: Decode, Name: "bad_schema",
	Rule: "the registry's schema can be read as Avro, with what it refers to in 1 MiB, 20,000 types, fields, branches and symbols, 100 levels, and names of 512 bytes",
	Advice: Advice{"Have the producer of the record register a schema that other Avro tools can read, too, within the limits that the message names; " +
		"amazon-capi check " + setting.Schema.String() + " tries it.", sameBytes},
}, {
	Code: CodeNotTrackLayer, Class: Decode, Name: "not_tracklayer",
	Rule: "the schema is a record with event_id and event_name at least",
	Advice: Advice{"Find the producer of the record: its Avro schema is not that of TrackLayer's events (amazon-capi schemas print). " +
		"Have it use those fields' names, or aliases, or another topic.", sameBytes},
}, {
	Code: CodeTruncated, Class: Decode, Name: "truncated",
	Rule: "the record is as long as its schema says",
	Advice: Advice{"Find the producer of the record by its key and headers: its Avro ends before the schema whose id it names does. " +
		"Have it encode with that very schema, and look for what cuts records short on their way.", sameBytes},
}, {
	Code: CodeCorrupt, Class: Decode, Name: "corrupt",
	Rule: "the bytes are what the schema allows",
	Advice: Advice{"Find the producer of the record by its key and headers: its Avro does not fit the schema whose id it names. " +
		"Have it encode with that very schema, and look for what changes records on their way.", sameBytes},
}, {
	Code: CodeTrailingBytes, Class: Decode, Name: "trailing_bytes",
	Rule: "nothing follows the record",
	Advice: Advice{"Find the producer of the record by its key and headers: its Avro goes on where the schema whose id it names ends. " +
		"Have it encode with that very schema, one event to a record.", sameBytes},
}, {
	Code: CodeInvalidUTF8, Class: Decode, Name: "invalid_utf8",
	Rule:   "texts are UTF-8",
	Advice: Advice{"Have the producer of the record write texts as UTF-8 into its Avro.", sameBytes},
}, {
	Code: CodeUnexpectedType, Class: Decode, Name: "unexpected_type",
	Rule:   "a union holds something that its field can mean",
	Advice: Advice{"Have the producer of the record write into the Avro field that the message names what the field means, and not another branch of its union.", sameBytes},
}, {
	Code: CodeBadValue, Class: Decode, Name: "bad_value",
	Rule: "a text for a time is ISO 8601 with an offset from UTC, one for an amount is a number",
	Advice: Advice{"Have the producer of the record write times as ISO 8601 with an offset, and amounts as plain numbers, " +
		"or use Avro's own types for them.", sameBytes},
}}

const writeAvro = "Find the producer of the record by its key and headers: it must write Avro with a schema that is registered " +
	"for this topic, in Confluent's wire format."

// retentionCodes are raised where records that were put off are read again.
var retentionCodes = []Entry{{
	// Its class is decode: there is nothing left to read.
	Code: CodeNotRetained, Class: Decode, Name: "not_retained",
	Rule: "Kafka keeps a record for longer than its profile cannot be sent",
	Advice: Advice{Mend: "The record is not in Kafka any more: have the source publish the event again, with its event id and time. " +
		"Then make the topic's retention longer than a profile may be held."},
}}
