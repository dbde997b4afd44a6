// Package sample makes TrackLayer events to try the program with: it reads
// those that testdata has, generates as many others as are wanted, breaks some
// in ways that are known, and publishes them. Each sample says what should
// become of it, so that a run can be held to its samples.
//
// Nobody in the samples exists: names are made up, email addresses are in the
// domains that RFC 2606 keeps for examples, and phone numbers in the ranges
// that the countries' regulators keep for fiction.
package sample
