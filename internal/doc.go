// Package internal has no code of its own, only packages: pipeline, which puts the stages
// together; what the stages share, such as verdict, health and redact; and what reads
// settings, such as config, accounts and kafka.
//
// Below operate is what operators do, and below lab what stands in for the world. Only
// commands and the lab import those; stages import nothing here but what knows no stage.
package internal
