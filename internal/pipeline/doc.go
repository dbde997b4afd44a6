// Package pipeline puts the stages together in the same way for run, replay, redrives,
// the demo and tests. It owns the order of start-up and shutdown. Rules about events, and
// flags, do not belong here.
package pipeline
