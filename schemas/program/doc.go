// Package program reads the records of one writer's schema as events. Compile finds the
// event's fields in the schema, by their names and by aliases, and makes a program of
// it: a fast one that reads correct records without allocating, with goavro as the judge
// of all others. Package schemas decides where schemas come from and how a record names its
// schema; a program knows no registry.
package program
