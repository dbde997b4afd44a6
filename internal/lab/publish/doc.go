// Package publish publishes samples to brokers that somebody waits in front of: at a
// pace, to a topic that has to be there, and giving up when nothing is acknowledged. The
// samples and their encoding are for package sample. Only the lab's commands and the
// demonstration import it.
package publish
