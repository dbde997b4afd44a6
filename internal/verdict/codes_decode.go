package verdict

import "github.com/tracklayer/amazon-capi/internal/setting"

// decodeCodes are raised where a record's value is read.
var decodeCodes = []Entry{{
	Code: CodeTombstone, Class: Decode, Name: "tombstone",
	Rule:   "a record has a value; a null one (a tombstone) is not an event",
	Advice: Advice{"Find the producer of the record by its key and headers: it writes null values, which are no events. Have it write Avro, or nothing.", sameBytes},
}, {
	Code: CodeEmpty, Class: Decode, Name: "empty",
	Rule:   "a value has bytes",
	Advice: Advice{"Find the producer of the record by its key and headers: it writes empty values, which are no events. Have it write Avro, or nothing.", sameBytes},
}, {
	Code: CodeNoMagic, Class: Decode, Name: "no_magic",
	Rule:   "a record names its schema: in a header or a prefix, by Confluent, Apicurio or AWS Glue",
	Advice: Advice{writeAvro, sameBytes},
}, {
	Code: CodeShort, Class: Decode, Name: "short",
	Rule:   "what names the schema is whole: 5 bytes by Confluent, 9 by Apicurio, 18 by AWS Glue",
	Advice: Advice{writeAvro, sameBytes},
}, {
	Code: CodeBadHeader, Class: Decode, Name: "bad_header",
	Rule: "the header that names the schema has one of its forms: a GUID of 17 bytes or an id of 5 by Confluent, an id of 8 by Apicurio",
	Advice: Advice{"Have the producer of the record write the header that the message names in one of its forms, or, if the values have a prefix, " +
		"read that alone (" + setting.SchemaID.String() + " confluent-prefix).", redriveOrAnew},
}, {
	Code: CodeBadZlib, Class: Decode, Name: "bad_zlib",
	Rule:   "what AWS Glue's prefix calls compressed is whole, and inflates to 1 MiB at most",
	Advice: Advice{"Find the producer of the record by its key and headers: what it compresses does not inflate, or to more than an event can have.", sameBytes},
}, {
	Code: CodeSchemaConflict, Class: Decode, Name: "schema_conflict",
	Rule: "header and prefix, where a record has both, name the same schema",
	Advice: Advice{"Have the producer of the record name one schema, or say with " + setting.SchemaID.String() + " whether the header or the prefix counts. " +
		"Records are read as soon as that is set.", redriveOrAnew},
}, {
	Code: CodeUnknownSchema, Class: Decode, Name: "unknown_schema",
	Rule: "the schema is known to the registry; register it and redrive",
	Advice: Advice{"Look which registry the producer of the record registers its Avro schema with: it must be the one of " + setting.Registry.String() + ", or copied to it. " +
		"Records of the schema can be read as soon as it is there.", redriveEvent},
}, {
	Code: CodeNotAvro, Class: Decode, Name: "not_avro",
	Rule:   "the record's schema is an Avro one, not JSON or Protobuf, and so is its encoding",
	Advice: Advice{"Find the producer of the record by its key and headers: it writes another format under a schema of its own. Have it write Avro.", sameBytes},
}, {
	Code: CodeBadSchema, Class: Decode, Name: "bad_schema",
	Rule: "the registry's schema can be read as Avro, with what it refers to in 1 MiB, 20,000 types, fields, branches and symbols, 100 levels, and names of 512 bytes; a mapping's aliases lead to no more than 10,000 of its parts once more",
	Advice: Advice{"Have the producer of the record register a schema that other Avro tools can read, too, within the limits that the message names; " +
		"amazon-capi check " + setting.Schema.String() + " tries it.", sameBytes},
}, {
	Code: CodeSchemasTooLarge, Class: Decode, Name: "schemas_too_large",
	Rule: "the schemas that a topic's records use at the same time fit in the 48 MiB that are kept of them, or each is small: one of events takes 0.1 MiB, one of 20,000 parts 17",
	Advice: Advice{"Have the producers of the topic use one large schema at a time, or smaller ones. " +
		"Records of the schema are read again once the others have not been used for half a minute.", redriveEvent},
}, {
	Code: CodeNotTrackLayer, Class: Decode, Name: "not_tracklayer",
	Rule: "the schema is a record with event_id and event_name at least",
	Advice: Advice{"Find the producer of the record: its Avro schema is not that of TrackLayer's events (amazon-capi schemas print). " +
		"Have it use those fields' names, or aliases, or another topic.", sameBytes},
}, {
	Code: CodeBadAlias, Class: Decode, Name: "bad_alias",
	Rule: "the schema has the fields that the mapping's aliases name, as types that can be read as what they stand for",
	Advice: Advice{"Fix the line of the mapping's fields that the message names (" + setting.Mapping.String() + "); optional: true is for a field that not all schemas have. " +
		"amazon-capi check " + setting.Schema.String() + " tries it with a schema.", redriveEvent},
}, {
	Code: CodeTruncated, Class: Decode, Name: "truncated",
	Rule: "the record is as long as its schema says",
	Advice: Advice{"Find the producer of the record by its key and headers: its Avro ends before the schema that it names does. " +
		"Have it encode with exactly that schema, and look for what cuts records short on their way.", sameBytes},
}, {
	Code: CodeCorrupt, Class: Decode, Name: "corrupt",
	Rule: "the bytes are what the schema allows",
	Advice: Advice{"Find the producer of the record by its key and headers: its Avro does not fit the schema that it names. " +
		"Have it encode with exactly that schema, and look for what changes records on their way.", sameBytes},
}, {
	Code: CodeTrailingBytes, Class: Decode, Name: "trailing_bytes",
	Rule: "nothing follows the record",
	Advice: Advice{"Find the producer of the record by its key and headers: its Avro goes on where the schema that it names ends. " +
		"Have it encode with exactly that schema, one event per record.", sameBytes},
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
	"for this topic, and name it in a header or before the value."

// retentionCodes are raised where records that were put off are read again.
var retentionCodes = []Entry{{
	// Its class is decode: there is nothing left to read.
	Code: CodeNotRetained, Class: Decode, Name: "not_retained",
	Rule: "Kafka keeps a record until its profile can be served again",
	Advice: Advice{Mend: "The record is not in Kafka any more: have the source publish the event again, with its event id and time. " +
		"Then make the topic's retention longer than a profile may be held."},
}}
