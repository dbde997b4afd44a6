// Package avro knows the Avro language: it parses writers' schemas into types,
// checks that a record's bytes follow one, and reads the header by which a record
// names its schema, all within bounds, since strangers choose both. The .avsc files
// of TrackLayer's events lie here too. What a field means to TrackLayer, and every
// request to a registry, belongs elsewhere.
package avro
