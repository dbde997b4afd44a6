// Package avro implements the Avro language: it parses writers' schemas into types,
// checks that a record's bytes follow one, and reads the header by which a record names
// its schema, all within bounds, because both come from outside. The .avsc files of
// TrackLayer's events are here, too. What a field means to TrackLayer, and every request
// to a registry, belongs elsewhere.
package avro
