// Command amazon-capi carries TrackLayer conversions from Kafka to Amazon Ads.
//
// This package has a file per command, which parses, wires and prints; those that need no
// real world are in package lab below. What a test would want without a command line
// belongs to internal/operate or internal/lab, what several commands share to
// internal/cli, and settings to internal/config.
package main
