// Package publish publishes samples to brokers that somebody waits in front of: at a
// pace, to a topic that has to be there, and giving up when nothing is acknowledged. Only
// the lab's commands import it.
package publish
