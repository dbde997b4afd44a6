// Package lab has no code of its own: the packages below it stand in for the world, or try
// the program out in it. There are brokers, a registry and an Amazon to run against, events
// and shops to make some, and what proves delivery: e2e, sim, chaos, mutate and bench.
//
// They may import everything. Of the rest only tests import them, and the commands that
// need no real world.
package lab
